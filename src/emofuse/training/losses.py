"""Losses that look harder at what is hard, a row at a time.

The published trimodal system had two under this name. Its single-label one is `published_focal`.
Its multi-label one weighed negatives by 1 − α with α up to 8.7, so that false alarms were paid
for without bound; it cannot be trained with and is not rebuilt.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

Loss = Callable[[Tensor, Tensor], Tensor]


def focal_loss(
    logits: Tensor, target: Tensor, *, weight: Tensor | None = None, gamma: float = 2.0
) -> Tensor:
    """Mean over rows of weight[y] (1 − p_y)^gamma (−log p_y) (Lin et al. 2017, arXiv 1708.02002).

    logits (batch, classes), target (batch,) class numbers, `weight` (classes,) in 0..1. Without
    weight and with gamma 0 it is cross-entropy.
    """
    log_p = functional.log_softmax(logits, -1).gather(1, target[:, None])[:, 0]
    loss = (1 - log_p.exp()) ** gamma * -log_p
    return (loss if weight is None else weight.to(loss)[target] * loss).mean()


def asymmetric_loss(
    logits: Tensor,
    target: Tensor,
    *,
    gamma_present: float = 0.0,
    gamma_absent: float = 4.0,
    margin: float = 0.05,
) -> Tensor:
    """Mean over rows and labels, for several labels a row (Ridnik et al. 2021, arXiv 2009.14119).

    Absent labels count less the less likely they are, and nothing under `margin`. Never negative.
    logits and target (batch, labels).
    """
    p, rest = torch.sigmoid(logits), torch.sigmoid(-logits)
    present = functional.softplus(-logits) * rest**gamma_present
    shifted = (p - margin).clamp(min=0)
    absent = -(rest + margin).clamp(min=1e-30, max=1).log() * shifted**gamma_absent
    return (target * present + (1 - target) * absent).mean()


def focal(truth: np.ndarray) -> Loss:
    """`focal_loss` whose weights favour labels that are rare in the training part."""
    weight = torch.tensor(_rarity(truth))
    return lambda logits, target: focal_loss(logits, target, weight=weight)


def published_focal(truth: np.ndarray) -> Loss:
    """Not focal: the factor is that of the batch's mean cross-entropy, not of each row.

    Equals mean(α[y]) (1 − e^−CE)² CE, α the "balanced" weights of the training labels: one hard
    row among easy ones is not heard.
    """
    counts = np.bincount(truth)
    alpha = torch.tensor(len(truth) / (np.count_nonzero(counts) * np.maximum(counts, 1)))

    def loss(logits: Tensor, target: Tensor) -> Tensor:
        mean = functional.cross_entropy(logits, target)
        return alpha.to(logits)[target].mean() * (1 - (-mean).exp()) ** 2 * mean

    return loss


def _rarity(truth: np.ndarray) -> np.ndarray:
    """(classes,) in 0..1: one for the rarest label."""
    counts = np.maximum(np.bincount(truth), 1)
    return counts.min() / counts
