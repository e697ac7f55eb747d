"""Logits, log-probabilities and probabilities (numpy, last axis = labels)."""

from __future__ import annotations

from typing import Literal

import numpy as np

Scale = Literal["logit", "log_prob", "prob"]
SCALES: tuple[Scale, ...] = ("logit", "log_prob", "prob")
# The smallest probability that a logarithm sees; float32 softmax outputs go below it.
TINY = 1e-12


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """Normalised log-probabilities of `logits`, stable for large values."""
    logits = np.asarray(logits, dtype=float)
    shifted = logits - logits.max(-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))


def softmax(logits: np.ndarray) -> np.ndarray:
    return np.exp(log_softmax(logits))


def log_shares(logits: np.ndarray) -> np.ndarray:
    """Of labels that each answer yes or no: the logarithm of their probabilities' shares."""
    return log_softmax(-np.logaddexp(0.0, -np.asarray(logits, dtype=float)))


def to_log_prob(values: np.ndarray, scale: Scale) -> np.ndarray:
    """Any scale to normalised log-probabilities.

    >>> to_log_prob(np.array([0.5, 0.5]), "prob").round(3).tolist()
    [-0.693, -0.693]
    """
    if scale not in SCALES:
        raise ValueError(f"scale {scale!r} is none of {SCALES}")
    if scale == "prob":
        values = np.log(np.clip(np.asarray(values, dtype=float), TINY, None))
    return log_softmax(values)


def nll(log_prob: np.ndarray, truth: np.ndarray) -> float:
    """Mean negative log-likelihood in nats of integer `truth` (N,) under (N, C) log-probabilities."""
    return float(-np.mean(log_prob[np.arange(len(truth)), truth]))
