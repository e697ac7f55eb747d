"""How answers hold up when the input gets worse: accuracy falls; does abstention rise?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from emofuse.core import MissingExtra, nll

from .calibration import ece

_RIGHT, _ABSTAINED, _INK = "#1f5fa8", "#D55E00", "#222222"


@dataclass(frozen=True)
class ConditionScore:
    """One condition at one level, on N inputs.

    `accuracy` is that of the best guess on all of them, answered or not; `abstained` the share
    without an answer; `accuracy_of_answers` that of the rest (None where nothing is answered).
    """

    condition: str
    level: str
    n: int
    accuracy: float
    abstained: float
    accuracy_of_answers: float | None
    nll: float
    ece: float


def score_condition(
    log_prob: np.ndarray,
    truth: np.ndarray,
    *,
    answered: np.ndarray,
    condition: str,
    level: str = "",
) -> ConditionScore:
    """Score calibrated (N, C) log-probabilities; `answered` (N,) is False where it abstained."""
    right = log_prob.argmax(1) == truth
    answered = np.asarray(answered, bool)
    return ConditionScore(
        condition,
        level,
        len(truth),
        float(right.mean()),
        float(1 - answered.mean()),
        float(right[answered].mean()) if answered.any() else None,
        nll(log_prob, truth),
        ece(log_prob, truth),
    )


def write_robustness_plot(
    scores: Sequence[ConditionScore], path: str | Path, *, title: str, chance: float
) -> Path:
    """A PNG with both shares for every condition; dashed: the first one. Needs matplotlib."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingExtra("the robustness plot", "plot") from None
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure = Figure(figsize=(max(6.0, 0.62 * len(scores) + 2), 3.8), layout="constrained")
    axes = figure.subplots()
    places = np.arange(len(scores))
    for values, colour, name, shift in (
        ([s.accuracy for s in scores], _RIGHT, "accuracy of the best guess", -0.2),
        ([s.abstained for s in scores], _ABSTAINED, "share without an answer", 0.2),
    ):
        axes.bar(places + shift, values, 0.38, color=colour, label=name)
        axes.axhline(values[0], color=colour, linewidth=0.8, linestyle="--")
    sure = [(i, s.accuracy_of_answers) for i, s in enumerate(scores)]
    kept = [(i, value) for i, value in sure if value is not None]
    axes.plot(*zip(*kept, strict=True), "o", color=_INK, markersize=3.5, label="of the answers")
    axes.axhline(chance, color="#888888", linewidth=0.8, linestyle=":", label="chance")
    labels = [f"{s.condition}\n{s.level}".strip() for s in scores]
    axes.set_xticks(places, labels, rotation=60, ha="right", fontsize=8, rotation_mode="anchor")
    axes.set(ylim=(0, 1), xlim=(-0.6, len(scores) - 0.4))
    axes.set_title(title, fontsize=10, loc="left")
    axes.legend(fontsize=7, ncols=4, frameon=False, loc="upper right")
    axes.spines[["top", "right"]].set_visible(False)
    scratch = path.with_name(f".{path.name}.part")
    figure.savefig(scratch, format="png", dpi=150)
    return scratch.replace(path)
