"""How far raters agree: Krippendorff's alpha and the intraclass correlations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np

Level = Literal["nominal", "ordinal", "interval", "ratio"]
Form = Literal["ICC(1,1)", "ICC(2,1)", "ICC(3,1)", "ICC(1,k)", "ICC(2,k)", "ICC(3,k)"]


def krippendorff_alpha(ratings: np.ndarray, *, level: Level = "nominal") -> float:
    """Krippendorff's alpha of `ratings` (raters, units); NaN, None or "" where a rater skipped.

    1 is perfect agreement, 0 what chance gives, below 0 systematic disagreement. Nominal values
    may be words. Units that fewer than two raters rated carry nothing. Krippendorff (2011),
    "Computing Krippendorff's Alpha-Reliability". Raises `ValueError` where alpha has no value:
    no unit with two ratings, or only one value in all of them.
    """
    if level not in _DISTANCE:
        raise ValueError(f"level {level!r} is none of {', '.join(_DISTANCE)}")
    values, counts = _value_counts(np.asarray(ratings), level)
    counts = counts[counts.sum(1) > 1]
    raters = counts.sum(1, keepdims=True)
    if not len(counts):
        raise ValueError("no unit was rated twice, so there is no agreement to measure")
    # A unit's pairs of ratings, each weighted so that every rating counts once in all.
    pairs = counts[:, :, None] * (counts[:, None, :] - np.eye(len(values)))
    coincidence = (pairs / (raters[:, :, None] - 1)).sum(0)
    totals = coincidence.sum(0)
    distance = _DISTANCE[level](values, totals)
    expected = (np.outer(totals, totals) * distance).sum() / (totals.sum() - 1)
    if expected == 0:
        raise ValueError("all ratings are the same value, so agreement is not defined")
    return float(1 - (coincidence * distance).sum() / expected)


def _value_counts(ratings: np.ndarray, level: Level) -> tuple[np.ndarray, np.ndarray]:
    """Sorted values (V,) and how often each was given to each unit (U, V)."""
    if ratings.ndim != 2:
        raise ValueError(f"ratings must be (raters, units), got {ratings.shape}")
    there = np.vectorize(lambda value: value not in (None, "") and value == value, otypes=[bool])
    mask = there(ratings)
    kind = str if level == "nominal" and ratings.dtype.kind in "OUS" else float
    values, codes = np.unique(ratings[mask].astype(kind), return_inverse=True)
    counts = np.zeros((ratings.shape[1], len(values)))
    np.add.at(counts, (np.nonzero(mask)[1], codes), 1)
    return values, counts


def _nominal(values: np.ndarray, totals: np.ndarray) -> np.ndarray:
    return 1.0 - np.eye(len(values))


def _ordinal(values: np.ndarray, totals: np.ndarray) -> np.ndarray:
    """Squared number of ratings that lie between two ranks, half of the ends included."""
    middle = np.cumsum(totals) - totals / 2
    return (middle[:, None] - middle[None, :]) ** 2


def _interval(values: np.ndarray, totals: np.ndarray) -> np.ndarray:
    return (values[:, None] - values[None, :]) ** 2


def _ratio(values: np.ndarray, totals: np.ndarray) -> np.ndarray:
    total = values[:, None] + values[None, :]
    difference = values[:, None] - values[None, :]
    return np.divide(difference, total, out=np.zeros_like(total), where=total != 0) ** 2


_DISTANCE: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "nominal": _nominal,
    "ordinal": _ordinal,
    "interval": _interval,
    "ratio": _ratio,
}


def icc(ratings: np.ndarray, *, form: Form = "ICC(2,1)") -> float:
    """Intraclass correlation of numeric `ratings` (raters, units).

    The first figure is Shrout & Fleiss's model (1: other raters for each unit, 2: raters drawn at
    random, 3: these raters), the second whether one rater's answer or the mean of all k is meant.
    Units that not everybody rated are left out. Shrout & Fleiss (1979), Psychological Bulletin
    86(2) 420-428. Raises `ValueError` with fewer than two raters or two complete units, or where
    all ratings are equal.
    """
    if form not in _ICC:
        raise ValueError(f"form {form!r} is none of {', '.join(_ICC)}")
    table = np.asarray(ratings, dtype=float)
    table = table[:, ~np.isnan(table).any(0)].T
    n, k = table.shape
    if n < 2 or k < 2:
        raise ValueError(f"needs two raters and two complete units, got {k} and {n}")
    mean = table.mean()
    between = k * ((table.mean(1) - mean) ** 2).sum() / (n - 1)
    raters = n * ((table.mean(0) - mean) ** 2).sum() / (k - 1)
    within = ((table - table.mean(1, keepdims=True)) ** 2).sum() / (n * (k - 1))
    residual = max(0.0, (within * n - raters) / (n - 1))
    top, bottom = _ICC[form](between, raters, within, residual, n, k)
    if bottom == 0:
        raise ValueError("all ratings are the same value, so agreement is not defined")
    return float(top / bottom)


# Each form's numerator and denominator from the mean squares between units (b), of raters (j),
# within units (w) and of the residual (e), for n units and k raters.
_ICC: dict[str, Callable[[float, float, float, float, int, int], tuple[float, float]]] = {
    "ICC(1,1)": lambda b, j, w, e, n, k: (b - w, b + (k - 1) * w),
    "ICC(2,1)": lambda b, j, w, e, n, k: (b - e, b + (k - 1) * e + k * (j - e) / n),
    "ICC(3,1)": lambda b, j, w, e, n, k: (b - e, b + (k - 1) * e),
    "ICC(1,k)": lambda b, j, w, e, n, k: (b - w, b),
    "ICC(2,k)": lambda b, j, w, e, n, k: (b - e, b + (j - e) / n),
    "ICC(3,k)": lambda b, j, w, e, n, k: (b - e, b),
}
