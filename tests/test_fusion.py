"""Invariants of applied fusion: absent means absent, order does not matter, shares add up."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emofuse.core import InputError, log_softmax
from emofuse.fusion import (
    StoredFuser,
    apply_temperature,
    contributions,
    decide,
    log_linear_pool,
    majority_vote,
    max_rule,
    mean_pool,
    product,
    read_fuser,
    reliability_weight,
    write_fuser,
)

RULES = [mean_pool, product, max_rule, majority_vote]


@st.composite
def streams(draw, modalities=None):
    """Random (M, N, C) log-probabilities, (M, N) weights and mask."""
    m = modalities or draw(st.integers(1, 4))
    n, c = draw(st.integers(1, 6)), draw(st.integers(2, 5))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    log_probs = log_softmax(rng.normal(0, draw(st.sampled_from([0.1, 2.0, 30.0])), (m, n, c)))
    return log_probs, rng.uniform(0.05, 2, (m, n)), rng.random((m, n)) < 0.7


@settings(deadline=None)
@given(streams(modalities=1))
def test_one_modality_at_weight_one_is_itself(case):
    log_probs, _, _ = case
    np.testing.assert_allclose(log_linear_pool(log_probs, weights=np.ones(1)), log_probs[0])


@settings(deadline=None)
@given(streams(), st.randoms(use_true_random=False))
def test_the_order_of_modalities_does_not_matter(case, random):
    log_probs, weights, mask = case
    order = list(range(len(log_probs)))
    random.shuffle(order)
    np.testing.assert_allclose(
        log_linear_pool(log_probs, weights=weights, mask=mask),
        log_linear_pool(log_probs[order], weights=weights[order], mask=mask[order]),
        atol=1e-9,
    )
    for rule in RULES:
        np.testing.assert_allclose(
            rule(log_probs, mask=mask), rule(log_probs[order], mask=mask[order]), atol=1e-9
        )


@settings(deadline=None)
@given(streams())
def test_an_absent_modality_has_no_influence_even_as_nan(case):
    log_probs, weights, mask = case
    hidden = np.where(mask[..., None], log_probs, np.nan)
    nan_weights = np.where(mask, weights, np.nan)
    expected = log_linear_pool(log_probs, weights=weights * mask)
    fused = log_linear_pool(hidden, weights=nan_weights, mask=mask)
    np.testing.assert_allclose(fused, expected, atol=1e-9)
    shares = contributions(hidden, winner=fused.argmax(1), weights=nan_weights, mask=mask)
    assert np.isfinite(shares).all() and (shares[~mask] == 0).all()
    for rule in RULES:
        only = [
            rule(log_probs[mask[:, i]][:, [i]])[0] if mask[:, i].any() else None
            for i in range(mask.shape[1])
        ]
        uniform = -np.log(log_probs.shape[2])
        for got, want in zip(rule(hidden, mask=mask), only, strict=True):
            np.testing.assert_allclose(got, uniform if want is None else want, atol=1e-9)


@settings(deadline=None)
@given(streams())
def test_shares_are_not_negative_and_sum_to_one(case):
    log_probs, weights, mask = case
    fused = log_linear_pool(log_probs, weights=weights, mask=mask)
    shares = contributions(log_probs, winner=fused.argmax(1), weights=weights, mask=mask)
    assert (shares >= 0).all()
    np.testing.assert_allclose(shares.sum(0), mask.any(0).astype(float), atol=1e-9)


@settings(max_examples=30, deadline=None)
@given(streams())
def test_every_rule_answers_normalised_log_probabilities(case):
    log_probs, weights, mask = case
    fused = [rule(log_probs, mask=mask) for rule in RULES]
    fused.append(log_linear_pool(log_probs, weights=weights, mask=mask))
    for values in fused:
        np.testing.assert_allclose(np.exp(values).sum(1), 1, atol=1e-9)


def test_a_shared_prior_is_counted_once():
    prior = np.log([0.7, 0.2, 0.1])
    # Two models that learned nothing but the prior: the fused answer is that prior, not its square.
    both = np.stack([prior[None], prior[None]])
    fused = log_linear_pool(
        both, weights=np.ones(2), log_priors=np.stack([prior, prior]), target_log_prior=prior
    )
    np.testing.assert_allclose(np.exp(fused[0]), [0.7, 0.2, 0.1])
    without = log_linear_pool(both, weights=np.ones(2))
    assert np.exp(without[0, 0]) > 0.85


def test_no_modality_at_all_answers_the_target_prior():
    prior = np.log([0.6, 0.4])
    fused = log_linear_pool(
        np.full((2, 1, 2), np.nan),
        weights=np.ones(2),
        target_log_prior=prior,
        mask=np.zeros((2, 1), bool),
    )
    np.testing.assert_allclose(fused[0], prior)


def test_the_modality_that_argues_for_the_winner_gets_the_share():
    log_probs = np.log([[[0.8, 0.1, 0.1]], [[0.2, 0.4, 0.4]]])
    shares = contributions(log_probs, winner=np.array([0]), weights=np.ones(2))
    np.testing.assert_allclose(shares[:, 0], [1, 0])
    flat = np.full((2, 1, 3), -np.log(3))
    np.testing.assert_allclose(
        contributions(flat, winner=np.array([0]), weights=np.array([3.0, 1.0]))[:, 0], [0.75, 0.25]
    )


def test_the_majority_wins_over_confidence_and_confidence_breaks_ties():
    log_probs = np.log([[[0.51, 0.49]], [[0.52, 0.48]], [[0.01, 0.99]]])
    assert majority_vote(log_probs)[0].argmax() == 0
    assert majority_vote(log_probs[1:])[0].argmax() == 1
    assert mean_pool(log_probs)[0].argmax() == 1


@pytest.mark.parametrize(
    "nll, weight", [(0.0, 1.0), (np.log(8), 0.0), (9.0, 0.0), (np.log(8) / 2, 0.5)]
)
def test_reliability_is_skill_over_a_uniform_guess(nll, weight):
    assert reliability_weight(nll, 8) == pytest.approx(weight)


def test_weights_must_not_be_negative_and_shapes_must_fit():
    with pytest.raises(ValueError, match="weights"):
        log_linear_pool(np.zeros((1, 1, 2)), weights=np.array([-1.0]))
    with pytest.raises(ValueError, match="modalities"):
        log_linear_pool(np.zeros((1, 2)), weights=np.ones(1))


@settings(deadline=None)
@given(streams(), st.floats(0.1, 10))
def test_temperature_keeps_the_order_of_classes(case, temperature):
    log_probs = case[0][0]
    scaled = apply_temperature(log_probs, temperature)
    assert (np.diff(np.take_along_axis(scaled, log_probs.argsort(1), 1)) >= -1e-9).all()
    np.testing.assert_allclose(apply_temperature(log_probs, 1.0), log_probs, atol=1e-9)


def test_decide_abstains_on_weak_thin_and_missing_evidence():
    log_prob = np.log([[0.9, 0.1], [0.55, 0.45], [0.9, 0.1], [np.nan, np.nan]])
    uncertain = decide(log_prob, np.array([1, 1, 0.1, 1]), min_probability=0.6, min_coverage=0.3)
    assert uncertain.tolist() == [False, True, True, True]


def fuser(kind, **parameters):
    return StoredFuser(kind, ("a", "b"), "high-low", ("low", "high"), **parameters)


@pytest.mark.parametrize(
    "stored",
    [
        fuser("mean"),
        fuser("pool", weights=(0.4, 0.6), class_bias=(0.1, -0.1), stamps=("LEAKY",)),
        fuser("stacking", coefficients=((1, 0, 1, 0), (0, 1, 0, 1)), intercept=(0, 0.5)),
    ],
    ids=lambda stored: stored.kind,
)
def test_a_stored_fuser_survives_its_file(tmp_path, stored):
    read = read_fuser(write_fuser(stored, tmp_path / "fuser.json"))
    assert read == stored
    log_probs = log_softmax(np.random.default_rng(0).normal(size=(2, 5, 2)))
    np.testing.assert_array_equal(read(log_probs), stored(log_probs))
    np.testing.assert_allclose(np.exp(read(log_probs)).sum(1), 1)


def test_identity_stacking_is_the_product_and_refuses_a_gap():
    stored = fuser("stacking", coefficients=((1, 0, 1, 0), (0, 1, 0, 1)), intercept=(0, 0))
    log_probs = log_softmax(np.random.default_rng(0).normal(size=(2, 5, 2)))
    np.testing.assert_allclose(stored(log_probs), product(log_probs))
    with pytest.raises(ValueError, match="every modality"):
        stored(log_probs, mask=np.array([[True] * 5, [False] * 5]))


def test_bad_fuser_files_are_refused_with_a_reason(tmp_path):
    bad = tmp_path / "bad.json"
    bad.write_text('{"kind": "pool", "surprise": 1}')
    with pytest.raises(InputError, match="not a stored fuser"):
        read_fuser(bad)
    with pytest.raises(InputError, match="no such file"):
        read_fuser(tmp_path / "none.json")
