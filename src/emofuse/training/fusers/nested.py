"""Streams that are trained inside each training part, and the choice between candidates.

A stream trained here must be held out twice: from the fold it is judged on, and from the fold
its fuser is fitted on. So a stream is (K, N, C): what a fuser for outer fold k may look at.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import combinations

import numpy as np
from sklearn.base import BaseEstimator, clone

from emofuse.core import Posteriors, to_log_prob
from emofuse.fusion import mean_pool

from .fit import METHODS, inner_nll
from .streams import Streams

Candidate = Mapping[str, np.ndarray]  # system -> (N, C), or (K, N, C) when trained here


def nested_outputs(
    model: BaseEstimator, features: np.ndarray, *, truth: np.ndarray, folds: np.ndarray
) -> np.ndarray:
    """(K, N, C) log-probabilities of a probabilistic scikit-learn `model`; K folds in order.

    [k, i] comes from a fit without fold k and without the fold of row i: for rows of fold k
    trained on all other folds, for every other row on all but two. Every training part must hold
    every label.
    """
    numbers = np.unique(folds)
    outputs = np.zeros((len(numbers), len(truth), len(np.unique(truth))))

    def answers(train: np.ndarray, rows: np.ndarray) -> np.ndarray:
        fitted = clone(model).fit(features[train], truth[train])
        return to_log_prob(fitted.predict_proba(features[rows]), "prob")

    for k, fold in enumerate(numbers):
        outputs[k, folds == fold] = answers(folds != fold, folds == fold)
    for (j, one), (k, other) in combinations(enumerate(numbers), 2):
        pair = np.isin(folds, (one, other))
        both = np.zeros(outputs.shape[1:])
        both[pair] = answers(~pair, pair)
        outputs[k, folds == one] = both[folds == one]
        outputs[j, folds == other] = both[folds == other]
    return outputs


def blend(*streams: np.ndarray) -> np.ndarray:
    """Several models of one modality as one stream: the mean of their probabilities."""
    return np.stack([mean_pool(np.stack(of_fold)) for of_fold in zip(*streams, strict=True)])


def choose_and_fuse(
    rows: Streams, candidates: Mapping[str, Candidate], *, method: str = "pool"
) -> tuple[Posteriors, dict[int, str]]:
    """For each fold, take the candidate with the lowest inner NLL, fit on the rest, apply.

    `rows` says which clips, folds and persons there are. Inner NLL is measured by leaving out
    one training fold at a time; the fold itself is read once, by the fuser already chosen.
    Returns the fused posteriors and the candidate chosen for each fold.
    """
    fused, chosen = np.zeros(rows.log_probs.shape[1:]), {}
    for k, fold in enumerate(np.unique(rows.folds)):
        test = rows.folds == fold
        views = {name: _view(rows, candidate, k) for name, candidate in candidates.items()}
        losses = {
            name: inner_nll(view.take(~test), METHODS[method]) for name, view in views.items()
        }
        best = min(losses, key=losses.__getitem__)
        view = views[best]
        fused[test] = METHODS[method](view.take(~test))(view.log_probs[:, test])
        chosen[int(fold)] = best
    return rows.answered(fused, f"nested {method}"), chosen


def _view(rows: Streams, candidate: Candidate, k: int) -> Streams:
    """What the fuser of outer fold number `k` may see of a candidate."""
    parts = [part[k] if part.ndim == 3 else part for part in candidate.values()]
    return replace(rows, log_probs=np.stack(parts), systems=tuple(candidate))
