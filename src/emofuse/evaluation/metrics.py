"""Scores of decisions: one label a clip, several labels a clip, rater distributions, ratings."""

from __future__ import annotations

import numpy as np
from sklearn.metrics import (
    average_precision_score,
    balanced_accuracy_score,
    confusion_matrix,
    f1_score,
    precision_recall_fscore_support,
)

from emofuse.core import LabelSet

# Below this a probability's logarithm is not looked at.
TINY = 1e-12


def confusion_counts(truth: np.ndarray, predicted: np.ndarray, n_labels: int) -> np.ndarray:
    """(C, C) counts; rows are the true labels, columns the answers."""
    return confusion_matrix(truth, predicted, labels=np.arange(n_labels))


def accuracy_of(confusion: np.ndarray) -> np.ndarray:
    """Share of right answers in (..., C, C) counts."""
    return np.trace(confusion, axis1=-2, axis2=-1) / confusion.sum((-2, -1))


def uar_of(confusion: np.ndarray) -> np.ndarray:
    """Unweighted average recall of (..., C, C) counts, over the labels that occur."""
    support = confusion.sum(-1)
    recall = np.diagonal(confusion, axis1=-2, axis2=-1) / np.maximum(support, 1)
    return recall.sum(-1) / (support > 0).sum(-1)


def decision_scores(truth: np.ndarray, predicted: np.ndarray, n_labels: int) -> dict[str, float]:
    """Accuracy, UAR, macro and weighted F1 of integer labels (N,)."""
    counts = confusion_counts(truth, predicted, n_labels)
    present = np.unique(truth)
    return {
        "accuracy": float(accuracy_of(counts)),
        "uar": float(uar_of(counts)),
        "macro_f1": float(
            f1_score(truth, predicted, labels=present, average="macro", zero_division=0)
        ),
        "weighted_f1": float(f1_score(truth, predicted, average="weighted", zero_division=0)),
    }


def per_class(truth: np.ndarray, predicted: np.ndarray, labels: LabelSet) -> list[dict]:
    """Precision, recall, F1, support and one-vs-rest accuracy of each label.

    One-vs-rest accuracy counts the right rejections too: it is high for any rare label and must
    not be mistaken for recall.
    """
    numbers = np.arange(len(labels))
    columns = precision_recall_fscore_support(truth, predicted, labels=numbers, zero_division=0)
    one_vs_rest = [np.mean((truth == i) == (predicted == i)) for i in numbers]
    return [
        {
            "label": label,
            "precision": float(p),
            "recall": float(r),
            "f1": float(f),
            "one_vs_rest_accuracy": float(o),
            "support": int(n),
        }
        for label, p, r, f, n, o in zip(labels, *columns, one_vs_rest, strict=True)
    ]


def multi_label_scores(
    truth: np.ndarray, probabilities: np.ndarray, labels: LabelSet, *, threshold: float = 0.5
) -> list[dict]:
    """Balanced accuracy, F1 of the positives and average precision of each label, and their mean.

    `truth` and `probabilities` are (N, C). The rows "always yes" and "always no" are what an
    answer without looking gets: a score means nothing unless it is read beside them. A label
    that never (or always) occurs has no balanced accuracy and no average precision: None.
    """
    truth = np.asarray(truth, dtype=int)
    answers = (np.asarray(probabilities) >= threshold).astype(int)
    rows = [
        _one_label(label, truth[:, i], answers[:, i], probabilities[:, i])
        for i, label in enumerate(labels)
    ]
    ones = np.ones(len(truth), dtype=int)
    baselines = [
        _mean_row(
            name,
            [
                _one_label(label, truth[:, i], ones * constant, ones * float(constant))
                for i, label in enumerate(labels)
            ],
        )
        for name, constant in (("always yes", 1), ("always no", 0))
    ]
    return [*rows, _mean_row("mean", rows), *baselines]


def _one_label(label: str, truth, answers, scores) -> dict:
    both = 0 < truth.sum() < len(truth)
    return {
        "label": label,
        "balanced_accuracy": float(balanced_accuracy_score(truth, answers)) if both else None,
        "positive_f1": float(f1_score(truth, answers, zero_division=0)),
        "average_precision": float(average_precision_score(truth, scores)) if both else None,
        "support": int(truth.sum()),
    }


def _mean_row(name: str, rows: list[dict]) -> dict:
    row: dict = {"label": name}
    for key in ("balanced_accuracy", "positive_f1", "average_precision"):
        known = [r[key] for r in rows if r[key] is not None]
        row[key] = float(np.mean(known)) if known else None
    return row | {"support": sum(r["support"] for r in rows)}


def soft_label_scores(probabilities: np.ndarray, raters: np.ndarray) -> dict[str, float]:
    """How near (N, C) probabilities are to (N, C) distributions of raters' votes.

    Cross-entropy and Kullback-Leibler divergence (raters first) in nats, mean cosine, mean total
    variation, and the share of rows where both name the same label first.
    """
    p, q = np.asarray(probabilities, dtype=float), np.asarray(raters, dtype=float)
    entropy = -(q * np.log(np.clip(q, TINY, None))).sum(1)
    cross = -(q * np.log(np.clip(p, TINY, None))).sum(1)
    cosine = (p * q).sum(1) / (np.linalg.norm(p, axis=1) * np.linalg.norm(q, axis=1))
    return {
        "cross_entropy": float(cross.mean()),
        "kl": float((cross - entropy).mean()),
        "cosine": float(cosine.mean()),
        "total_variation": float(0.5 * np.abs(p - q).sum(1).mean()),
        "same_first_label": float((p.argmax(1) == q.argmax(1)).mean()),
    }


def ccc(truth: np.ndarray, predicted: np.ndarray) -> float:
    """Concordance correlation coefficient (Lin 1989, Biometrics 45) of two series (N,).

    0 where either side is constant and the means differ; 1 only for equal series.
    """
    truth, predicted = np.asarray(truth, dtype=float), np.asarray(predicted, dtype=float)
    covariance = np.mean((truth - truth.mean()) * (predicted - predicted.mean()))
    spread = truth.var() + predicted.var() + (truth.mean() - predicted.mean()) ** 2
    return float(2 * covariance / spread) if spread > 0 else 1.0
