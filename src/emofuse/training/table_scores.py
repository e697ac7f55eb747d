"""Rows of numbers in, log-probabilities of a fitted scikit-learn classifier out."""

from __future__ import annotations

import numpy as np
from sklearn.base import BaseEstimator

from emofuse.core import to_log_prob

from .examples import Examples

# The probability of a label that a model does not know.
TINY = 1e-12


def log_probabilities(model: BaseEstimator, features: np.ndarray, n_labels: int) -> np.ndarray:
    """(n, C) of a fitted classifier; decision values are read as logits (not calibrated).

    A label that the training part lacks is never answered.
    """
    probabilistic = hasattr(model, "predict_proba")
    scores = (model.predict_proba if probabilistic else model.decision_function)(features)
    if scores.ndim == 1:  # two classes: one decision value
        scores = np.column_stack([-scores / 2, scores / 2])
    full = np.full((len(scores), n_labels), np.log(TINY))
    full[:, model.classes_] = to_log_prob(scores, "prob" if probabilistic else "logit")
    return full


def table(examples: Examples, rows: np.ndarray) -> np.ndarray:
    """(n, D) of the rows' one input."""
    (part,) = examples.inputs
    return np.stack([np.asarray(part.values[row], float).ravel() for row in rows])
