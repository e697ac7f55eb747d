"""How sure a score is: over folds, over persons, and between two systems.

Clips of one person are not independent, so no interval here counts clips.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from .metrics import confusion_counts

LEVEL = 0.95
DRAWS = 2000
SEED = 2020


@dataclass(frozen=True)
class Interval:
    """A mean with its bounds at `level`; `over` says what was counted (folds, persons)."""

    mean: float
    low: float
    high: float
    over: str
    n: int
    level: float = LEVEL


def t_interval(values: Sequence[float], *, over: str = "folds", level: float = LEVEL) -> Interval:
    """Student-t interval of a few independent values. One value has no spread: low = high."""
    values = np.asarray(values, dtype=float)
    mean, n = float(values.mean()), len(values)
    half = 0.0
    if n > 1:
        half = float(stats.t.ppf((1 + level) / 2, n - 1) * values.std(ddof=1) / np.sqrt(n))
    return Interval(mean, mean - half, mean + half, over, n, level)


def confusion_by_person(
    truth: np.ndarray, predicted: np.ndarray, persons: Sequence[str], n_labels: int
) -> dict[str, np.ndarray]:
    """Each person's (C, C) confusion counts."""
    persons = np.asarray(persons)
    return {
        str(person): confusion_counts(
            truth[persons == person], predicted[persons == person], n_labels
        )
        for person in np.unique(persons)
    }


def bootstrap_persons(
    confusions: Sequence[np.ndarray],
    score: Callable[[np.ndarray], np.ndarray],
    *,
    draws: int = DRAWS,
    seed: int = SEED,
    level: float = LEVEL,
) -> Interval:
    """Cluster bootstrap: persons are drawn with replacement, each with all of his clips.

    `score` turns (..., C, C) counts into a number. Percentile bounds (Efron & Tibshirani 1993).
    """
    counts = np.stack(list(confusions))
    picks = np.random.default_rng(seed).integers(0, len(counts), (draws, len(counts)))
    times = np.apply_along_axis(np.bincount, 1, picks, minlength=len(counts))
    drawn = score(np.tensordot(times, counts, axes=1))
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return Interval(
        float(score(counts.sum(0))), float(low), float(high), "persons", len(counts), level
    )


def mcnemar(right_a: np.ndarray, right_b: np.ndarray) -> dict:
    """Exact McNemar test on the clips where only one system is right.

    `gained` counts those only `b` has right, `lost` those only `a` has. It treats clips as
    independent, which flatters: read it beside `person_paired`.
    """
    gained = int((~right_a & right_b).sum())
    lost = int((right_a & ~right_b).sum())
    p = stats.binomtest(gained, gained + lost).pvalue if gained + lost else 1.0
    return {"gained": gained, "lost": lost, "p": float(p)}


def person_paired(right_a: np.ndarray, right_b: np.ndarray, persons: Sequence[str]) -> dict:
    """Paired t-test on the persons' accuracies: mean difference (b - a), its interval, p."""
    persons = np.asarray(persons)
    difference = np.array(
        [
            right_b[persons == person].mean() - right_a[persons == person].mean()
            for person in np.unique(persons)
        ]
    )
    interval = t_interval(difference, over="persons")
    if len(difference) < 2 or not difference.any():
        p = 1.0  # nothing to test
    elif np.ptp(difference) == 0:
        p = 0.0  # every person gains exactly the same
    else:
        p = stats.ttest_1samp(difference, 0).pvalue
    return {
        "difference": interval.mean,
        "low": interval.low,
        "high": interval.high,
        "persons": len(difference),
        "p": float(p),
    }
