"""Table 2 of Luna-Jiménez et al. (2022): static models on the clip means of Action Units.

Takes a minute or two: the perceptrons alone are twenty fits.
"""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import PredefinedSplit, cross_val_score

from emofuse.core import Posteriors
from emofuse.protocols import Stamp
from emofuse.training.classic import classic_model, out_of_fold_posteriors

from .row import AuditRow
from .xlsr_data import MLP80, FeatureTable, Published

# (classifier, parameter): claimed accuracy with MinMax normalisation, without.
CLAIMED = {
    ("svc", "0.1"): (53.25, 48.07),
    ("svc", "1"): (59.93, 54.88),
    ("svc", "10"): (55.93, 51.65),
    ("knn", "10"): (53.10, 46.80),
    ("knn", "20"): (54.30, 49.07),
    ("knn", "30"): (55.18, 48.82),
    ("knn", "40"): (55.40, 50.20),
    ("mlp", "80"): (60.22, 58.93),
    ("mlp", "80,80"): (57.77, 55.82),
}


def rows(data_dir: Path) -> list[AuditRow]:
    """The 18 cells, rebuilt. All settings were compared on the test folds."""
    table = Published(data_dir).action_units
    return [
        AuditRow(
            f"{name} {parameter}, {normalisation}",
            claimed=claimed,
            as_published=100 * cell(table, name, parameter, normalisation),
            stamp=str(Stamp.CHOSEN_ON_TEST),
            n=len(table.clips),
        )
        for (name, parameter), both in CLAIMED.items()
        for normalisation, claimed in zip(("minmax", "none"), both, strict=True)
    ]


def cell(table: FeatureTable, name: str, parameter: str, normalisation: str) -> float:
    """Mean fold accuracy of one setting."""
    model = classic_model(name, parameter=parameter, normalisation=normalisation)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # theirs do not converge either
        scores = cross_val_score(
            model, table.features, table.truth, cv=PredefinedSplit(table.folds)
        )
    return float(np.mean(scores))


def refit_mlp80(table: FeatureTable) -> Posteriors:
    """The published Action-Unit perceptron, trained again: 80 hidden units, MinMax, seed 2020."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return out_of_fold_posteriors(
            classic_model("mlp", parameter="80"),
            table.features,
            truth=table.truth,
            folds=table.folds,
            clips=table.clips,
            subjects=table.subjects,
            label_set=table.label_set,
            system=MLP80,
        )
