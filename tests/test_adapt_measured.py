"""How the worth of a person's average is measured: on people with a leaning of their own."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="needs the research extra")

from emofuse.core import OUT_OF_FOLD, Posteriors, label_set
from emofuse.evaluation import evaluate
from emofuse.systems import person_adaptation
from emofuse.systems.audit.xlsr_data import FeatureTable
from emofuse.systems.person_adaptation import (
    ALL,
    answer_curves,
    feature_curve,
    matched,
    out_of_fold,
    shifted,
    unit_model,
)

LABELS = label_set("iemocap4")
PERSONS, CLIPS_EACH = 8, 60


@pytest.fixture(scope="module")
def people():
    """Clean signals of four labels, and a leaning a person that is twice as large."""
    rng = np.random.default_rng(0)
    truth = np.tile(np.arange(4), PERSONS * CLIPS_EACH // 4)
    person = np.repeat(np.arange(PERSONS), CLIPS_EACH)
    leaning = rng.normal(0, 2, (PERSONS, 4))
    signal = 2 * np.eye(4)[truth] + leaning[person] + rng.normal(0, 0.5, (len(truth), 4))
    return signal, truth, person


@pytest.fixture
def table(people):
    signal, truth, person = people
    return FeatureTable(
        signal,
        tuple(f"c{i}" for i in range(len(truth))),
        tuple(f"p{i}" for i in person),
        truth,
        person % 4,
        LABELS,
    )


@pytest.fixture
def answers(people, table):
    signal, truth, _ = people
    return Posteriors(
        clips=table.clips,
        values=signal,
        label_set=LABELS,
        scale="logit",
        system="made",
        role=OUT_OF_FOLD,
        fold=table.folds,
        truth=truth,
        subjects=table.subjects,
    )


@pytest.fixture(autouse=True)
def few_points(monkeypatch):
    monkeypatch.setattr(person_adaptation, "CLIPS", (1, 15, ALL))
    monkeypatch.setattr(person_adaptation, "DRAWS", 2)


def accuracy(posteriors):
    return evaluate(posteriors).scores["accuracy"]


def test_a_share_of_nothing_changes_nothing(answers):
    np.testing.assert_allclose(shifted(answers, 0.0).values, answers.log_prob, atol=1e-12)


def test_the_more_of_the_leaning_is_taken_out_the_better(answers):
    plain, half, all_of_it = (accuracy(shifted(answers, share)) for share in (0.0, 0.5, 1.0))
    assert plain + 0.1 < half < all_of_it
    assert all_of_it > 0.95
    assert shifted(answers, 0.5).stamps == ("PERSON-ADAPTED",)


def test_matched_answers_follow_the_label_mix(answers):
    found = matched(answers)
    of = np.array(found.subjects)
    for person in set(found.subjects):
        np.testing.assert_allclose(np.exp(found.values[of == person]).mean(0), 0.25, atol=1e-3)


def test_curves_rise_with_the_clips_and_choose_on_other_folds(answers):
    found = answer_curves(answers)
    curve = found["curves"]["share 1"]
    assert [point["clips"] for point in curve] == [1, 15, 60]
    assert curve[0]["accuracy"] < curve[1]["accuracy"]
    assert curve[0]["accuracy_sd"] > 0 and curve[-1]["accuracy_sd"] == 0
    assert set(found["nested"]["share_by_fold"].values()) == {1.0}
    assert found["plain"]["accuracy"] == pytest.approx(accuracy(answers), abs=1e-4)


def test_features_are_adapted_with_the_persons_other_clips_only(table):
    plain = out_of_fold(unit_model(), table, system="made")
    adapted = out_of_fold(unit_model(), table, system="made", enrolment_clips=ALL)
    assert plain.stamps == () and adapted.stamps == ("PERSON-ADAPTED",)
    assert accuracy(adapted) > accuracy(plain) + 0.1
    curve = feature_curve(unit_model(), table, system="made")["curve"]
    assert curve[0]["accuracy"] < curve[-1]["accuracy"]
