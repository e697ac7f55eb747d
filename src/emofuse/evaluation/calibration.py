"""Do probabilities mean what they say? Brier score, calibration error, reliability bins."""

from __future__ import annotations

import numpy as np

N_BINS = 15


def brier(log_prob: np.ndarray, truth: np.ndarray) -> float:
    """Mean squared distance of (N, C) probabilities from the one-hot truth (N,); 0..2."""
    return float(((np.exp(log_prob) - np.eye(log_prob.shape[1])[truth]) ** 2).sum(1).mean())


def reliability(log_prob: np.ndarray, truth: np.ndarray, *, n_bins: int = N_BINS) -> list[dict]:
    """Bins of equal width over the top probability: count, mean confidence, accuracy.

    Empty bins are left out. Guo et al. (2017), "On calibration of modern neural networks".
    """
    confidence = np.exp(log_prob.max(1))
    right = log_prob.argmax(1) == truth
    number = np.clip(np.ceil(confidence * n_bins).astype(int) - 1, 0, n_bins - 1)
    return [
        {
            "low": b / n_bins,
            "high": (b + 1) / n_bins,
            "n": int((number == b).sum()),
            "confidence": float(confidence[number == b].mean()),
            "accuracy": float(right[number == b].mean()),
        }
        for b in np.unique(number).tolist()
    ]


def ece(log_prob: np.ndarray, truth: np.ndarray, *, n_bins: int = N_BINS) -> float:
    """Expected calibration error: |confidence - accuracy| averaged over the clips' bins."""
    bins = reliability(log_prob, truth, n_bins=n_bins)
    return sum(b["n"] * abs(b["confidence"] - b["accuracy"]) for b in bins) / len(truth)
