"""Who a system is right about: the gap between groups, and between persons.

Groups are compared person by person: clips of one person are not independent, so neither the
interval nor the test counts clips.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy import stats

from emofuse.core import Posteriors

from .calibration import ece
from .evaluate import scorable
from .intervals import DRAWS, LEVEL, SEED, confusion_by_person
from .metrics import decision_scores


@dataclass(frozen=True)
class GroupScore:
    """How one group is scored: `persons` people with `n` clips."""

    value: str
    persons: int
    n: int
    accuracy: float
    uar: float
    ece: float
    recall: Mapping[str, float]


@dataclass(frozen=True)
class GroupGap:
    """The groups of one attribute, lowest accuracy first, and the gap between last and first.

    `low` and `high` bound the gap (95 %, persons drawn with replacement inside each group). `p` is
    that of `test`: persons are dealt to the two groups anew; where a person has both values (as
    with intensity) everybody is compared with themselves.
    """

    attribute: str
    groups: tuple[GroupScore, ...]
    gap: float
    low: float
    high: float
    p: float
    test: str


@dataclass(frozen=True)
class PersonSpread:
    """Accuracies of persons: the worst and best, their spread (standard deviation)."""

    persons: int
    mean: float
    sd: float
    worst: str
    worst_accuracy: float
    best: str
    best_accuracy: float
    accuracies: Mapping[str, float]


def person_spread(posteriors: Posteriors) -> PersonSpread:
    """How unequal the accuracies of persons are, on held-out rows with known truth."""
    held_out = scorable(posteriors)
    right = held_out.log_prob.argmax(1) == held_out.truth
    of = np.array(held_out.subjects)
    found = {str(person): float(right[of == person].mean()) for person in np.unique(of)}
    worst, best = min(found, key=found.__getitem__), max(found, key=found.__getitem__)
    values = np.array(list(found.values()))
    return PersonSpread(
        len(found),
        float(values.mean()),
        float(values.std(ddof=1)) if len(values) > 1 else 0.0,
        worst,
        found[worst],
        best,
        found[best],
        dict(sorted(found.items(), key=lambda one: one[1])),
    )


def group_gap(
    posteriors: Posteriors, attribute: str, value_of: Mapping[str, str], *, draws: int = DRAWS
) -> GroupGap:
    """Compare the groups of `attribute` (`value_of`: clip id -> value) on held-out rows.

    Clips without a value are left out. `ValueError` when fewer than two groups are left.
    """
    held_out = scorable(posteriors)
    values = np.array([value_of.get(clip, "") for clip in held_out.clips])
    held_out, values = held_out.select(values != ""), values[values != ""]
    names = np.unique(values)
    if len(names) < 2:
        raise ValueError(f"{attribute}: one group only, nothing to compare ({list(names)})")
    groups = sorted(
        (_score(held_out.select(values == name), str(name)) for name in names),
        key=lambda group: group.accuracy,
    )
    ends = [_right_and_all(held_out.select(values == g.value)) for g in (groups[0], groups[-1])]
    low, high = _bounds(*ends, draws=draws)
    p, test = _test(*ends, draws=draws)
    gap = groups[-1].accuracy - groups[0].accuracy
    return GroupGap(attribute, tuple(groups), gap, low, high, p, test)


def _score(part: Posteriors, value: str) -> GroupScore:
    truth, predicted = part.truth, part.log_prob.argmax(1)
    scores = decision_scores(truth, predicted, len(part.label_set))
    recall = {
        label: float(np.mean(predicted[truth == i] == i))
        for i, label in enumerate(part.label_set)
        if np.any(truth == i)
    }
    return GroupScore(
        value,
        len(set(part.subjects)),
        len(part),
        scores["accuracy"],
        scores["uar"],
        ece(part.log_prob, truth),
        recall,
    )


def _right_and_all(part: Posteriors) -> dict[str, tuple[int, int]]:
    """Each person's right clips and clips."""
    tables = confusion_by_person(
        part.truth, part.log_prob.argmax(1), part.subjects, len(part.label_set)
    )
    return {person: (int(np.trace(t)), int(t.sum())) for person, t in tables.items()}


def _bounds(worse: dict, better: dict, *, draws: int) -> tuple[float, float]:
    """Percentile bounds of the gap; the same persons are drawn where both groups hold the same."""

    def drawn(group: dict, seed: int) -> np.ndarray:
        counts = np.array([group[person] for person in sorted(group)])
        rows = np.random.default_rng(seed).integers(0, len(counts), (draws, len(counts)))
        picked = counts[rows].sum(1)
        return picked[:, 0] / picked[:, 1]

    same = worse.keys() == better.keys()
    gaps = drawn(better, SEED) - drawn(worse, SEED if same else SEED + 1)
    low, high = np.quantile(gaps, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def _test(worse: dict, better: dict, *, draws: int) -> tuple[float, str]:
    """p of "no gap": persons dealt anew, or each person against themselves where in both."""
    rate = [{p: right / n for p, (right, n) in group.items()} for group in (worse, better)]
    both = sorted(rate[0].keys() & rate[1].keys())
    if len(both) > 1:
        found = stats.ttest_rel([rate[1][p] for p in both], [rate[0][p] for p in both])
        return _number(found.pvalue), "paired t over persons"
    if min(len(group) for group in rate) < 2:
        return 1.0, "none: a group of one person"
    found = stats.permutation_test(
        [list(rate[1].values()), list(rate[0].values())],
        lambda a, b, axis: a.mean(axis) - b.mean(axis),
        vectorized=True,
        n_resamples=draws,
        random_state=SEED,
    )
    return _number(found.pvalue), "permutation of persons"


def _number(p: float) -> float:
    """Equal persons leave no test statistic: nothing speaks against "no gap"."""
    return 1.0 if np.isnan(p) else float(p)
