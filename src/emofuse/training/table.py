"""Learning a fold with a scikit-learn classifier on one row of numbers a clip."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from emofuse.core import InputError

from .examples import Examples
from .runs import write_text
from .system import FoldRows, Learned


@dataclass(frozen=True)
class TableMethod:
    """A `Method`: `build(options)` makes an unfitted pipeline for the examples' one input.

    A fitted estimator is never stored (a stored one would be a pickle): refitting on the same
    rows gives the same model, and takes seconds. `fitted.json` holds the hash of what it was
    fitted on. There is nothing to choose, so the validation persons train too where
    `with_validation` is true, as where the published system had no validation part.
    """

    build: Callable[[Any], BaseEstimator]
    with_validation: Callable[[Any], bool] = lambda options: True
    refits: bool = True

    def learn(
        self, options: Any, examples: Examples, rows: FoldRows, *, folder: Path, progress: bool
    ) -> Learned:
        learned, fitted_on = self._fit(options, examples, rows)
        write_text(folder / "fitted.json", json.dumps({"fitted_on": fitted_on}))
        return learned

    def restore(self, options: Any, examples: Examples, rows: FoldRows, *, folder: Path) -> Learned:
        path = folder / "fitted.json"
        if not path.is_file():
            raise InputError(folder, "holds no finished training", "train this fold first")
        learned, fitted_on = self._fit(options, examples, rows)
        if json.loads(path.read_text(encoding="utf-8"))["fitted_on"] != fitted_on:
            raise InputError(path, "was fitted on other clips", "give the corpus it was trained on")
        return learned

    def _fit(self, options: Any, examples: Examples, rows: FoldRows) -> tuple[Learned, str]:
        # Rows keep their order, which decides what a seeded MLP learns.
        used = rows.train
        if self.with_validation(options):
            used = np.sort(np.concatenate([rows.train, rows.validation]))
        features, truth = table(examples, used), examples.truth[used]
        model = self.build(options).fit(features, truth)
        probabilistic = hasattr(model, "predict_proba")
        n_labels = len(examples.label_set)

        def answer(given: Examples, picked: np.ndarray) -> np.ndarray:
            scores = (model.predict_proba if probabilistic else model.decision_function)(
                table(given, picked)
            )
            return _all_labels(scores, model.classes_, n_labels, probabilistic=probabilistic)

        digest = hashlib.sha256(np.ascontiguousarray(features).tobytes() + truth.tobytes())
        return Learned(answer, scale="prob" if probabilistic else "logit"), digest.hexdigest()


def table(examples: Examples, rows: np.ndarray) -> np.ndarray:
    """(n, D) of the rows' one input."""
    (part,) = examples.inputs
    return np.stack([np.asarray(part.values[row], float).ravel() for row in rows])


def _all_labels(
    scores: np.ndarray, present: np.ndarray, n_labels: int, *, probabilistic: bool
) -> np.ndarray:
    """Columns for every label; one that the training part lacks is never answered."""
    if scores.ndim == 1:  # two classes: one decision value
        scores = np.column_stack([-scores, scores])
    lowest = 0.0 if probabilistic else scores.min() - 10.0
    full = np.full((len(scores), n_labels), lowest)
    full[:, present] = scores
    return full
