"""Temperature scaling (Guo et al. 2017, "On calibration of modern neural networks", ICML)."""

from __future__ import annotations

import numpy as np

from emofuse.core import log_softmax


def apply_temperature(scores: np.ndarray, temperature: float) -> np.ndarray:
    """(..., C) logits or log-probabilities to log-probabilities at `temperature` (> 0).

    Above 1 flattens, below 1 sharpens; the order of the classes never changes.
    """
    if not temperature > 0:
        raise ValueError(f"temperature must be positive, got {temperature}")
    return log_softmax(np.asarray(scores, dtype=float) / temperature)
