"""TF-IDF baselines: on made corpora quickly, on the real ones against the known numbers."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.metrics import f1_score

from emofuse.core import InputError
from emofuse.corpora.synth import write_synth
from emofuse.evaluation import confusion_counts
from emofuse.systems.text_baselines import (
    best_thresholds,
    goemotions_baseline,
    meld_baseline,
    record_text_baseline,
    weighted_f1_of,
)


def test_weighted_f1_of_counts_is_scikit_learns():
    rng = np.random.default_rng(0)
    truth, predicted = rng.integers(0, 5, (2, 200))
    counts = confusion_counts(truth, predicted, 7)
    expected = f1_score(truth, predicted, average="weighted")
    np.testing.assert_allclose(weighted_f1_of(np.stack([counts, counts])), expected)


def test_thresholds_are_the_best_of_all_there_are():
    rng = np.random.default_rng(1)
    truth = rng.integers(0, 2, (80, 3))
    scores = np.clip(0.3 * truth + rng.random((80, 3)) * 0.7, 0, 1)
    found = best_thresholds(truth, scores)
    for column in range(3):
        every = [f1_score(truth[:, column], scores[:, column] >= t) for t in scores[:, column]]
        got = f1_score(truth[:, column], scores[:, column] >= found[column])
        assert got == pytest.approx(max(every))


def test_meld_on_a_made_corpus(tmp_path):
    write_synth("meld", tmp_path / "text/MELD", media=False)
    path = record_text_baseline("meld", tmp_path, tmp_path / "results")
    record = json.loads(path.read_text(encoding="utf-8"))
    assert record["stamps"] == ["OFFICIAL"]
    assert record["test"]["n"] == 21
    assert record["test_without_repeated_texts"]["n"] == 19, "two lines of train are said again"
    assert record["test"]["weighted_f1"] > 0.5, "the words show the labels"
    low, high = (
        record["test"]["intervals"]["weighted F1 over dialogues"][side] for side in ("low", "high")
    )
    assert low <= record["test"]["weighted_f1"] <= high
    scores = [row["score"] for row in record["tried_on_validation"]]
    assert scores == sorted(scores, reverse=True)


def test_goemotions_on_a_made_corpus(tmp_path):
    write_synth("goemotions", tmp_path)
    found = goemotions_baseline(tmp_path)
    rows = {row["label"]: row for row in found.scores["labels"]}
    assert found.posteriors.values.shape == found.truth.shape
    assert found.scores["macro_f1"] > rows["always yes"]["positive_f1"]
    thresholds = np.array(found.scores["thresholds"])
    assert ((thresholds > 0) & (thresholds < 1)).all()
    assert (found.posteriors.truth == -1).all(), "a comment may have several labels"


def test_unknown_name(tmp_path):
    with pytest.raises(InputError, match="goemotions"):
        record_text_baseline("nothing", tmp_path, tmp_path)


@pytest.mark.slow
def test_meld_reproduces_within_a_point(data_dir):
    found = meld_baseline(data_dir / "text/MELD")
    assert found.scores["weighted_f1"] == pytest.approx(0.563, abs=0.01)
    assert found.scores_without_repeated_texts["n"] == 2610 - 331


@pytest.mark.slow
def test_goemotions_reproduces_within_a_point(data_dir):
    found = goemotions_baseline(data_dir / "text/GoEmotions")
    assert found.scores["macro_f1"] == pytest.approx(0.587, abs=0.01)
