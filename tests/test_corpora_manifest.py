"""Manifests: what they count, what they refuse, and how they are kept."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from emofuse.core import Clip, InputError, View, label_set
from emofuse.corpora import (
    Manifest,
    Skipped,
    check_media,
    prepare_corpus,
    read_corpus,
    read_manifest,
    write_manifest,
)
from emofuse.media import write_wav


def clip(name: str, **fields) -> Clip:
    return Clip(name, "own", **{"label": "sad", "label_set": "basic7", "subject": "a"} | fields)


def view(sha256: str, path: str = "x.wav", row: int | None = None) -> View:
    return View("audio", path, sha256, row)


def manifest(tmp_path, *clips: Clip, **fields) -> Manifest:
    return Manifest("own", tmp_path, clips, label_set("basic7"), **fields)


def test_counts_by_label_in_the_order_of_the_set(tmp_path):
    found = manifest(tmp_path, clip("1"), clip("2", label="happy", subject="b"), clip("3"))
    assert list(found.counts()["label"]) == list(label_set("basic7"))
    assert found.counts()["label"]["sad"] == 2
    assert found.counts()["subject"] == {"a": 2, "b": 1}


def test_several_labels_count_once_each_and_none_is_a_count_of_its_own(tmp_path):
    multi = Manifest(
        "m",
        tmp_path,
        (
            clip("1", label="anger|fear", label_set="mosei6"),
            clip("2", label="", label_set="mosei6"),
        ),
        label_set("mosei6"),
    )
    multi.validate()
    assert multi.counts()["label"] | {"": 1} == multi.counts()["label"]
    assert (multi.counts()["label"]["anger"], multi.counts()["label"]["fear"]) == (1, 1)


def test_duplicates_share_bytes_or_content_but_not_the_table_they_are_rows_of(tmp_path):
    found = manifest(
        tmp_path,
        clip("1", views=(view("x"), view("t", row=0))),
        clip("2", views=(view("x"), view("t", row=1)), label="happy"),
        clip("3", views=(view("t", row=2),)),
        clip("4", content="c"),
        clip("5", content="c", views=(view("x"),)),
    )
    assert found.duplicates() == (("1", "2"), ("4", "5"))
    assert found.conflicts() == (("1", "2"),)


def test_select_keeps_the_order_and_names_what_is_missing(tmp_path):
    found = manifest(tmp_path, clip("1"), clip("2"), clip("3"))
    assert [c.id for c in found.select(["3", "1"])] == ["1", "3"]
    with pytest.raises(KeyError, match="9"):
        found.select(["9"])


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"label": "gloomy"}, "gloomy"),
        ({"label": "sad|happy"}, "allows one"),
        ({"label_set": "ravdess8"}, "label set"),
        ({"soft": {"voice": (0.5, 0.5)}}, "not a distribution"),
        ({"soft": {"voice": (0.5,) * 7}}, "not a distribution"),
        ({"start_seconds": 2.0, "end_seconds": 1.0}, "before it starts"),
        ({"views": (view("x", path="/etc/passwd"),)}, "out of the root"),
        ({"views": (view("x", path="../x.wav"),)}, "out of the root"),
    ],
)
def test_validation_names_the_clip_and_the_fault(tmp_path, fields, why):
    with pytest.raises(InputError, match=why) as caught:
        manifest(tmp_path, clip("good"), clip("bad", **fields)).validate()
    assert "clip bad" in str(caught.value)


def test_two_clips_of_one_name_are_refused(tmp_path):
    with pytest.raises(InputError, match="two clips"):
        manifest(tmp_path, clip("1"), clip("1")).validate()


def test_a_manifest_comes_back_as_it_was_written(tmp_path):
    rich = clip(
        "1",
        views=(view("x"), view("y", "sub/table.csv", 3)),
        soft={"voice": (0.25, 0.75, 0, 0, 0, 0, 0)},
        dimensions={"valence_1_5": 2.5},
        text="it's “fine”",
        start_seconds=0.5,
        end_seconds=1.5,
        attributes={"sex": "female"},
    )
    (tmp_path / "data").mkdir()
    written = replace(
        manifest(tmp_path / "data", rich, clip("2", label=None)),
        skipped=(Skipped("bad.wav", "empty file"),),
        notes=("a note",),
    )
    read = read_manifest(write_manifest(written, tmp_path / "out" / "m.parquet"))
    assert replace(read, root=written.root) == written
    assert read.root.resolve() == written.root.resolve()


def test_a_manifest_moves_with_its_data(tmp_path):
    home = tmp_path / "here"
    (home / "data").mkdir(parents=True)
    write_manifest(manifest(home / "data", clip("1")), home / "m.parquet")
    home.rename(tmp_path / "there")
    read = read_manifest(tmp_path / "there" / "m.parquet")
    assert read.root.resolve() == tmp_path / "there" / "data"
    assert read_manifest(tmp_path / "there" / "m.parquet", root=tmp_path).root == tmp_path


@pytest.mark.parametrize("content", [None, b"", b"PAR1 not really"])
def test_what_is_no_manifest_is_refused_in_one_line(tmp_path, content):
    path = tmp_path / "m.parquet"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=r"m\.parquet"):
        read_manifest(path)


def savee(root, *, clips: int = 12):
    for number in range(clips):
        speaker = ("DC", "JE", "JK", "KL")[number % 4]
        root.mkdir(exist_ok=True)
        (root / f"{speaker}_a{number:02}.wav").write_bytes(b"sound %d" % number)
    return root


def test_preparing_reports_progress_and_leaves_nothing_but_the_manifest(tmp_path):
    seen = []
    out = tmp_path / "out" / "m.parquet"
    found = prepare_corpus("savee", savee(tmp_path / "s"), out, progress=lambda *a: seen.append(a))
    assert [path.name for path in out.parent.iterdir()] == ["m.parquet"]
    assert seen[-1][:2] == (12, 12) and len(seen) == 12
    assert read_manifest(out).clips == found.clips


def test_a_killed_preparation_goes_on_and_ends_the_same(tmp_path):
    """Killed after five hashes (and with a torn line), it does not hash those again."""
    root, out = savee(tmp_path / "s"), tmp_path / "m.parquet"
    code = (
        "import os, signal, sys\n"
        "from emofuse.corpora import prepare_corpus\n"
        "stop = lambda done, found, path: done == 5 and os.kill(os.getpid(), signal.SIGKILL)\n"
        "prepare_corpus('savee', sys.argv[1], sys.argv[2], progress=stop)\n"
    )
    killed = subprocess.run([sys.executable, "-c", code, str(root), str(out)], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert not out.exists()
    log = tmp_path / "m.parquet.part"
    lines = log.read_text().splitlines()
    assert len(lines) == 5
    log.write_text("\n".join([*lines[:4], lines[4][:20]]))  # as if the fifth was being written
    hashed = []
    prepare_corpus("savee", root, out, progress=lambda *a: hashed.append(a[2]))
    prepare_corpus("savee", root, tmp_path / "undisturbed.parquet")
    assert out.read_bytes() == (tmp_path / "undisturbed.parquet").read_bytes()
    assert not log.exists()


def test_a_file_that_changed_is_hashed_again(tmp_path):
    root, log = savee(tmp_path / "s"), tmp_path / "log"
    before = read_corpus("savee", root, hash_log=log)
    changed = root / "DC_a00.wav"
    changed.write_bytes(b"another")
    os.utime(changed, ns=(1, 1))
    after = read_corpus("savee", root, hash_log=log)
    differing = [a.id for a, b in zip(after, before, strict=True) if a != b]
    assert differing == ["DC_a00"]


@pytest.mark.parametrize(
    ("name", "options", "why"),
    [
        ("ravdes", {}, "no such corpus"),
        ("savee", {"colour": "red"}, "no option"),
        ("meld", {}, "holds no file like"),
        ("goemotions", {"label_set": "basic7"}, "has no labels"),
    ],
)
def test_a_wrong_name_option_or_folder_is_one_line(tmp_path, name, options, why):
    with pytest.raises(InputError, match=why):
        read_corpus(name, savee(tmp_path / "s"), **options)


def test_a_missing_folder_is_one_line(tmp_path):
    with pytest.raises(InputError, match="no such folder"):
        read_corpus("savee", tmp_path / "nowhere")


def test_empty_files_are_counted_and_left_out(tmp_path):
    root = savee(tmp_path / "s")
    (root / "KL_sa01.wav").touch()
    (root / "KL_xx01.wav").write_bytes(b"?")
    found = read_corpus("savee", root)
    assert found.skipped_counts() == {"empty file": 1, "name is not speaker_emotion-number": 1}
    assert "KL_sa01" not in found.by_id


def test_media_that_cannot_be_used_are_dropped_with_the_reason(tmp_path):
    """A broken file, one far longer than stated, a whole one, and one that two clips share."""
    for name, seconds in (("long", 30.0), ("whole", 2.0), ("shared", 30.0)):
        write_wav(tmp_path / f"{name}.wav", np.zeros(round(8000 * seconds)), sample_rate=8000)
    (tmp_path / "broken.wav").write_bytes(b"RIFF but no more")
    span = {"start_seconds": 10.0, "end_seconds": 12.0}
    clips = [
        clip(path, views=(view("x", f"{path}.wav"),), text=text, **span)
        for path, text in (("long", "said"), ("whole", None), ("broken", None))
    ]
    clips += [clip(name, views=(view("y", "shared.wav"),), **span) for name in ("s1", "s2")]
    found = check_media(manifest(tmp_path, *clips))
    assert {c.id: len(c.views) for c in found} == {"long": 0, "whole": 1, "s1": 1, "s2": 1}
    reasons = {skip.path: skip.reason for skip in found.skipped}
    assert reasons["long.wav"] == "lasts 30.0 s instead of 2.0 s"
    assert reasons["broken.wav"].startswith("unusable")
