"""Per-person normalisation of features."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Normaliser:
    """Mean and spread (C, B) of training windows, or of one person's unlabelled calibration."""

    mean: np.ndarray
    spread: np.ndarray

    def __call__(self, features: np.ndarray) -> np.ndarray:
        """(..., C, B) features as deviations; what is not known (NaN) becomes 0, the mean."""
        return np.nan_to_num((features - self.mean) / self.spread)


def fit_normaliser(features: np.ndarray) -> Normaliser:
    """From (N, C, B) windows; unknown values (NaN) do not count.

    Fit it on the training part, or on windows of the person that nobody labelled; results with the
    latter are stamped PERSON-ADAPTED. A feature that never varies keeps its scale.
    """
    known = np.isfinite(features)
    count = np.maximum(known.sum(0), 1)
    mean = np.where(known, features, 0.0).sum(0) / count
    spread = np.sqrt((np.where(known, features - mean, 0.0) ** 2).sum(0) / count)
    return Normaliser(mean, np.where(spread > 1e-9, spread, 1.0))
