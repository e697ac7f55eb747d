"""`emofuse bench systems` and `learning`, at sizes that tell nothing about the real ones."""

from __future__ import annotations

import pytest

pytest.importorskip("torch", reason="needs the train extra")

from emofuse.cli.bench_systems import bench_systems
from emofuse.systems.registry import SYSTEMS
from emofuse.systems.step_cost import step_cost, trains_by_steps, write_clips


def test_both_forms_are_measured_and_compared():
    rows = {row["what"]: row for row in bench_systems(("mel-transformer",), clips=2)}
    steps = [row for what, row in rows.items() if what.endswith("training step")]
    memory = [row for what, row in rows.items() if what.endswith("peak memory")]
    assert len(steps) == len(memory) == 2
    assert all(row["value"] > 1 for row in steps)
    assert all(row["value"] > 50 for row in memory), "an interpreter alone takes as much"
    share = rows["mel-transformer: honest step, share of the published"]
    honest, published = (row["value"] for row in steps)
    assert share["value"] == pytest.approx(honest / published, rel=1e-2)
    assert share["goal"] == pytest.approx(1 / 5)


def test_a_step_leaves_no_feature_outside_its_corpus(tmp_path, monkeypatch):
    monkeypatch.setenv("EMOFUSE_RUNS", str(tmp_path / "elsewhere"))
    corpus = write_clips(tmp_path / "clips", clips=2, seconds=1.0)
    small = {"hidden": 8}
    cost = step_cost("au-bilstm", "honest", corpus=corpus, batch=3, settings=small)
    assert (cost.system, cost.form, cost.batch) == ("au-bilstm", "honest", 3)
    assert not (tmp_path / "elsewhere").exists()
    assert (tmp_path / "clips" / "runs" / "cache").is_dir()


def test_what_is_fitted_at_once_has_no_step():
    without = {name for name in SYSTEMS if not trains_by_steps(name)}
    assert without == {"au-static", "xlsr-static", "xlsr-au-fusion"}
