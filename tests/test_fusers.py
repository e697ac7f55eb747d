"""Fitted fusers: they learn what is there, refuse what leaks, and never see what they judge."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emofuse.core import (
    IN_SAMPLE,
    OUT_OF_FOLD,
    LabelSet,
    PosteriorMismatch,
    Posteriors,
    log_softmax,
    nll,
)
from emofuse.evaluation import evaluate
from emofuse.protocols import LeakageError
from emofuse.training.fusers import (
    METHODS,
    adapt_by_person,
    adapt_posteriors,
    cross_fit,
    fit_fuser,
    fuse,
    fuse_new,
    stack_streams,
)
from emofuse.training.fusers.cross_fit import SPLITS

LABELS = LabelSet("abc", ("a", "b", "c"))
N_FOLDS, N_PERSONS, N_EACH = 3, 12, 30


def make(system: str, *, skill: float, boldness: float = 1.0, seed: int = 0) -> Posteriors:
    """Held-out logits; `boldness` over 1 is over-confidence."""
    n = N_PERSONS * N_EACH
    rng = np.random.default_rng(seed)
    persons = np.repeat(np.arange(N_PERSONS), N_EACH)
    truth = np.arange(n) % 3
    logits = boldness * (rng.normal(size=(n, 3)) + skill * np.eye(3)[truth])
    return Posteriors(
        tuple(f"c{i:03d}" for i in range(n)),
        log_softmax(logits),
        LABELS,
        "log_prob",
        system,
        OUT_OF_FOLD,
        persons % N_FOLDS,
        truth,
        tuple(f"p{p:02d}" for p in persons),
    )


@pytest.fixture
def pair() -> list[Posteriors]:
    return [make("good", skill=2.0, boldness=4.0), make("noise", skill=0.0, boldness=4.0, seed=1)]


def trained_on(part: Posteriors) -> Posteriors:
    """What the same models say about their own training clips: always right, and very sure."""
    sure = log_softmax(12.0 * np.eye(3)[part.truth])
    return replace(part, values=sure, role=IN_SAMPLE, fold=(part.fold + 1) % N_FOLDS)


def both_roles(part: Posteriors) -> Posteriors:
    other = trained_on(part)
    return Posteriors(
        part.clips + other.clips,
        np.vstack([part.values, other.values]),
        LABELS,
        "log_prob",
        part.system,
        np.concatenate([part.role, other.role]),
        np.concatenate([part.fold, other.fold]),
        np.concatenate([part.truth, other.truth]),
        part.subjects + other.subjects,
    )


def test_the_pool_trusts_the_good_stream_and_takes_its_boldness_out(pair):
    fuser = fit_fuser(stack_streams(pair), "pool")
    good, noise = fuser.weights
    assert good == pytest.approx(0.5, abs=0.12)  # skill / boldness, as the logits were drawn
    assert noise < 0.05
    assert fuser.systems == ("good", "noise") and "360 rows of 12 persons" in fuser.fitted_on


def test_class_bias_finds_a_shifted_label(pair):
    shifted = replace(pair[0], values=log_softmax(pair[0].values + np.array([3.0, 0, 0])))
    fuser = fit_fuser(stack_streams([shifted]), "pool-bias")
    assert np.argmin(fuser.class_bias) == 0
    assert fit_fuser(stack_streams([shifted]), "pool").class_bias == ()


def test_temperatures_undo_over_confidence(pair):
    fuser = fit_fuser(stack_streams(pair), "tempered-product")
    assert fuser.temperatures[0] == pytest.approx(2.0, abs=0.5)
    assert fuser.temperatures[1] > 20
    raw = stack_streams(pair)
    assert nll(fuser(raw.log_probs), raw.truth) < nll(
        fit_fuser(raw, "product")(raw.log_probs), raw.truth
    )


def test_stacking_learns_a_stream_whose_labels_are_swapped():
    swapped = make("swapped", skill=3.0)
    swapped = replace(swapped, values=swapped.values[:, [1, 0, 2]])
    assert evaluate(swapped).scores["accuracy"] < 0.5
    found = evaluate(fuse([swapped], method="stacking"))
    assert found.scores["accuracy"] > 0.9


def test_stacking_works_for_two_labels():
    part = make("three", skill=2.0)
    two = part.truth < 2
    binary = Posteriors(
        tuple(np.array(part.clips)[two]),
        part.values[two][:, :2],
        LabelSet("ab", ("a", "b")),
        "logit",
        "two",
        OUT_OF_FOLD,
        part.fold[two],
        part.truth[two],
        tuple(np.array(part.subjects)[two]),
    )
    assert evaluate(fuse([binary], method="stacking")).scores["accuracy"] > 0.85


def test_stacking_chooses_its_penalty_where_one_fold_alone_shows_a_label(recwarn):
    """Inner training without that fold cannot know the label: a low score, not one that is NaN."""
    part = make("rare", skill=3.0)
    kept = part.select((part.truth != 2) | (part.fold == 0))
    fuser = fit_fuser(stack_streams([kept]), "stacking")
    assert not [str(w.message) for w in recwarn if "non-finite" in str(w.message)]
    # With all scores NaN the first, strongest penalty was taken, under which hardly anything is left.
    assert np.abs(fuser.coefficients).max() > 0.2


@pytest.mark.parametrize("method", METHODS)
def test_every_method_answers_normalised_held_out_rows(pair, method):
    fused = fuse(pair, method=method)
    np.testing.assert_allclose(np.exp(fused.values).sum(1), 1, atol=1e-9)
    assert len(fused) == len(pair[0]) and set(fused.role) == {OUT_OF_FOLD}
    assert evaluate(fused).scores["accuracy"] > (0.6 if method != "majority" else 0.5)


def test_nested_selection_takes_a_method_that_can_ignore_noise(pair):
    chosen = fit_fuser(stack_streams(pair), "nested").kind
    assert chosen in ("pool", "stacking", "product")
    nested, mean = (evaluate(fuse(pair, method=m)).scores["nll"] for m in ("nested", "mean"))
    assert nested < mean


@pytest.mark.parametrize("split", ["cross-fitted", "strict"])
def test_no_row_is_fused_by_a_fuser_that_saw_it(pair, split):
    streams = stack_streams(pair)
    for fit_rows, apply_rows in SPLITS[split](streams):
        assert not (fit_rows & apply_rows).any()
        assert not set(streams.persons[fit_rows]) & set(streams.persons[apply_rows])
        same_fold = set(streams.folds[fit_rows]) == set(streams.folds[apply_rows])
        assert same_fold == (split == "strict")
    covered = sum(apply_rows.astype(int) for _, apply_rows in SPLITS[split](streams))
    assert (covered == 1).all()


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from(["cross-fitted", "strict"]))
def test_the_truth_of_a_person_does_not_change_his_own_answers(seed, split):
    rng = np.random.default_rng(seed)
    parts = [make("one", skill=1.0), make("two", skill=1.5, seed=1)]
    person = np.array(parts[0].subjects) == f"p{rng.integers(N_PERSONS):02d}"
    truth = np.where(person, rng.integers(0, 3, len(person)), parts[0].truth)
    lied = [replace(part, truth=truth) for part in parts]
    before, after = fuse(parts, split=split), fuse(lied, split=split)
    person = np.array(before.subjects) == np.array(parts[0].subjects)[person][0]
    np.testing.assert_array_equal(before.values[person], after.values[person])


def test_in_sample_outputs_are_refused_with_an_explanation(pair):
    with pytest.raises(LeakageError, match="in-sample") as caught:
        fuse([both_roles(p) for p in pair])
    assert "out-of-fold" in str(caught.value)


def test_in_sample_fitting_runs_only_when_allowed_and_is_stamped(pair):
    parts = [both_roles(p) for p in pair]
    leaky = fuse(parts, split="in-sample", allow_leakage=True)
    assert {"LEAKY", "IN-SAMPLE"} <= set(leaky.stamps)
    honest = fuse(pair)
    assert not honest.stamps and len(leaky) == len(honest)
    # The noise was always right on its training clips, so the leaky fuser trusts it.
    assert evaluate(leaky).scores["nll"] > 2 * evaluate(honest).scores["nll"]


def test_outputs_that_only_claim_to_be_held_out_are_found_out(pair):
    lying = [replace(trained_on(p), role=OUT_OF_FOLD) for p in pair]
    with pytest.raises(LeakageError, match="declared out_of_fold"):
        fuse_new(lying, pair)
    assert "IN-SAMPLE" in fuse_new(lying, pair, allow_leakage=True).stamps
    folds = [[p.select(p.fold == 0) for p in pair], [p.select(p.fold > 0) for p in pair]]
    assert not fuse_new(folds[1], folds[0]).stamps
    with pytest.raises(PosteriorMismatch, match="same order"):
        fuse_new(folds[1], folds[0][::-1])


def test_unaligned_streams_and_unknown_names_are_refused(pair):
    with pytest.raises(PosteriorMismatch, match="same clips"):
        fuse([pair[0], pair[1].select(np.arange(10))])
    with pytest.raises(ValueError, match="unknown fusion method"):
        fuse(pair, method="magic")
    with pytest.raises(ValueError, match="unknown split"):
        cross_fit(stack_streams(pair), "pool", split="magic")
    with pytest.raises(ValueError, match="no rows to fit on"):
        fuse([p.select(p.fold == 0) for p in pair])


def test_adaptation_removes_what_belongs_to_the_person():
    rng = np.random.default_rng(0)
    persons = np.repeat(["a", "b", "c"], 20)
    signal = rng.normal(size=(60, 2))
    offset = {"a": 5.0, "b": -3.0, "c": 0.0}
    values = signal + np.array([[offset[p]] for p in persons])
    centred = adapt_by_person(values, persons)
    for person in offset:
        np.testing.assert_allclose(centred[persons == person].mean(0), 0, atol=1e-12)
    np.testing.assert_allclose(adapt_by_person(signal, persons), centred, atol=1e-12)
    scaled = adapt_by_person(values * 7, persons, how="zscore")
    np.testing.assert_allclose(scaled[persons == "a"].std(0), 1)


def test_enrolment_never_uses_the_clip_itself():
    values = np.arange(6.0)[:, None]
    adapted = adapt_by_person(values, ["p"] * 6, enrolment_clips=5)
    np.testing.assert_allclose(adapted[:, 0], [v - (15 - v) / 5 for v in range(6)])


@pytest.mark.parametrize("clips, warns", [(1, True), (3, True), (4, False), (None, False)])
def test_too_few_enrolment_clips_warn(clips, warns, recwarn):
    adapt_by_person(np.zeros((8, 1)), ["p"] * 8, enrolment_clips=clips)
    assert bool(recwarn) == warns


def test_adapted_posteriors_carry_their_stamp(pair):
    adapted = adapt_posteriors(pair[0], how="zscore")
    assert adapted.stamps == ("PERSON-ADAPTED",) and adapted.scale == "logit"
    assert "PERSON-ADAPTED" in fuse([adapted.as_scale("log_prob"), pair[1]]).stamps
    with pytest.raises(ValueError, match="centre or zscore"):
        adapt_posteriors(pair[0], how="median")
