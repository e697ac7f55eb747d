"""Track, Posteriors, Outcome, Timeline: what they refuse and what they keep."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emofuse.core import (
    IN_SAMPLE,
    OUT_OF_FOLD,
    Estimate,
    LabelSet,
    Moment,
    PosteriorMismatch,
    Posteriors,
    Source,
    Timeline,
    Track,
    align,
    assemble_person,
    label_map,
    label_set,
)
from emofuse.core.outcome import OUTCOMES, Silence, outcome_from_dict

TWO = LabelSet("two", ("happy", "sad"))


def posteriors(clips=("a", "b"), values=None, **changes):
    values = np.eye(2)[: len(clips)] if values is None else values
    given = {"label_set": TWO, "scale": "prob", "system": "s", "role": OUT_OF_FOLD, "truth": [0, 1]}
    return Posteriors(clips, values, **{**given, **changes})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"scale": "percent"}, "scale"),
        ({"values": np.ones((2, 3)) / 3}, "labels"),
        ({"values": np.array([[np.nan, 1], [0, 1]])}, "NaN"),
        ({"values": np.ones((2, 2))}, "sum to 1"),
        ({"role": "train"}, "roles"),
    ],
)
def test_posteriors_refuse_what_is_not_one(changes, message):
    values = changes.pop("values", None)
    with pytest.raises(PosteriorMismatch, match=message):
        posteriors(values=values, **changes)


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (posteriors(label_set=LabelSet("back", ("sad", "happy"))), "order"),
        (posteriors(scale="log_prob"), "as_scale"),
        (posteriors(clips=("a", "c")), "same clips"),
        (posteriors(fold=3), "same clips, folds"),
        (posteriors(role=IN_SAMPLE), "same clips, folds and roles"),
        (posteriors(truth=[1, 0]), "true labels"),
        (posteriors(clips=("a", "a")), "twice"),
    ],
)
def test_align_refuses_what_does_not_belong_together(other, message):
    with pytest.raises(PosteriorMismatch, match=message):
        align([posteriors(), other])


def test_align_brings_rows_into_one_order():
    other = posteriors(clips=("b", "a"), values=np.eye(2)[::-1], truth=[1, 0])
    first, second = align([posteriors(), other])
    assert first.clips == second.clips == ("a", "b")
    assert np.array_equal(first.values, second.values)


@given(st.permutations(range(8)))
def test_reorder_moves_truth_with_the_columns(order):
    source = label_set("ravdess8")
    target = LabelSet("moved", tuple(source.labels[i] for i in order))
    values = np.random.default_rng(1).dirichlet(np.ones(8), 5)
    before = Posteriors(
        tuple("abcde"), values, source, "prob", "s", OUT_OF_FOLD, truth=values.argmax(1)
    )
    after = before.reorder(target)
    assert np.array_equal(after.values.argmax(1), after.truth)
    assert np.allclose(after.reorder(source).values, values)


def test_mapping_leaves_out_clips_whose_label_is_dropped():
    seven = label_set("emodb7")
    before = Posteriors(
        ("a", "b"),
        np.full((2, 7), 1 / 7),
        seven,
        "prob",
        "s",
        OUT_OF_FOLD,
        truth=[seven.index("boredom"), seven.index("sad")],
    )
    after = before.mapped(label_map(seven, label_set("basic7")))
    assert after.clips == ("b",)
    assert after.truth.tolist() == [label_set("basic7").index("sad")]


def test_logits_cannot_be_recovered_from_probabilities():
    with pytest.raises(PosteriorMismatch):
        posteriors().as_scale("logit")


def test_a_track_needs_one_clock_and_a_fitting_mask():
    with pytest.raises(ValueError, match="exactly one"):
        Track(np.zeros(3))
    with pytest.raises(ValueError, match="mask"):
        Track(np.zeros(3), rate_hz=1.0, mask=[True])
    with pytest.raises(ValueError, match="decrease"):
        Track(np.zeros(2), timestamps=[1.0, 0.5])


@given(st.integers(0, 40), st.floats(0.1, 50), st.floats(-1, 5), st.floats(0, 3), st.floats(0, 3))
def test_the_parts_of_a_track_are_the_track(n, rate, start, first, second):
    track = Track(np.arange(n), start_seconds=start, rate_hz=rate)
    middle, end = start + first, start + first + second
    parts = [track.between(start - 1, middle), track.between(middle, end), track.between(end, 1e9)]
    assert np.concatenate([part.values for part in parts]).tolist() == list(range(n))


def test_outcomes_survive_a_dictionary():
    for kind in OUTCOMES.values():
        outcome = kind("voice", 0.5, 1.0, detail="x")
        assert outcome_from_dict(outcome.to_dict()) == outcome
    with pytest.raises(ValueError, match="unknown outcome"):
        outcome_from_dict({"kind": "Sneeze"})
    assert Silence("voice", 0, 1) != OUTCOMES["NoSpeech"]("voice", 0, 1)


def timeline(answers, hop=0.5, window=2.0, duration=None):
    """A one-person timeline whose fused label per window is given (None: nothing known)."""
    moments = {}
    for i, answer in enumerate(answers):
        if answer is not None:
            fused = np.array([0.8, 0.2] if answer == "happy" else [0.1, 0.9])
            estimates = {"face": Estimate("face", fused, 1.0, 1.0, 1.0, 1.0)}
            moments[i] = Moment("person-1", estimates, fused, answer == "unsure", 1.0)
    person = assemble_person("person-1", moments, ("face",), TWO, len(answers))
    starts = np.arange(len(answers)) * hop
    duration = starts[-1] + window if duration is None else duration
    source = Source("clip", "0" * 64, duration)
    return Timeline(source, TWO, window, hop, starts, ("face",), (person,))


@given(st.lists(st.sampled_from(["happy", "sad", "unsure", None]), min_size=1, max_size=30))
def test_segments_tile_the_answered_time_without_overlap(answers):
    line = timeline(answers)
    segments = line.segments("person-1")
    for before, after in pairwise(segments):
        assert before.end_seconds <= after.start_seconds + 1e-9
        touching = abs(before.end_seconds - after.start_seconds) < 1e-9
        assert not touching or before.label != after.label
    known = sum(s.end_seconds - s.start_seconds for s in segments)
    cells = np.diff(line.cell_edges)
    assert known == pytest.approx(sum(c for c, a in zip(cells, answers, strict=True) if a))


def test_cells_reach_from_the_start_to_the_end():
    edges = timeline(["happy"] * 4, duration=3.3).cell_edges
    assert edges.tolist() == pytest.approx([0, 1.25, 1.75, 2.25, 3.3])


def test_missing_moments_are_none_in_records_and_nan_in_arrays():
    line = timeline(["happy", None, "unsure"])
    records = list(line.to_records())
    assert [r["label"] for r in records] == ["happy", None, "uncertain"]
    assert records[1]["fused_happy"] is None and records[1]["valence_derived"] is None
    assert np.isnan(line.persons[0].fused[1]).all()
    assert not any(isinstance(v, float) and np.isnan(v) for r in records for v in r.values())


def test_derived_valence_has_the_right_sign():
    line = timeline(["happy", "sad"])
    derived = line.valence_arousal("person-1")
    assert derived[0, 0] > 0.3 and derived[1, 0] < -0.3
