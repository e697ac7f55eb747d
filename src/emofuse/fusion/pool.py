"""The log-linear pool: weighted evidence of each modality, added up in log-odds.

Genest & Zidek (1986), "Combining probability distributions", Statistical Science 1(1): the
logarithmic opinion pool. Dividing each modality's own training prior out before adding keeps a
prior that several modalities share from being counted several times.
"""

from __future__ import annotations

import math

import numpy as np

from emofuse.core import log_softmax


def log_linear_pool(
    log_probs: np.ndarray,
    *,
    weights: np.ndarray,
    log_priors: np.ndarray | None = None,
    target_log_prior: np.ndarray | None = None,
    mask: np.ndarray | None = None,
) -> np.ndarray:
    """Fuse M modalities' (M, N, C) log-probabilities into (N, C) normalised log-probabilities.

    Each modality adds `weight * (log p - its training prior)`; the target prior comes on top.
    `weights` is (M,) or (M, N), not negative; `log_priors` (M, C) and `target_log_prior` (C,)
    default to uniform. `mask` (M, N) is False where a modality is absent: its numbers, NaN
    included, are never looked at. A row without any modality answers the target prior.
    """
    evidence = _weighted_evidence(log_probs, weights, log_priors, mask).sum(0)
    if target_log_prior is not None:
        evidence = evidence + target_log_prior
    return log_softmax(evidence)


def contributions(
    log_probs: np.ndarray,
    *,
    winner: np.ndarray,
    weights: np.ndarray,
    log_priors: np.ndarray | None = None,
    mask: np.ndarray | None = None,
) -> np.ndarray:
    """(M, N) share of each modality in the class `winner` (N,) of its row; columns sum to 1.

    A modality's support is its weighted evidence for the winner above its own mean over the
    classes. Support against the winner counts as 0, so shares are never negative. Where no
    present modality supports the winner (all flat, or the prior decided) the shares follow the
    weights. A row without any modality has only zeros.
    """
    evidence = _weighted_evidence(log_probs, weights, log_priors, mask)
    centred = evidence - evidence.mean(-1, keepdims=True)
    support = np.take_along_axis(centred, np.asarray(winner)[None, :, None], axis=2)[..., 0]
    # Rounding leaves ~1e-16 of support in a flat distribution.
    support = np.where(support > 1e-9, support, 0.0)
    present = presence(evidence.shape[:2], mask)
    fallback = np.where(present, _per_row(weights, evidence.shape[:2]), 0.0)
    fallback = np.where(fallback.sum(0) > 0, fallback, present.astype(float))
    support = np.where(support.sum(0) > 0, support, fallback)
    total = support.sum(0)
    return support / np.where(total > 0, total, 1.0)


def reliability_weight(held_out_nll: float, n_labels: int) -> float:
    """Skill of a model relative to guessing uniformly: `max(0, 1 - NLL / log C)`, in 0..1.

    `held_out_nll` is the calibrated negative log-likelihood in nats on people the model was not
    trained on. 0 says: no better than a uniform guess, leave it out; 1 says: never wrong. The
    weight of a modality in a window is reliability x coverage x quality.
    """
    return max(0.0, 1.0 - held_out_nll / math.log(n_labels))


def _weighted_evidence(log_probs, weights, log_priors, mask) -> np.ndarray:
    """(M, N, C) evidence in log-odds; exactly 0 where a modality is absent."""
    log_probs = np.asarray(log_probs, dtype=float)
    if log_probs.ndim != 3:
        raise ValueError(f"log_probs must be (modalities, rows, labels), got {log_probs.shape}")
    m, n, c = log_probs.shape
    priors = np.zeros((m, c)) if log_priors is None else np.asarray(log_priors, dtype=float)
    present = presence((m, n), mask)
    weights = np.where(present, _per_row(weights, (m, n)), 0.0)
    if not (weights >= 0).all():
        raise ValueError("weights must be numbers >= 0")
    evidence = np.where(present[..., None], log_probs - priors[:, None, :], 0.0)
    return weights[..., None] * evidence


def _per_row(weights: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    weights = np.asarray(weights, dtype=float)
    return np.broadcast_to(weights[:, None] if weights.ndim == 1 else weights, shape)


def presence(shape: tuple[int, int], mask: np.ndarray | None) -> np.ndarray:
    """The (M, N) mask as bool; everything is present where none was given."""
    return np.ones(shape, bool) if mask is None else np.broadcast_to(np.asarray(mask, bool), shape)
