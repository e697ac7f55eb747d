"""Learning a fold with a scikit-learn classifier on one row of numbers a clip."""

from __future__ import annotations

import contextlib
import hashlib
import json
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.exceptions import ConvergenceWarning

from emofuse.core import InputError

from .examples import Examples
from .runs import write_text
from .system import FoldRows, Learned
from .table_export import table_to_onnx
from .table_scores import log_probabilities, table


@dataclass(frozen=True)
class TableMethod:
    """A `Method`: `candidates(options)` are unfitted pipelines for the examples' one input.

    `modality` is that of its bundle.

    Of several the one that is right most often on the validation persons is taken and refitted
    with them. A fitted estimator is never stored (a stored one would be a pickle): refitting on
    the same rows gives the same model, and takes seconds. `fitted.json` holds the hash of what it
    was fitted on.
    """

    candidates: Callable[[Any], Mapping[str, BaseEstimator]]
    modality: str
    refits: bool = True

    def learn(
        self, options: Any, examples: Examples, rows: FoldRows, *, folder: Path, progress: bool
    ) -> Learned:
        learned, facts = self._fit(options, examples, rows)
        write_text(folder / "fitted.json", json.dumps(facts) + "\n")
        return learned

    def restore(self, options: Any, examples: Examples, rows: FoldRows, *, folder: Path) -> Learned:
        path = folder / "fitted.json"
        if not path.is_file():
            raise InputError(folder, "holds no finished training", "train this fold first")
        learned, facts = self._fit(options, examples, rows)
        if json.loads(path.read_text(encoding="utf-8")) != facts:
            raise InputError(path, "was fitted on other clips", "give the corpus it was trained on")
        return learned

    def _fit(
        self, options: Any, examples: Examples, rows: FoldRows
    ) -> tuple[Learned, dict[str, object]]:
        candidates = self.candidates(options)
        name = choose(candidates, examples, rows)
        # Rows keep their order, which decides what a seeded MLP learns.
        used = np.sort(np.concatenate([rows.train, rows.validation]))
        features, truth = table(examples, used), examples.truth[used]
        model = _fitted(candidates[name], features, truth)
        n_labels = len(examples.label_set)

        def answer(given: Examples, picked: np.ndarray) -> np.ndarray:
            return log_probabilities(model, table(given, picked), n_labels)

        learned = Learned(
            answer,
            scale="log_prob",
            modality=self.modality,
            export=lambda given: {self.modality: table_to_onnx(model, given)},
        )
        digest = hashlib.sha256(np.ascontiguousarray(features).tobytes() + truth.tobytes())
        return learned, {"model": name, "fitted_on": digest.hexdigest()}


def choose(candidates: Mapping[str, BaseEstimator], examples: Examples, rows: FoldRows) -> str:
    """The candidate that is right most often on the validation rows; the first of equals."""
    if len(candidates) == 1:
        return next(iter(candidates))
    train, truth = table(examples, rows.train), examples.truth[rows.train]
    held_out, wanted = table(examples, rows.validation), examples.truth[rows.validation]
    right = {}
    for name, model in candidates.items():
        # What cannot be fitted to so few clips (forty neighbours of twenty) is no candidate.
        with contextlib.suppress(ValueError):
            answer = _fitted(clone(model), train, truth).predict(held_out)
            right[name] = float((answer == wanted).mean())
    if not right:
        raise InputError("training part", "no classifier can be fitted to it", "give more clips")
    return max(right, key=right.__getitem__)


def _fitted(model: BaseEstimator, features: np.ndarray, truth: np.ndarray) -> BaseEstimator:
    """The published nets stop after 200 rounds without having converged: that is the recipe."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(features, truth)
