"""The command line: exit codes, one-line errors, resuming, mirrored outputs."""

from __future__ import annotations

import json
import re
import shutil

import numpy as np
import pytest

from emofuse.analysis import AnalysisInterrupted
from emofuse.cli.app import json_to_stdout_by_default
from emofuse.media import write_example, write_wav


@pytest.fixture(scope="module")
def voice(tmp_path_factory):
    """A short noise recording: readable, and nobody speaks."""
    path = tmp_path_factory.mktemp("voice") / "noise.wav"
    noise = np.random.default_rng(0).normal(0, 0.05, 40_000).astype(np.float32)
    write_wav(path, noise, sample_rate=16_000)
    return path


def test_a_folder_is_mirrored_and_one_bad_file_does_not_stop_the_rest(run, voice, tmp_path):
    talks = tmp_path / "talks"
    (talks / "deep").mkdir(parents=True)
    shutil.copy(voice, talks / "a.wav")
    shutil.copy(voice, talks / "deep" / "b.wav")
    (talks / "broken.mp4").write_text("this is no video")
    code, out, err = run("analyse", talks, "--out", tmp_path / "out", "--json", tmp_path / "t.json")
    assert code == 2
    made = sorted(str(p.relative_to(tmp_path / "out")) for p in (tmp_path / "out").rglob("*.json"))
    assert made == ["talks/a.json", "talks/deep/b.json"]
    (line,) = [line for line in (out + err).splitlines() if "error:" in line]
    assert "broken.mp4" in line and ";" in line
    rows = json.loads((tmp_path / "t.json").read_text())
    assert {row["file"]: row["status"] for row in rows} == {
        "a.wav": "done",
        "b.wav": "done",
        "broken.mp4": "failed",
    }


def test_a_half_done_folder_is_resumed_not_redone(run, voice, tmp_path, monkeypatch):
    shutil.copy(voice, tmp_path / "a.wav")
    out = tmp_path / "out"
    assert run("analyse", tmp_path / "a.wav", "--out", out)[0] == 0
    first = (out / "a.json").stat().st_mtime_ns
    shutil.copy(voice, tmp_path / "b.wav")
    code, _, _ = run(
        "analyse", tmp_path / "a.wav", tmp_path / "b.wav", "-o", out, "--json", tmp_path / "t"
    )
    rows = json.loads((tmp_path / "t").read_text())
    assert code == 0
    assert {row["file"]: row["status"] for row in rows} == {"a.wav": "kept", "b.wav": "done"}
    assert (out / "a.json").stat().st_mtime_ns == first
    # A damaged output, other settings or a torn manifest line are all noticed.
    (out / "a.json").write_text("{}")
    with open(out / "emofuse-run.jsonl", "a") as file:
        file.write('{"settings": {"emof')
    run("analyse", tmp_path / "a.wav", tmp_path / "b.wav", "-o", out, "--json", tmp_path / "t")
    rows = json.loads((tmp_path / "t").read_text())
    assert {row["file"]: row["status"] for row in rows} == {"a.wav": "done", "b.wav": "kept"}
    run("analyse", tmp_path / "b.wav", "-o", out, "--window", "1", "--json", tmp_path / "t")
    assert json.loads((tmp_path / "t").read_text())[0]["status"] == "done"


def test_several_processes_give_the_same_files(run, voice, tmp_path):
    for name in "abc":
        shutil.copy(voice, tmp_path / f"{name}.wav")
    files = sorted(tmp_path.glob("*.wav"))
    assert run("analyse", *files, "--out", tmp_path / "one", "-q")[0] == 0
    assert run("analyse", *files, "--out", tmp_path / "two", "-q", "--jobs", "2")[0] == 0
    for name in "abc":
        assert (tmp_path / "one" / f"{name}.json").read_bytes() == (
            tmp_path / "two" / f"{name}.json"
        ).read_bytes()


def test_json_on_stdout_is_a_whole_timeline(run, voice):
    code, out, _ = run("analyse", voice, "--format", "json", "--out", "-")
    assert code == 0
    assert json.loads(out)["source"]["name"] == "noise.wav"


def test_a_file_in_the_place_of_the_output_folder_is_one_line(run, voice, tmp_path):
    (tmp_path / "out").write_text("in the way")
    code, _, err = run("analyse", voice, "--out", tmp_path / "out", "-q")
    assert code == 2
    assert re.fullmatch(r"error: .*out: .*; .*\n", err)


def test_a_full_disk_is_one_line_and_leaves_nothing_half_written(run, voice, tmp_path, monkeypatch):
    import emofuse.scale.batch as batch

    def full(timeline, path, **_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(batch, "save", full)
    code, out, err = run("analyse", voice, "--out", tmp_path / "out")
    assert code == 2 and "No space left" in out + err
    assert not list((tmp_path / "out").rglob("noise*"))


def test_ctrl_c_keeps_what_was_done_and_marks_it(run, tmp_path, monkeypatch):
    import emofuse.analysis.run as analysis_run

    clip = write_example(tmp_path / "clip.mp4")
    feed, fed = analysis_run._Run._feed, []

    def interrupted(self, item):
        fed.append(item)
        if len(fed) > 30:
            raise KeyboardInterrupt
        feed(self, item)

    monkeypatch.setattr(analysis_run._Run, "_feed", interrupted)
    code, _, _ = run("analyse", clip, "--out", tmp_path / "out", "--modalities", "voice")
    assert code == 130
    saved = json.loads((tmp_path / "out" / "clip.json").read_text())
    assert "PARTIAL" in saved["stamps"]
    assert any(outcome["kind"] == "Interrupted" for outcome in saved["outcomes"])
    monkeypatch.setattr(analysis_run._Run, "_feed", feed)
    assert run("analyse", clip, "--out", tmp_path / "out", "--modalities", "voice", "-q")[0] == 0
    assert "PARTIAL" not in json.loads((tmp_path / "out" / "clip.json").read_text())["stamps"]
    assert issubclass(AnalysisInterrupted, KeyboardInterrupt)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["analyse", "nowhere.mp4"], "nowhere.mp4"),
        (["analyse", "{voice}", "--labels", "basic9"], "no label set"),
        (["analyse", "{voice}", "--model", "nobody"], "no such bundle"),
        (["analyse", "{voice}", "--format", "docx", "--out", "x"], "docx"),
        (["analyse", "{voice}", "--hop", "0"], "hop"),
        (["analyse", "{voice}", "{voice}", "--text", "a.srt"], "exactly one"),
    ],
)
def test_what_cannot_be_used_is_said_with_exit_2(
    run, voice, arguments, says, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    code, out, err = run(*[a.format(voice=voice) for a in arguments])
    assert code == 2
    assert says in re.sub(r"\s+", " ", out + err)
    assert "Traceback" not in out + err


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        (["models", "--json"], ["models", "--json", "-"]),
        (["models", "--json", "a.json"], ["models", "--json", "a.json"]),
        (["analyse", "--json", "--out", "x", "c"], ["analyse", "--json", "-", "--out", "x", "c"]),
        (["models", "--json", "-"], ["models", "--json", "-"]),
    ],
)
def test_json_needs_no_file(given, meant):
    assert json_to_stdout_by_default(given) == meant


@pytest.mark.parametrize("command", ["analyse", "show", "example", "models", "doctor", "bench"])
def test_every_command_has_help_with_an_example(run, command):
    code, out, _ = run(command, "--help")
    assert code == 0 and "emofuse " + command in out


def test_models_and_doctor_print_rows(run, tmp_path):
    record = {
        "protocol": "ravdess-5fold",
        "command": "python -m somewhere",
        "rows": {
            "plain": {
                "seeds": 2,
                "scores": {"n": 4, "accuracy": 0.5, "uar": 0.4, "weighted_f1": 0.3, "ece": 0.1},
                "over_seeds": {"accuracy": {"mean": 0.55, "sd": 0.01}},
            }
        },
    }
    (tmp_path / "models").mkdir()
    (tmp_path / "models/action-units.json").write_text(json.dumps(record))
    code, out, _ = run("models", "--json", "--results", tmp_path)
    rows = json.loads(out)
    shipped = [row for row in rows if row["shipped"]]
    assert code == 0 and {row["modality"] for row in shipped} == {"face", "voice", "text"}
    assert all(row["licence"] and row["scores"] for row in shipped)
    assert [row["name"] for row in rows if not row["shipped"]] == ["action-units"]
    code, out, _ = run("models", "--results", tmp_path)
    assert code == 0 and "55.0 ±" in out and "measured" in out
    code, out, _ = run("models", "--json", "--results", tmp_path / "none")
    assert all(row["shipped"] for row in json.loads(out)), "an installed package has no results"
    code, out, _ = run("doctor", "--json")
    assert code == 0 and any(
        row["part"] == "onnxruntime" and row["found"] for row in json.loads(out)
    )


def test_show_prints_a_saved_timeline(run, voice, tmp_path):
    run("analyse", voice, "--out", tmp_path, "-q")
    code, out, _ = run("show", tmp_path / "noise.json")
    assert code == 0 and "NoSpeech" in out and "feels" in out
