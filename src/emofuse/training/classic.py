"""Classic models on feature tables: eleven classifiers, three normalisations, one free parameter.

The grid of Luna-Jiménez et al. (2022), doi 10.3390/app12010327, as scikit-learn pipelines. The
scaler is a step of the pipeline, so it is fitted on the training part and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, Perceptron, RidgeClassifier
from sklearn.model_selection import PredefinedSplit, cross_val_predict
from sklearn.neighbors import KNeighborsClassifier, NearestCentroid
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.svm import SVC, LinearSVC, NuSVC
from sklearn.tree import DecisionTreeClassifier

from emofuse.core import OUT_OF_FOLD, LabelSet, Posteriors

SEED = 2020
NORMALISATIONS: dict[str, Callable[[], BaseEstimator] | None] = {
    "minmax": MinMaxScaler,
    "standard": StandardScaler,
    "none": None,
}


def _sizes(text: str) -> tuple[int, ...]:
    """Layer sizes from "80", "80,80" or "(80, 80)"."""
    return tuple(int(part) for part in text.strip(" ()").split(",") if part.strip())


@dataclass(frozen=True)
class ClassicModel:
    """A scikit-learn classifier and its one free parameter, which `parse` reads from text."""

    estimator: type[BaseEstimator]
    parameter: str = ""
    parse: Callable[[str], object] = float
    default: str = ""
    fixed: tuple[tuple[str, object], ...] = ()
    seeded: bool = False


CLASSIC: dict[str, ClassicModel] = {
    "svc": ClassicModel(SVC, "C", default="1", seeded=True),
    "logistic": ClassicModel(
        LogisticRegression, "C", default="1", fixed=(("max_iter", 10_000),), seeded=True
    ),
    "ridge": ClassicModel(RidgeClassifier, "alpha", default="1", seeded=True),
    # Without a penalty alpha changes nothing; it is the published grid's parameter.
    "perceptron": ClassicModel(Perceptron, "alpha", default="0.0001", seeded=True),
    "nusvc": ClassicModel(NuSVC, "nu", default="0.5", seeded=True),
    "linear-svc": ClassicModel(
        LinearSVC, "C", default="1", fixed=(("max_iter", 10_000),), seeded=True
    ),
    "knn": ClassicModel(KNeighborsClassifier, "n_neighbors", int, "5"),
    "nearest-centroid": ClassicModel(NearestCentroid),
    "tree": ClassicModel(DecisionTreeClassifier, "min_samples_split", int, "2", seeded=True),
    "forest": ClassicModel(RandomForestClassifier, "n_estimators", int, "100", seeded=True),
    "mlp": ClassicModel(MLPClassifier, "hidden_layer_sizes", _sizes, "80", seeded=True),
}


def classic_model(
    name: str, *, parameter: str = "", normalisation: str = "minmax", seed: int = SEED
) -> Pipeline:
    """An unfitted pipeline of normalisation and classifier `name` (see `CLASSIC`).

    `parameter` is the text of the classifier's free parameter, e.g. "0.1" or "80,80"; empty
    means its default. `ValueError` on an unknown name or a parameter that cannot be read.
    """
    for what, known in ((name, CLASSIC), (normalisation, NORMALISATIONS)):
        if what not in known:
            raise ValueError(f"unknown {what!r}; known: {', '.join(known)}")
    model = CLASSIC[name]
    settings = dict(model.fixed)
    if parameter and not model.parameter:
        raise ValueError(f"{name} has no parameter, got {parameter!r}")
    if model.parameter:
        try:
            settings[model.parameter] = model.parse(parameter or model.default)
        except ValueError:
            raise ValueError(f"{name}: {parameter!r} is no value for {model.parameter}") from None
    if model.seeded:
        settings["random_state"] = seed
    scaler = NORMALISATIONS[normalisation]
    return Pipeline(
        [("scale", scaler() if scaler else "passthrough"), ("model", model.estimator(**settings))]
    )


def out_of_fold_posteriors(
    model: BaseEstimator,
    features: np.ndarray,
    *,
    truth: np.ndarray,
    folds: np.ndarray,
    clips: Sequence[str],
    subjects: Sequence[str],
    label_set: LabelSet,
    system: str,
) -> Posteriors:
    """Held-out outputs for every row of `features` (N, D), one fit of `model` a fold.

    Rows keep their order, which decides what a seeded MLP learns. Models without probabilities
    (ridge, perceptron, support vectors) give their decision values as logits: good for decisions,
    not calibrated. Every fold's training part must hold every label.
    """
    probabilistic = hasattr(model, "predict_proba")
    values = cross_val_predict(
        model,
        features,
        truth,
        cv=PredefinedSplit(folds),
        method="predict_proba" if probabilistic else "decision_function",
    )
    return Posteriors(
        clips=tuple(clips),
        values=values,
        label_set=label_set,
        scale="prob" if probabilistic else "logit",
        system=system,
        role=OUT_OF_FOLD,
        fold=folds,
        truth=truth,
        subjects=tuple(subjects),
    )
