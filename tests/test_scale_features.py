"""Features made ahead of a training by many workers: the cache that `emofuse train` reads."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

pytest.importorskip("torch", reason="needs the train extra")
pytest.importorskip("distributed", reason="no Dask; install it with: pip install 'emofuse[scale]'")

from clusters import cluster, make_clips
from emofuse.cli import features as command
from emofuse.core import Clip, InputError, View, file_sha256, label_set
from emofuse.corpora import Manifest, write_manifest
from emofuse.scale import extract_features
from emofuse.systems.registry import system

LABELS = label_set("ravdess8")
SYSTEM = "mel-transformer"


@pytest.fixture(autouse=True)
def runs(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("EMOFUSE_RUNS", str(tmp_path / "runs"))
    return tmp_path / "runs"


@pytest.fixture
def manifest(tmp_path) -> Manifest:
    root = make_clips(tmp_path / "clips", 8)
    clips = tuple(
        Clip(
            path.stem,
            "made",
            views=(View("audio", path.name, sha256=file_sha256(path)),),
            subject=str(i % 2),
            label=LABELS.labels[i % len(LABELS)],
            label_set=LABELS.name,
        )
        for i, path in enumerate(sorted(root.iterdir()))
    )
    return Manifest("made", root, clips, LABELS)


def with_poison(manifest: Manifest) -> Manifest:
    """The second file holds nothing that can be decoded."""
    view = replace(manifest.clips[1].views[0], sha256="")
    (manifest.root / view.path).write_bytes(b"\0" * 5000)
    poisoned = replace(manifest.clips[1], views=(view,))
    return replace(manifest, clips=(manifest.clips[0], poisoned, *manifest.clips[2:]))


def cached(runs: Path) -> dict[str, bytes]:
    """What a training would find; names with a dot are what a killed worker left half done."""
    files = [path for path in (runs / "cache").rglob("*") if path.is_file()]
    return {str(p.relative_to(runs)): p.read_bytes() for p in files if not p.name.startswith(".")}


def statuses(results) -> dict[str, str]:
    return {result.path: result.status for result in results}


def test_a_killed_worker_leaves_the_cache_of_an_undisturbed_run(manifest, tmp_path, monkeypatch):
    assert set(statuses(extract_features(SYSTEM, manifest)).values()) == {"done"}
    undisturbed = cached(tmp_path / "runs")
    assert len(undisturbed) == len(manifest)
    monkeypatch.setenv("EMOFUSE_RUNS", str(tmp_path / "shared"))
    monkeypatch.chdir(tmp_path)  # where the workers do not run
    manifest = replace(manifest, root=Path(manifest.root.name))
    with cluster(tmp_path / "dask") as running:
        done = []
        for result in extract_features(SYSTEM, manifest, scheduler=running.address):
            done.append(result)
            if len(done) == 1:
                running.kill_a_worker()
    assert statuses(done) == {clip.id: "done" for clip in manifest.clips}
    assert cached(tmp_path / "shared") == undisturbed


def test_what_is_cached_is_not_read_again_and_is_what_training_reads(manifest, runs):
    list(extract_features(SYSTEM, manifest))
    before = {path: path.stat().st_mtime_ns for path in runs.rglob("*.npy")}
    for path in manifest.root.iterdir():
        path.unlink()  # the recordings are gone: nothing could be made anew
    assert set(statuses(extract_features(SYSTEM, manifest)).values()) == {"done"}
    assert {path: path.stat().st_mtime_ns for path in runs.rglob("*.npy")} == before
    trained = system(SYSTEM)
    examples = trained.read(trained.options(), manifest, LABELS, None)
    assert len(examples.inputs[0].values) == len(manifest)


def test_a_poisoned_file_is_a_result_and_the_others_go_on(manifest, runs):
    found = {result.path: result for result in extract_features(SYSTEM, with_poison(manifest))}
    poisoned = found.pop("clip0001")
    assert poisoned.status == "failed" and "clip0001.wav" in poisoned.error
    assert "\n" not in poisoned.error
    assert {result.status for result in found.values()} == {"done"}
    assert len(cached(runs)) == len(manifest) - 1


def test_every_part_of_a_fusion_is_prepared_and_what_one_lacks_is_said(manifest, runs):
    """`xlsr-au-fusion` reads sounds, and Action Units that these clips do not have."""
    results = list(extract_features("xlsr-au-fusion", manifest))
    parts = [{r.status for r in results[i : i + 8]} for i in range(0, len(results), 8)]
    assert parts == [{"done"}, {"failed"}, {"failed"}]
    assert "Action Unit" in results[-1].error, results[-1].error
    assert {Path(name).parts[1].rpartition("-")[0] for name in cached(runs)} == {"waveform"}


def test_a_worker_that_would_keep_features_elsewhere_says_so(manifest, tmp_path, monkeypatch):
    with cluster(tmp_path / "dask", workers=1) as running:
        monkeypatch.setenv("EMOFUSE_RUNS", str(tmp_path / "other"))
        results = list(extract_features(SYSTEM, manifest, scheduler=running.address))
    assert {result.status for result in results} == {"failed"}
    assert f"set EMOFUSE_RUNS={tmp_path / 'other'}" in results[0].error


def test_settings_that_there_are_not_stop_the_run(manifest):
    with pytest.raises(InputError, match="no setting"):
        list(extract_features(SYSTEM, manifest, settings={"unheard": "of"}))


def test_the_command_says_what_was_not_read(manifest, tmp_path, monkeypatch):
    path = write_manifest(with_poison(manifest), tmp_path / "made.parquet")
    app = typer.Typer()
    command.register(app)
    target = tmp_path / "rows.json"
    result = CliRunner().invoke(app, [SYSTEM, "--corpus", str(path), "--json", str(target)])
    assert result.exit_code == 2, result.output
    rows = json.loads(target.read_text())
    assert [row["clip"] for row in rows if row["status"] == "failed"] == ["clip0001"]
    assert "7 of 8 clips are in the cache" in result.output
