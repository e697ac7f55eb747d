"""Metrics, calibration, intervals and paired tests against cases with a known answer."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.metrics import balanced_accuracy_score

from emofuse.core import LabelSet, log_softmax, softmax
from emofuse.evaluation import (
    bootstrap_persons,
    brier,
    ccc,
    confusion_counts,
    decision_scores,
    ece,
    mcnemar,
    multi_label_scores,
    per_class,
    person_paired,
    reliability,
    soft_label_scores,
    t_interval,
)
from emofuse.evaluation.intervals import confusion_by_person
from emofuse.evaluation.metrics import accuracy_of, uar_of

ABC = LabelSet("abc", ("a", "b", "c"))


def test_decision_scores_on_a_case_done_by_hand():
    truth, predicted = np.array([0, 0, 0, 0, 1, 1]), np.array([0, 0, 0, 1, 1, 0])
    scores = decision_scores(truth, predicted, 3)  # label 2 never occurs and never counts
    assert scores["accuracy"] == pytest.approx(4 / 6)
    assert scores["uar"] == pytest.approx((3 / 4 + 1 / 2) / 2)
    assert scores["macro_f1"] == pytest.approx((0.75 + 0.5) / 2)
    assert scores["weighted_f1"] == pytest.approx((4 * 0.75 + 2 * 0.5) / 6)


@settings(deadline=None)
@given(st.integers(2, 6), st.integers(0, 2**32 - 1))
def test_scores_from_counts_equal_those_from_labels(n_labels, seed):
    rng = np.random.default_rng(seed)
    truth, predicted = rng.integers(0, n_labels, (2, 40))
    counts = confusion_counts(truth, predicted, n_labels)
    assert counts.sum() == 40
    assert accuracy_of(counts) == pytest.approx((truth == predicted).mean())
    predicted = np.where(np.isin(predicted, truth), predicted, truth[0])  # sklearn warns otherwise
    counts = confusion_counts(truth, predicted, n_labels)
    assert uar_of(counts) == pytest.approx(balanced_accuracy_score(truth, predicted))


def test_one_vs_rest_accuracy_is_high_for_a_label_that_is_always_missed():
    truth = np.array([0] * 9 + [1])
    rows = {row["label"]: row for row in per_class(truth, np.zeros(10, int), ABC)}
    assert rows["b"]["recall"] == 0 and rows["b"]["one_vs_rest_accuracy"] == pytest.approx(0.9)
    assert rows["c"]["support"] == 0 and rows["c"]["f1"] == 0


def test_multi_label_scores_come_with_the_answers_that_do_not_look():
    truth = np.array([[1, 0, 0], [1, 1, 0], [0, 0, 0], [1, 0, 0]])
    probabilities = np.array([[0.9, 0.2, 0.1], [0.8, 0.4, 0.1], [0.1, 0.1, 0.6], [0.3, 0.1, 0.1]])
    rows = {row["label"]: row for row in multi_label_scores(truth, probabilities, ABC)}
    assert rows["a"]["balanced_accuracy"] == pytest.approx((2 / 3 + 1) / 2)
    assert rows["a"]["positive_f1"] == pytest.approx(0.8)
    assert rows["a"]["average_precision"] == pytest.approx(1)
    assert rows["b"]["positive_f1"] == 0 and rows["b"]["average_precision"] == 1
    assert rows["c"]["balanced_accuracy"] is None  # never occurs
    assert rows["always yes"]["balanced_accuracy"] == pytest.approx(0.5)
    assert rows["always no"]["positive_f1"] == 0
    assert rows["always yes"]["positive_f1"] == pytest.approx((6 / 7 + 0.4 + 0) / 3)


def test_soft_label_scores_are_perfect_only_for_the_raters_own_distribution():
    raters = np.array([[0.5, 0.5, 0.0], [0.1, 0.1, 0.8]])
    same = soft_label_scores(raters, raters)
    assert same["kl"] == pytest.approx(0, abs=1e-9) and same["cosine"] == pytest.approx(1)
    assert same["total_variation"] == 0 and same["same_first_label"] == 1
    other = soft_label_scores(np.full((2, 3), 1 / 3), raters)
    assert other["kl"] > 0.1 and other["cross_entropy"] == pytest.approx(np.log(3))
    assert other["total_variation"] == pytest.approx((1 / 3 + (0.8 - 1 / 3)) / 2)


@settings(deadline=None)
@given(hnp.arrays(float, 12, elements=st.floats(-5, 5)), st.floats(0.5, 3), st.floats(-2, 2))
def test_ccc_punishes_what_correlation_forgives(x, scale, shift):
    if x.std() < 0.1:
        return
    assert ccc(x, x) == pytest.approx(1)
    y = scale * x + shift
    expected = 2 * scale * x.var() / (x.var() * (1 + scale**2) + (x.mean() - y.mean()) ** 2)
    assert ccc(x, y) == pytest.approx(expected)
    assert ccc(x, -x + 2 * x.mean()) == pytest.approx(-1)


def test_calibration_of_a_model_that_is_always_sure_and_right_half_the_time():
    log_prob = np.log(np.array([[1 - 1e-12, 1e-12]] * 10))
    truth = np.array([0, 1] * 5)
    assert ece(log_prob, truth) == pytest.approx(0.5)
    assert brier(log_prob, truth) == pytest.approx(1.0)
    (only,) = reliability(log_prob, truth)
    assert only["n"] == 10 and only["accuracy"] == 0.5 and only["high"] == 1.0


def test_ece_of_honest_probabilities_shrinks_to_zero():
    rng = np.random.default_rng(0)
    log_prob = log_softmax(rng.normal(0, 2, (40_000, 4)))
    truth = (np.exp(log_prob).cumsum(1) > rng.random((40_000, 1))).argmax(1)
    assert ece(log_prob, truth) < 0.01
    assert ece(log_softmax(3 * log_prob), truth) > 0.1


@settings(deadline=None)
@given(st.integers(1, 60), st.integers(2, 5), st.integers(0, 2**32 - 1))
def test_reliability_bins_hold_every_clip_once(n, c, seed):
    rng = np.random.default_rng(seed)
    log_prob, truth = np.log(softmax(rng.normal(0, 3, (n, c)))), rng.integers(0, c, n)
    bins = reliability(log_prob, truth)
    assert sum(b["n"] for b in bins) == n
    assert all(
        b["low"] < b["confidence"] + 1e-12 and b["confidence"] <= b["high"] + 1e-12 for b in bins
    )
    assert sum(b["n"] * b["accuracy"] for b in bins) == pytest.approx(
        (log_prob.argmax(1) == truth).sum()
    )


def test_t_interval_by_hand_and_of_one_value():
    interval = t_interval([1, 2, 3])
    assert (interval.mean, interval.n) == (2, 3)
    assert interval.high - interval.mean == pytest.approx(4.302653 / np.sqrt(3), rel=1e-5)
    alone = t_interval([0.7])
    assert alone.low == alone.mean == alone.high


def test_the_bootstrap_draws_persons_not_clips():
    # Two persons, one always right, one always wrong: 100 clips say little about new persons.
    truth = np.zeros(100, int)
    predicted = np.repeat([0, 1], 50)
    counts = confusion_by_person(truth, predicted, ["x"] * 50 + ["y"] * 50, 2)
    interval = bootstrap_persons(counts.values(), accuracy_of)
    assert (interval.mean, interval.low, interval.high) == (0.5, 0.0, 1.0)
    again = bootstrap_persons(counts.values(), accuracy_of)
    assert again == interval


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_the_bootstrap_interval_covers_the_score(seed):
    rng = np.random.default_rng(seed)
    truth, persons = rng.integers(0, 3, 200), rng.integers(0, 8, 200).astype(str)
    predicted = np.where(rng.random(200) < 0.6, truth, rng.integers(0, 3, 200))
    counts = confusion_by_person(truth, predicted, persons, 3)
    interval = bootstrap_persons(counts.values(), accuracy_of, draws=200)
    assert interval.low <= interval.mean <= interval.high
    assert interval.mean == pytest.approx((truth == predicted).mean())


def test_mcnemar_counts_only_disagreements_and_is_symmetric():
    a = np.array([True] * 50 + [True] * 2 + [False] * 12)
    b = np.array([True] * 50 + [False] * 2 + [True] * 12)
    one, other = mcnemar(a, b), mcnemar(b, a)
    assert (one["gained"], one["lost"]) == (12, 2)
    assert one["p"] == other["p"] == pytest.approx(2 * sum([1, 14, 91]) / 2**14)
    assert mcnemar(a, a)["p"] == 1.0


def test_the_paired_test_is_over_persons():
    persons = np.repeat(["p", "q", "r"], 10)
    a = np.zeros(30, bool)
    b = np.zeros(30, bool)
    b[:2], b[10:13], b[20:24] = True, True, True
    found = person_paired(a, b, persons)
    assert found["difference"] == pytest.approx(0.3) and found["persons"] == 3
    assert found["p"] == pytest.approx(0.0351, abs=1e-3)
    assert person_paired(a, a, persons)["p"] == 1.0
