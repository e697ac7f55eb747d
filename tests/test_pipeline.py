"""The pipeline that all systems share: settings, run folders, resume, leakage, steps."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the train extra")

from emofuse.core import InputError
from emofuse.posteriors import read_posteriors
from emofuse.protocols import LeakageError
from emofuse.systems.registry import system
from emofuse.training.pipeline import train_system
from emofuse.training.run_folder import RunFolder
from emofuse.training.settings import read_settings
from synth_runs import TWO_FOLDS, made_corpus, once_each, some

PROTOCOL = "subject-kfold"
SETTINGS = {**TWO_FOLDS, "epochs": 3, "hidden": 8, "batch_size": 8}


@pytest.fixture(scope="module")
def corpus(everything):
    """Action-Unit tracks of four persons, a clip a label and person."""
    return some(everything[0], everything[1], once_each)


@pytest.fixture(scope="module")
def everything(tmp_path_factory):
    """All 240 clips, and where they lie."""
    folder = tmp_path_factory.mktemp("corpus")
    return made_corpus("ravdess", folder, persons=4, kinds="none"), folder


@pytest.fixture(autouse=True)
def runs(tmp_path, monkeypatch):
    monkeypatch.setenv("EMOFUSE_RUNS", str(tmp_path / "runs"))
    return tmp_path / "runs"


def trained(manifest, **changed) -> RunFolder:
    options = {"protocol": PROTOCOL, "settings": SETTINGS, **changed}
    return train_system(system("au-bilstm"), manifest, **options)


@dataclass(frozen=True)
class Options:
    rate: float = 0.5
    deep: bool = False
    sizes: tuple[int, ...] = (1, 2)
    name: str = "a"


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({"rate": "1e-3"}, Options(rate=1e-3)),
        ({"deep": "yes", "sizes": "3,4,5"}, Options(deep=True, sizes=(3, 4, 5))),
        ({"sizes": [7]}, Options(sizes=(7,))),
        ({"name": "80"}, Options(name="80")),
    ],
)
def test_settings_are_read_as_their_defaults_are(given, wanted):
    assert read_settings(Options, given) == wanted


@pytest.mark.parametrize(
    ("given", "message"),
    [({"speed": "1"}, "rate=0.5"), ({"rate": "fast"}, "rate='fast'"), ({"deep": "si"}, "no bool")],
)
def test_wrong_settings_are_named(given, message):
    with pytest.raises(InputError, match=message):
        read_settings(Options, given)


def test_a_run_holds_what_its_folder_promises(corpus):
    manifest, _ = corpus
    run = trained(manifest)
    found = read_posteriors(run.posteriors)
    assert sorted(found.clips) == sorted(clip.id for clip in manifest.clips)
    assert set(found.role) == {"out_of_fold"}
    for split in run.plan().splits:
        held_out = {c for c, f in zip(found.clips, found.fold, strict=True) if f == split.fold}
        assert held_out == set(split.test)
        for name in ("history.csv", "curves.png", "confusion.png", "posteriors.parquet"):
            assert (run.fold(split.fold) / name).stat().st_size > 0
        with open(run.fold(split.fold) / "history.csv") as file:
            columns = set(csv.DictReader(file).fieldnames)
        assert {"val_loss", "train_part_accuracy", "test_part_loss"} <= columns
    evaluation = json.loads(run.evaluation.read_text())
    assert evaluation["n"] == len(manifest)
    assert evaluation["split_hash"] == run.plan().hash == run.record().plan_hash
    assert "au-bilstm" in run.report.read_text()
    assert not list(run.path.rglob("*.part"))


def test_the_same_run_is_found_again_and_another_refused(corpus, tmp_path):
    manifest, _ = corpus
    run = trained(manifest, out=tmp_path / "run")
    before = run.posteriors.read_bytes(), (run.fold(0) / "finished.json").stat().st_mtime_ns
    again = trained(manifest, out=tmp_path / "run")
    assert (
        again.posteriors.read_bytes(),
        (again.fold(0) / "finished.json").stat().st_mtime_ns,
    ) == before
    with pytest.raises(InputError, match="another settings"):
        trained(manifest, out=tmp_path / "run", settings={**SETTINGS, "hidden": 9})
    with pytest.raises(InputError, match="another"):
        trained(replace(manifest, clips=manifest.clips[:-1]), out=tmp_path / "run")


def test_other_settings_are_another_folder(corpus):
    manifest, _ = corpus
    one = trained(manifest, step="train", folds=[0])
    other = trained(manifest, step="train", folds=[0], settings={**SETTINGS, "seed": 5})
    assert one.path != other.path


def test_folds_and_steps(corpus):
    """One fold alone, then the rest; training without testing; validating what was trained."""
    manifest, _ = corpus
    run = trained(manifest, folds=[1], step="train")
    assert not (run.fold(1) / "posteriors.parquet").exists()
    assert not run.fold(0).exists()
    trained(manifest, folds=[1], step="validate")
    validated = read_posteriors(run.fold(1) / "validation.parquet")
    assert set(validated.clips) == set(run.plan().splits[1].validation)
    with pytest.raises(InputError, match="train this fold"):
        trained(manifest, folds=[0], step="validate")
    trained(manifest, folds=[1])
    assert set(read_posteriors(run.posteriors).fold) == {1}
    trained(manifest)
    assert set(read_posteriors(run.posteriors).fold) == {0, 1}
    with pytest.raises(InputError, match="no fold 7"):
        trained(manifest, folds=[7])


def test_in_sample_answers_are_kept_apart(corpus):
    manifest, _ = corpus
    run = trained(manifest, in_sample=True)
    found = read_posteriors(run.posteriors)
    assert len(found.out_of_fold) == len(manifest)
    assert set(found.in_sample.clips) <= {clip.id for clip in manifest.clips}
    assert json.loads(run.evaluation.read_text())["n"] == len(manifest)


@pytest.mark.parametrize(
    ("protocol", "settings", "stamp"),
    [
        ("random-clips", {**SETTINGS, "epochs": 1}, "LEAKY"),
        (PROTOCOL, {**SETTINGS, "epochs": 1, "form": "published"}, "CHECKPOINT CHOSEN ON TEST"),
    ],
)
def test_leaks_are_refused_or_stamped_everywhere(everything, protocol, settings, stamp):
    manifest, _ = everything
    settings = {k: v for k, v in settings.items() if protocol == PROTOCOL or k != "protocol.k"}
    with pytest.raises(LeakageError):
        trained(manifest, protocol=protocol, settings=settings)
    run = trained(manifest, protocol=protocol, settings=settings, allow_leakage=True)
    assert stamp in run.record().stamps
    assert stamp in read_posteriors(run.posteriors).stamps
    assert stamp in json.loads(run.evaluation.read_text())["stamps"]
    assert stamp in run.report.read_text()


def test_an_empty_part_is_named(corpus):
    manifest, _ = corpus
    settings = {name: value for name, value in SETTINGS.items() if name not in TWO_FOLDS}
    with pytest.raises(InputError, match="has no train clips"):
        trained(manifest, protocol="random-clips", settings=settings, allow_leakage=True)


def test_the_temperature_comes_from_validation_and_changes_no_answer(corpus):
    manifest, _ = corpus
    run = trained(manifest)
    facts = json.loads((run.fold(0) / "fold.json").read_text())
    assert facts["temperature"] > 0
    assert 0 <= facts["epoch"] < 3


def test_a_run_killed_after_it_had_stopped_early_does_not_go_on(corpus, tmp_path):
    manifest, _ = corpus
    settings = {**SETTINGS, "epochs": 30, "patience": 1, "learning_rate": 0.0}
    run = trained(manifest, settings=settings, folds=[0], step="train", out=tmp_path / "run")
    finished = run.fold(0) / "finished.json"
    before = finished.read_text()
    assert len(json.loads(before)["history"]) == 2
    finished.unlink()
    trained(manifest, settings=settings, folds=[0], step="train", out=tmp_path / "run")
    assert finished.read_text() == before


# Enough epochs that there is a middle to be killed in.
LONG = {**SETTINGS, "epochs": 15, "patience": 15}


@pytest.fixture(scope="module")
def undisturbed(corpus, tmp_path_factory):
    """The posteriors of a run that nobody killed."""
    home = tmp_path_factory.mktemp("undisturbed")
    subprocess.run(
        train_command(corpus[1], home / "run"),
        env=environment(home),
        check=True,
        capture_output=True,
    )
    return read_posteriors(home / "run" / "posteriors.parquet")


@pytest.mark.parametrize(
    ("pattern", "ready"),
    [
        ("cache/*/*.npy", lambda file: True),
        ("run/fold-0/history.csv", lambda file: len(file.read_text().splitlines()) > 4),
    ],
    ids=["preparing", "training"],
)
def test_a_run_killed_with_sigkill_ends_as_an_undisturbed_one(
    corpus, undisturbed, tmp_path, pattern, ready
):
    command = train_command(corpus[1], tmp_path / "run")
    process = subprocess.Popen(command, env=environment(tmp_path), stderr=subprocess.DEVNULL)
    kill_when(process, tmp_path, pattern, ready)
    assert process.wait() == -signal.SIGKILL
    assert not (tmp_path / "run" / "posteriors.parquet").exists()
    subprocess.run(command, env=environment(tmp_path), check=True, capture_output=True)
    resumed = read_posteriors(tmp_path / "run" / "posteriors.parquet")
    assert resumed.clips == undisturbed.clips
    np.testing.assert_array_equal(resumed.values, undisturbed.values)


def environment(home: Path) -> dict[str, str]:
    """A runs folder of its own, and one thread: two add numbers in another order."""
    return {**os.environ, "EMOFUSE_RUNS": str(home), "OMP_NUM_THREADS": "1"}


def train_command(manifest: Path, out: Path) -> list[str]:
    """Trains the first fold in a process of its own."""
    code = (
        "import sys, json; from pathlib import Path; from emofuse.corpora import read_manifest; "
        "from emofuse.systems.registry import system; "
        "from emofuse.training.pipeline import train_system; "
        "train_system(system('au-bilstm'), read_manifest(sys.argv[1]), protocol=sys.argv[2], "
        "settings=json.loads(sys.argv[3]), out=Path(sys.argv[4]), folds=[0])"
    )
    return [sys.executable, "-c", code, str(manifest), PROTOCOL, json.dumps(LONG), str(out)]


def kill_when(process: subprocess.Popen, folder: Path, pattern: str, ready) -> None:
    """Kill the process as soon as a file below `folder` is `ready`."""
    while process.poll() is None:
        if any(ready(file) for file in folder.glob(pattern)):
            process.kill()
            return
        time.sleep(0.005)
