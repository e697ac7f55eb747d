"""The audit of the published RAVDESS fusion, to the digit, and what it refuses."""

from __future__ import annotations

import json

import numpy as np
import pytest

from emofuse.core import InputError
from emofuse.evaluation import compare, evaluate
from emofuse.protocols import LeakageError
from emofuse.systems.audit import AUDITS, COLUMNS, AuditRow, audit, printable, record_audit
from emofuse.systems.audit.xlsr_au_fusion import PARTS, agreement
from emofuse.systems.audit.xlsr_au_table import CLAIMED, cell, refit_mlp80
from emofuse.systems.audit.xlsr_better import person_adapted, plain
from emofuse.systems.audit.xlsr_data import Published
from emofuse.systems.audit.xlsr_stacking import published_stacking
from emofuse.training.classic import classic_model
from emofuse.training.fusers import fuse


@pytest.fixture(scope="module")
def published(data_dir) -> Published:
    return Published(data_dir)


def test_rows_have_the_agreed_keys_and_print_as_text():
    row = AuditRow("system", claimed=86.7, honest=87.43333333, stamp="HONEST", n=1440).to_dict()
    assert (
        tuple(row)
        == COLUMNS
        == (
            "name",
            "claimed",
            "as_published",
            "honest",
            "strict",
            "person_adapted",
            "stamp",
            "n",
        )
    )
    assert row["honest"] == 87.4333
    cells = ("system", "86.70", "–", "87.43", "–", "–", "HONEST", "1440")
    assert printable([row]) == [cells]


def test_unknown_systems_and_missing_data_are_refused(tmp_path):
    with pytest.raises(InputError, match="known: xlsr-au-fusion"):
        audit("resnet", tmp_path)
    # The cascade's audit works from printed tables and made-up signals: it needs no folder.
    for system in (name for name in AUDITS if name.startswith("xlsr")):
        with pytest.raises(InputError, match="published"):
            audit(system, tmp_path)
        with pytest.raises(InputError, match="published"):
            record_audit(system, tmp_path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_published_folds_are_those_of_the_protocol(published):
    published.require_protocol()
    assert np.bincount(list(published.folds.values())).tolist() == [300, 300, 300, 300, 240]


@pytest.mark.parametrize(
    "system, accuracy",
    [("wav2vec2", 81.8167), ("au-bilstm", 62.1333), ("au-mlp80", 60.2167), ("fusion", 86.7)],
)
def test_single_systems_as_published(published, system, accuracy):
    scores = evaluate(published.held_out(system)).scores
    assert 100 * scores["accuracy"] == pytest.approx(accuracy, abs=0.01)


def test_the_published_stacking_is_refused_then_rebuilt_clip_by_clip(published):
    with pytest.raises(LeakageError, match="in-sample"):
        published_stacking(published, *PARTS)
    rebuilt = published_stacking(published, *PARTS, allow_leakage=True)
    assert {"LEAKY", "IN-SAMPLE"} <= set(rebuilt.stamps)
    found = agreement(published.held_out("fusion"), rebuilt)
    assert found["same answer"] == found["clips"] == 1440
    assert 100 * evaluate(rebuilt).scores["accuracy"] == pytest.approx(86.70, abs=0.01)


def test_the_published_stacking_without_the_perceptron(published):
    rebuilt = published_stacking(published, "wav2vec2", "au-bilstm", allow_leakage=True)
    assert 100 * evaluate(rebuilt).scores["accuracy"] == pytest.approx(85.40, abs=0.01)


@pytest.mark.parametrize(
    "systems, method, split, accuracy, correct",
    [
        (PARTS[:2], "product", "cross-fitted", 86.90, 1251),
        (PARTS, "pool", "cross-fitted", 87.43, 1259),
        (PARTS, "pool", "strict", 87.17, 1255),
        (PARTS, "product", "cross-fitted", 85.72, None),
        (PARTS, "mean", "cross-fitted", 77.27, None),
        (PARTS, "tempered-mean", "cross-fitted", 81.08, None),
        (PARTS, "tempered-product", "cross-fitted", 84.87, None),
    ],
)
def test_honest_fusion(published, systems, method, split, accuracy, correct):
    fused = fuse(
        [published.held_out(s).as_scale("log_prob") for s in systems], method=method, split=split
    )
    scores = evaluate(fused).scores
    assert 100 * scores["accuracy"] == pytest.approx(accuracy, abs=0.01)
    if correct:
        assert (fused.values.argmax(1) == fused.truth).sum() == correct
    if (method, split) == ("pool", "cross-fitted"):
        assert scores["ece"] <= 0.03 and scores["nll"] == pytest.approx(0.422, abs=0.001)


@pytest.mark.parametrize(
    "a, b, mcnemar_p, persons_p",
    [("wav2vec2", "fusion", 4e-10, 4e-6), ("au-mlp80", "au-bilstm", 0.13, 0.30)],
)
def test_paired_tests_give_the_known_answers(published, a, b, mcnemar_p, persons_p):
    found = compare(published.held_out(a), published.held_out(b))
    assert found.mcnemar["p"] == pytest.approx(mcnemar_p, rel=0.1)
    assert found.person_paired["p"] == pytest.approx(persons_p, rel=0.15)


@pytest.mark.parametrize(
    "name, parameter", [key for key in CLAIMED if key[0] != "mlp"], ids=lambda v: str(v)
)
@pytest.mark.parametrize("column, normalisation", [(0, "minmax"), (1, "none")])
def test_cells_of_the_action_unit_table(published, name, parameter, column, normalisation):
    claimed = CLAIMED[name, parameter][column]
    rebuilt = cell(published.action_units, name, parameter, normalisation)
    assert 100 * rebuilt == pytest.approx(claimed, abs=0.0051)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_one_fold_of_the_published_perceptron_comes_out_again(published):
    table, theirs = published.action_units, published.held_out("au-mlp80")
    test = table.folds == 4
    model = classic_model("mlp", parameter="80").fit(table.features[~test], table.truth[~test])
    ours = dict(zip(np.array(table.clips)[test], model.predict_proba(table.features[test])))
    theirs = theirs.select(theirs.fold == 4)
    difference = [np.abs(ours[c] - v).max() for c, v in zip(theirs.clips, theirs.values)]
    assert len(difference) == 240 and max(difference) <= 1e-6


@pytest.mark.slow
@pytest.mark.parametrize("parameter", ["80", "80,80"])
@pytest.mark.parametrize("column, normalisation", [(0, "minmax"), (1, "none")])
def test_perceptron_cells_of_the_action_unit_table(published, parameter, column, normalisation):
    rebuilt = cell(published.action_units, "mlp", parameter, normalisation)
    assert 100 * rebuilt == pytest.approx(CLAIMED["mlp", parameter][column], abs=0.0051)


@pytest.mark.slow
def test_the_whole_published_perceptron_comes_out_again(published):
    found = agreement(published.held_out("au-mlp80"), refit_mlp80(published.action_units))
    assert found["same answer"] == 1440 and found["largest difference"] <= 1e-6


@pytest.mark.slow
def test_better_streams_reach_the_goals(published):
    honest, adapted = plain(published).posteriors, person_adapted(published).posteriors
    assert 100 * evaluate(honest).scores["accuracy"] >= 88
    assert "PERSON-ADAPTED" not in honest.stamps
    assert 100 * evaluate(adapted).scores["accuracy"] >= 90
    assert "PERSON-ADAPTED" in adapted.stamps


@pytest.mark.slow
def test_the_record_is_dated_and_complete(published, data_dir, tmp_path):
    record = json.loads(record_audit("xlsr-au-fusion", data_dir, tmp_path).read_text())
    assert set(record["rows"][0]) == set(COLUMNS) and record["date"] and record["versions"]
    by_name = {row["name"].split(" (")[0]: row for row in record["rows"]}
    assert by_name["weighted log-linear pool"]["honest"] >= 87.4
    assert record["checks"]["weighted log-linear pool"]["ece"] <= 0.03
    assert record["checks"]["published fusion"]["same answer"] == 1440
