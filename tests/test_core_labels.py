"""Label sets and maps: order, merging, refusing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from emofuse.core import LABEL_SETS, LabelError, LabelMap, LabelSet, label_map, label_set

SETS = sorted(LABEL_SETS)


def shared_pairs():
    for source in SETS:
        for target in SETS:
            try:
                yield label_map(label_set(source), label_set(target))
            except LabelError:
                continue


PAIRS = list(shared_pairs())


def test_the_published_orders_are_not_the_same():
    ravdess, alphabetical = label_set("ravdess8"), label_set("ravdess8-alphabetical")
    # specs of the late-fusion system: alphabetical columns [5,1,4,6,0,3,2,7] give RAVDESS order
    assert ravdess.columns_from(alphabetical).tolist() == [5, 1, 4, 6, 0, 3, 2, 7]


@pytest.mark.parametrize("labels", [(), ("happy", "happy")])
def test_an_empty_or_repeating_set_is_refused(labels):
    with pytest.raises(LabelError):
        LabelSet("odd", labels)


def test_unknown_names_say_what_is_known():
    with pytest.raises(LabelError, match="basic7"):
        label_set("nothing")
    with pytest.raises(LabelError, match="basic7"):
        label_set("basic7").index("bored")


@given(st.sampled_from(PAIRS), st.data())
def test_a_map_keeps_probability(pair: LabelMap, data):
    values = data.draw(
        arrays(float, (3, len(pair.source)), elements=st.floats(0.001, 1.0, allow_nan=False))
    )
    values /= values.sum(1, keepdims=True)
    mapped = pair.probabilities(values)
    assert mapped.shape == (3, len(pair.target))
    assert np.allclose(mapped.sum(1), 1)
    assert (mapped >= 0).all()
    for label in pair.unreachable:
        assert (mapped[:, pair.target.index(label)] == 0).all()


@given(st.sampled_from(SETS), st.randoms())
def test_a_permutation_and_back_is_the_identity(name, random):
    source = label_set(name)
    shuffled = list(source.labels)
    random.shuffle(shuffled)
    target = LabelSet("shuffled", tuple(shuffled))
    values = np.random.default_rng(0).dirichlet(np.ones(len(source)), 4)
    there = label_map(source, target).probabilities(values)
    back = label_map(target, source).probabilities(there)
    assert np.allclose(back, values)
    assert np.allclose(there, values[:, target.columns_from(source)])


def test_calm_is_merged_and_said_so():
    to = label_map(label_set("ravdess8"), label_set("basic7"))
    assert to.merges == {"neutral": ("neutral", "calm")}
    assert "neutral + calm → neutral" in to.describe()


def test_contempt_is_not_calm():
    assert label_map(label_set("affectnet8"), label_set("ravdess8"))("contempt") == "disgust"


def test_spellings_meet():
    to = label_map(label_set("meld7"), label_set("basic7"))
    assert [to(name) for name in label_set("meld7")] == [
        "neutral",
        "happy",
        "surprise",
        "angry",
        "sad",
        "disgust",
        "fear",
    ]


def test_goemotions_follow_the_published_ekman_grouping():
    to = label_map(label_set("goemotions28"), label_set("ekman7"))
    assert not to.dropped and not to.unreachable
    assert to("annoyance") == "anger" and to("relief") == "joy" and to("curiosity") == "surprise"


def test_a_map_must_cover_its_source():
    with pytest.raises(LabelError, match="each of its labels"):
        LabelMap(LabelSet("a", ("x", "y")), LabelSet("b", ("x",)), (("x", "x"),))


def test_sets_without_a_common_label_are_refused():
    with pytest.raises(LabelError, match="share no label"):
        label_map(label_set("mosi2"), label_set("basic7"))
