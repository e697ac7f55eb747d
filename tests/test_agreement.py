"""Agreement between raters, against the published worked examples."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from emofuse.corpora import icc, krippendorff_alpha

_ = np.nan
# Krippendorff (2011), "Computing Krippendorff's Alpha-Reliability", example C: four observers.
KRIPPENDORFF = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, _, _, _],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, _, 3],
        [_, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, _],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, _],
    ]
)
# Shrout & Fleiss (1979), table 2: four judges (columns there), six targets.
SHROUT_FLEISS = np.array(
    [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
).T


@pytest.mark.parametrize(
    ("level", "alpha"),
    [("nominal", 0.743), ("interval", 0.849), ("ordinal", 0.815), ("ratio", 0.797)],
)
def test_alpha_of_the_published_example(level, alpha):
    assert krippendorff_alpha(KRIPPENDORFF, level=level) == pytest.approx(alpha, abs=5e-4)


@pytest.mark.parametrize(
    ("form", "value"),
    [
        ("ICC(1,1)", 0.17),
        ("ICC(2,1)", 0.29),
        ("ICC(3,1)", 0.71),
        ("ICC(1,k)", 0.44),
        ("ICC(2,k)", 0.62),
        ("ICC(3,k)", 0.91),
    ],
)
def test_icc_of_the_published_example(form, value):
    assert icc(SHROUT_FLEISS, form=form) == pytest.approx(value, abs=5e-3)


def test_words_and_their_codes_agree_alike():
    words = np.array([["sad", "happy", "", "sad"], ["sad", "sad", "happy", "sad"]], dtype=object)
    codes = np.array([[1, 0, _, 1], [1, 1, 0, 1]])
    assert krippendorff_alpha(words) == pytest.approx(krippendorff_alpha(codes))


tables = arrays.arrays(
    float, st.tuples(st.integers(2, 4), st.integers(2, 8)), elements=st.integers(0, 3)
)


@settings(max_examples=50, deadline=None)
@given(tables, st.randoms(use_true_random=False))
def test_the_order_of_raters_and_units_does_not_matter(table, random):
    if len(np.unique(table)) < 2:
        return
    rows, columns = list(range(table.shape[0])), list(range(table.shape[1]))
    random.shuffle(rows)
    random.shuffle(columns)
    for level in ("nominal", "ordinal", "interval", "ratio"):
        alpha = krippendorff_alpha(table, level=level)
        shuffled = krippendorff_alpha(table[rows][:, columns], level=level)
        assert alpha == pytest.approx(shuffled)
        assert alpha <= 1


@settings(max_examples=30, deadline=None)
@given(arrays.arrays(float, 6, elements=st.integers(0, 4), unique=False))
def test_raters_who_say_the_same_agree_fully(row):
    if len(np.unique(row)) < 2:
        return
    table = np.stack([row, row, row])
    assert krippendorff_alpha(table, level="interval") == pytest.approx(1)
    assert icc(table) == pytest.approx(1)


@pytest.mark.parametrize(
    ("measure", "ratings", "why"),
    [
        (krippendorff_alpha, [[1, 1], [1, 1]], "same value"),
        (krippendorff_alpha, [[1, _], [_, 2]], "rated twice"),
        (krippendorff_alpha, [1, 2], "raters, units"),
        (icc, [[1, 2, 3]], "two raters"),
        (icc, [[1, _], [_, 2]], "complete units"),
        (icc, [[1, 1], [1, 1]], "same value"),
    ],
)
def test_what_has_no_agreement_is_said_and_never_nan(measure, ratings, why):
    with pytest.raises(ValueError, match=why):
        measure(np.array(ratings, dtype=float))
