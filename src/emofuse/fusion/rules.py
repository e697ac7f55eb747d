"""Fusion rules with nothing to fit. All take (M, N, C) log-probabilities and an (M, N) mask.

Kittler et al. (1998), "On combining classifiers", IEEE TPAMI 20(3). Rows without any modality
answer the uniform distribution.
"""

from __future__ import annotations

import numpy as np

from emofuse.core import to_log_prob

from .pool import log_linear_pool, presence


def product(log_probs: np.ndarray, *, mask: np.ndarray | None = None) -> np.ndarray:
    """Product of the probabilities: the equal log-sum, (N, C) log-probabilities."""
    return log_linear_pool(log_probs, weights=np.ones(len(log_probs)), mask=mask)


def mean_pool(log_probs: np.ndarray, *, mask: np.ndarray | None = None) -> np.ndarray:
    """Mean of the probabilities of the modalities present, (N, C) log-probabilities."""
    return to_log_prob(_mean(*_probabilities(log_probs, mask)), "prob")


def max_rule(log_probs: np.ndarray, *, mask: np.ndarray | None = None) -> np.ndarray:
    """The highest probability any modality gives a class, renormalised; (N, C) log-probabilities."""
    probabilities, present = _probabilities(log_probs, mask)
    highest = np.where(present.any(0)[:, None], probabilities.max(0), 1.0)
    return to_log_prob(highest / highest.sum(1, keepdims=True), "prob")


def majority_vote(log_probs: np.ndarray, *, mask: np.ndarray | None = None) -> np.ndarray:
    """One vote a modality; the mean probability counts as one more, so that it breaks ties.

    That extra vote is below 1 for every class, so it never overturns a majority. Returns (N, C)
    log-probabilities.
    """
    probabilities, present = _probabilities(log_probs, mask)
    labels = np.arange(probabilities.shape[-1])
    votes = ((probabilities.argmax(-1)[..., None] == labels) & present[..., None]).sum(0)
    shares = votes + _mean(probabilities, present)
    return to_log_prob(shares / shares.sum(1, keepdims=True), "prob")


def _probabilities(log_probs, mask) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities (0 where absent) and who is present."""
    log_probs = np.asarray(log_probs, dtype=float)
    present = presence(log_probs.shape[:2], mask)
    # -inf, not 0, under the mask: exp of a masked NaN must never be computed.
    return np.exp(np.where(present[..., None], log_probs, -np.inf)), present


def _mean(probabilities: np.ndarray, present: np.ndarray) -> np.ndarray:
    total = np.where(present.any(0)[:, None], probabilities.sum(0), 1.0)
    return total / total.sum(1, keepdims=True)
