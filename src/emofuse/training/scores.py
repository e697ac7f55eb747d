"""The scores a bundle states, each with the number of clips and an interval."""

from __future__ import annotations

from dataclasses import asdict, replace

import numpy as np

from emofuse.core import Posteriors
from emofuse.evaluation import bootstrap_persons, decision_scores, evaluate


def calibrated(posteriors: Posteriors, temperature: float) -> Posteriors:
    """The same answers at a temperature: logits divided by it."""
    return replace(posteriors, values=posteriors.values / temperature)


def stated_scores(posteriors: Posteriors) -> dict:
    """Scores of the out-of-fold rows: decisions, NLL, Brier, ECE, and 95 % intervals.

    The interval is over persons where they are known. For web pictures and comments nobody is:
    then clips are drawn, and the interval says so.
    """
    found = evaluate(posteriors)
    scores: dict = {"n": found.n, **{name: round(v, 4) for name, v in found.scores.items()}}
    intervals = found.intervals or _over_clips(posteriors)
    scores["intervals"] = {
        name: {key: round(v, 4) if isinstance(v, float) else v for key, v in part.items()}
        for name, part in intervals.items()
    }
    scores["recall"] = {row["label"]: round(row["recall"], 4) for row in found.per_class}
    scores["confusion"] = [list(row) for row in found.confusion]
    scores["reliability"] = [
        {key: round(v, 4) if isinstance(v, float) else v for key, v in row.items()}
        for row in found.reliability
    ]
    if found.persons:
        scores["worst_person"] = found.persons[0]
    return scores


def _over_clips(posteriors: Posteriors) -> dict[str, dict]:
    held_out = posteriors.out_of_fold
    size = len(held_out.label_set)
    counts = np.zeros((len(held_out), size, size), np.int64)
    counts[np.arange(len(held_out)), held_out.truth, held_out.log_prob.argmax(1)] = 1

    def accuracy(confusion: np.ndarray) -> np.ndarray:
        return np.trace(confusion, axis1=-2, axis2=-1) / confusion.sum((-2, -1))

    interval = bootstrap_persons(counts, accuracy)
    return {"accuracy over clips": asdict(replace(interval, over="clips, persons unknown"))}


def macro_f1(truth: np.ndarray, answer: np.ndarray, n_labels: int) -> float:
    """Macro F1 of integer labels, for choosing settings."""
    return decision_scores(truth, answer, n_labels)["macro_f1"]
