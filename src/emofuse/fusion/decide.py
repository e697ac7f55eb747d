"""Abstention: when the fused answer is called uncertain."""

from __future__ import annotations

import numpy as np

# Below this calibrated probability the best answer is wrong more often than a coin would allow
# among seven or eight classes; below this coverage most of the window was not seen or heard.
MIN_PROBABILITY = 0.4
MIN_COVERAGE = 0.3


def decide(
    log_prob: np.ndarray,
    coverage: np.ndarray,
    *,
    min_probability: float = MIN_PROBABILITY,
    min_coverage: float = MIN_COVERAGE,
) -> np.ndarray:
    """(N,) True where (N, C) log-probabilities with (N,) coverage are too weak to be an answer.

    Uncertain is whatever is not clearly certain, so NaN counts as uncertain too.
    """
    sure = np.exp(np.asarray(log_prob, dtype=float).max(-1)) >= min_probability
    return ~(sure & (np.asarray(coverage, dtype=float) >= min_coverage))
