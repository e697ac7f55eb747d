"""The audio-video and EEG cascade: same moment of the same person, and what independence gives."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("sklearn", reason="needs the research extra")

from emofuse.core import IN_SAMPLE, OUT_OF_FOLD, PosteriorMismatch, Posteriors, label_set
from emofuse.protocols import LeakageError
from emofuse.systems.audit import audit
from emofuse.systems.audit.eeg import AV_CONFUSION, EEG_CONFUSION, simulate_meta
from emofuse.systems.cascade import (
    META_MODELS,
    cascade,
    confusion_of,
    independent,
    independent_expert,
    label_paired,
    published_meta,
    report,
)

LABELS = label_set("esposito4")
PERSONS = 6


def halves(seed: int = 0, n: int = 240) -> tuple[Posteriors, Posteriors]:
    """Audio-video tells the first bit of the label, EEG the second; both are sure of it."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 4, n)
    persons = np.arange(n) % PERSONS

    def part(system: str, bit: np.ndarray) -> Posteriors:
        logits = rng.normal(0, 0.3, (n, 4)) + 3 * (bit[:, None] == (np.arange(4) // step) % 2)
        return Posteriors(
            clips=tuple(f"moment-{i:03}" for i in range(n)),
            values=logits,
            label_set=LABELS,
            scale="logit",
            system=system,
            role=OUT_OF_FOLD,
            fold=persons,
            truth=truth,
            subjects=tuple(f"p{p}" for p in persons),
        )

    parts = []
    for system, step in (("av", 2), ("eeg", 1)):
        parts.append(part(system, truth // step % 2))
    return tuple(parts)


def test_the_published_confusions_alone_give_the_published_gain():
    assert independent(AV_CONFUSION, EEG_CONFUSION, prior=AV_CONFUSION.sum(1)) == pytest.approx(
        0.879, abs=0.0005
    )
    assert independent(AV_CONFUSION, EEG_CONFUSION) == pytest.approx(0.857, abs=0.0005)


def test_the_published_meta_model_gains_on_experts_that_know_nothing_of_each_other():
    scores = [simulate_meta(seed=seed) for seed in range(6)]
    assert 0.84 < np.mean(scores) < 0.90
    assert np.mean(scores) > np.trace(AV_CONFUSION) / AV_CONFUSION.sum() + 0.03


def test_the_closed_form_is_what_counting_gives():
    rng = np.random.default_rng(0)
    share = AV_CONFUSION.sum(1) / AV_CONFUSION.sum()
    truth = rng.choice(4, 20_000, p=share)
    first, second = (
        independent_expert(c, truth, label_set=LABELS, system=name, seed=[7, i])
        for i, (name, c) in enumerate((("av", AV_CONFUSION), ("eeg", EEG_CONFUSION)))
    )
    np.testing.assert_allclose(
        confusion_of(first) / confusion_of(first).sum(1, keepdims=True),
        AV_CONFUSION / AV_CONFUSION.sum(1, keepdims=True),
        atol=0.02,
    )
    pair = 4 * first.values.argmax(1) + second.values.argmax(1)
    counts = np.zeros((16, 4))
    np.add.at(counts, (pair, truth), 1)
    expected = independent(AV_CONFUSION, EEG_CONFUSION, prior=share)
    assert counts.max(1).sum() / len(truth) == pytest.approx(expected, abs=0.015)


@settings(deadline=None, max_examples=30)
@given(st.integers(2, 6), st.integers(0, 10_000))
def test_a_second_opinion_never_hurts_the_best_answer(size, seed):
    rng = np.random.default_rng(seed)
    first, second = rng.integers(1, 50, (2, size, size))
    prior = rng.dirichlet(np.ones(size))
    together = independent(first, second, prior=prior)
    for alone in (first, second):
        accuracy = (prior * np.diag(alone) / alone.sum(1)).sum()
        assert together >= accuracy - 1e-12
    blind = np.ones((size, size))
    joint = prior[:, None] * first / first.sum(1, keepdims=True)
    assert independent(first, blind, prior=prior) == pytest.approx(joint.max(0).sum())


@pytest.mark.parametrize("meta", META_MODELS)
def test_what_each_half_knows_comes_together(meta):
    av, eeg = halves()
    fused = cascade(av, eeg, meta=meta)
    found = report(av, eeg, fused)
    assert found.av.scores["accuracy"] < 0.65 and found.eeg.scores["accuracy"] < 0.65
    assert found.fused.scores["accuracy"] > 0.95
    assert found.difference.accuracy_b - found.difference.accuracy_a > 0.3
    assert fused.stamps == ()
    assert set(fused.subjects) == set(av.subjects)


def test_other_people_moments_and_in_sample_rows_are_refused():
    from dataclasses import replace

    av, eeg = halves()
    with pytest.raises(PosteriorMismatch, match="different people"):
        cascade(av, replace(eeg, subjects=eeg.subjects[1:] + eeg.subjects[:1]))
    with pytest.raises(PosteriorMismatch, match="same clips"):
        cascade(av, eeg.select(np.arange(100)))
    with pytest.raises(LeakageError):
        cascade(replace(av, role=np.full(len(av), IN_SAMPLE)), eeg)
    with pytest.raises(ValueError, match="logistic, log-linear"):
        cascade(av, eeg, meta="deep")


def test_label_pairing_pairs_people_and_is_stamped():
    av, eeg = halves(seed=1)
    eeg = eeg.select(np.arange(0, 240, 2))
    first, second = label_paired(av, eeg)
    assert len(first) == len(second) <= 120
    assert first.clips == second.clips
    assert "LEAKY" in first.stamps and "LEAKY" in second.stamps
    row_of = {tuple(row): i for i, row in enumerate(eeg.values)}
    taken = [row_of[tuple(row)] for row in second.values]
    assert len(set(taken)) == len(taken)  # no EEG row twice
    np.testing.assert_array_equal(eeg.truth[taken], first.truth)
    assert sum(eeg.clips[i] != clip for i, clip in zip(taken, first.clips, strict=True)) > 60
    answer = published_meta((first, second), (first, second))
    assert "LEAKY" in answer.stamps
    np.testing.assert_allclose(np.exp(answer.values).sum(1), 1)


def test_audit_has_the_control_beside_the_claim(tmp_path):
    rows = {row["name"]: row for row in audit("av-eeg-cascade", tmp_path)["rows"]}
    assert rows["meta-model (cascade)"]["claimed"] == 91.0
    assert "LEAKY" in rows["meta-model (cascade)"]["stamp"]
    control = [row["as_published"] for name, row in rows.items() if "closed form" in name]
    assert control == [pytest.approx(87.87, abs=0.01), pytest.approx(85.73, abs=0.01)]
    (leak,) = [row for name, row in rows.items() if "without any emotion" in name]
    assert leak["as_published"] > leak["honest"] + 40
    assert leak["honest"] < 40 and leak["strict"] < 40
