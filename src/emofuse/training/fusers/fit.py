"""Fitting one fuser on held-out outputs. Every fit ends as a `fusion.StoredFuser`.

Few parameters win here: with a thousand rows, a full logistic stack over-fits where one weight
a stream does not (specs of the published fusion, C4).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV, LeaveOneGroupOut

from emofuse.core import log_softmax, nll
from emofuse.fusion import StoredFuser
from emofuse.protocols import best_temperature

from .streams import Streams

Fitter = Callable[[Streams], StoredFuser]
STACKING_C = (0.001, 0.01, 0.1, 1.0)
# A class bias is drawn towards 0 as if by this share of one nat at a bias of 1.
BIAS_RIDGE = 0.01
NEXT_TO_NOTHING = 1e-6


def fit_fuser(streams: Streams, method: str) -> StoredFuser:
    """Fit `method` (see `METHODS`) on all rows of `streams`, whose truth must be known."""
    if method not in METHODS:
        raise ValueError(f"unknown fusion method {method!r}; known: {', '.join(METHODS)}")
    return METHODS[method](streams)


def _fit_rule(streams: Streams, *, rule: str) -> StoredFuser:
    return _stored(streams, rule, fitted=False)


def _fit_tempered(streams: Streams, *, rule: str) -> StoredFuser:
    """A rule on streams whose over-confidence was taken out first, one temperature each."""
    temperatures = tuple(best_temperature(streams.part(m)) for m in range(len(streams.systems)))
    return _stored(streams, rule, temperatures=temperatures)


def _fit_pool(streams: Streams, *, class_bias: bool) -> StoredFuser:
    weights, bias = _pool_weights(streams.log_probs, streams.truth, class_bias=class_bias)
    return _stored(
        streams, "pool", weights=tuple(weights.tolist()), class_bias=tuple(bias.tolist())
    )


def _pool_weights(
    log_probs: np.ndarray, truth: np.ndarray, *, class_bias: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Weights (M,) >= 0 and bias (C,) or (0,) of the log-linear pool with the lowest NLL."""
    m, n, c = log_probs.shape
    right = np.eye(c)[truth]
    n_bias = c if class_bias else 0

    def loss(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        weights, bias = parameters[:m], parameters[m:]
        fused = log_softmax(np.tensordot(weights, log_probs, axes=1) + (bias if n_bias else 0))
        slope = (np.exp(fused) - right) / n
        gradient = np.tensordot(log_probs, slope, axes=([1, 2], [0, 1]))
        value = nll(fused, truth) + BIAS_RIDGE / 2 * (bias**2).sum()
        return value, np.concatenate([gradient, slope.sum(0)[:n_bias] + BIAS_RIDGE * bias])

    # The loss is convex, so one start is enough.
    start = np.concatenate([np.full(m, 1 / m), np.zeros(n_bias)])
    bounds = [(0, None)] * m + [(None, None)] * n_bias
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x
    return found[:m], found[m:]


def _fit_stacking(streams: Streams) -> StoredFuser:
    """Multinomial logistic regression on all log-probabilities; C by inner validation.

    Where one person is all there is, nobody can be held out and C stays 1.
    """
    c = len(streams.label_set)
    if len(set(streams.truth)) < c:
        raise ValueError("stacking needs every label among the rows it is fitted on")
    answers, groups = np.concatenate(list(streams.log_probs), 1), streams.inner_groups
    model = LogisticRegression(solver="newton-cholesky")
    if len(set(groups)) == 1:
        model.fit(answers, streams.truth)
    else:
        search = GridSearchCV(
            model, {"C": STACKING_C}, scoring=_held_out_skill, cv=LeaveOneGroupOut()
        )
        model = search.fit(answers, streams.truth, groups=groups).best_estimator_
    coefficients, intercept = model.coef_, model.intercept_
    if c == 2:  # scikit-learn keeps one row for two classes
        coefficients = np.vstack([np.zeros_like(coefficients), coefficients])
        intercept = np.array([0.0, *intercept])
    return _stored(
        streams,
        "stacking",
        coefficients=tuple(map(tuple, coefficients.tolist())),
        intercept=tuple(intercept.tolist()),
    )


def _held_out_skill(model: LogisticRegression, features: np.ndarray, truth: np.ndarray) -> float:
    """Negative NLL of a group that need not show every label.

    Nor need the model know every one: what only the held-out group shows gets next to nothing.
    """
    labels = np.union1d(model.classes_, truth)
    known = np.searchsorted(labels, model.classes_)
    probabilities = np.full((len(truth), len(labels)), NEXT_TO_NOTHING)
    probabilities[:, known] = model.predict_proba(features) * (
        1 - NEXT_TO_NOTHING * (len(labels) - len(known))
    )
    return -log_loss(truth, probabilities, labels=labels)


def _fit_nested(streams: Streams) -> StoredFuser:
    """The method with the lowest inner NLL, refitted on all rows."""
    best = min(CANDIDATES, key=lambda name: inner_nll(streams, METHODS[name]))
    return METHODS[best](streams)


def inner_nll(streams: Streams, fitter: Fitter) -> float:
    """Mean NLL when one inner group (fold, else person) after the other is held out."""
    groups, losses = streams.inner_groups, []
    for group in np.unique(groups):
        held = streams.take(groups == group)
        losses.append(nll(fitter(streams.take(groups != group))(held.log_probs), held.truth))
    return float(np.mean(losses))


def _stored(streams: Streams, kind: str, *, fitted: bool = True, **parameters) -> StoredFuser:
    people, folds = len(set(streams.persons)), len(set(streams.folds))
    where = f"{len(streams)} rows of {people} persons in {folds} folds" if fitted else ""
    return StoredFuser(
        kind,
        streams.systems,
        streams.label_set.name,
        streams.label_set.labels,
        fitted_on=where,
        stamps=streams.stamps,
        **parameters,
    )


METHODS: dict[str, Fitter] = {
    "mean": partial(_fit_rule, rule="mean"),
    "product": partial(_fit_rule, rule="product"),
    "max": partial(_fit_rule, rule="max"),
    "majority": partial(_fit_rule, rule="majority"),
    "tempered-mean": partial(_fit_tempered, rule="mean"),
    "tempered-product": partial(_fit_tempered, rule="product"),
    "pool": partial(_fit_pool, class_bias=False),
    "pool-bias": partial(_fit_pool, class_bias=True),
    "stacking": _fit_stacking,
    "nested": _fit_nested,
}
# What "nested" chooses from.
CANDIDATES = tuple(name for name in METHODS if name != "nested")
