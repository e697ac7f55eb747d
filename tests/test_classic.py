"""The classic grid: names and parameters as text, scalers that see the training part only."""

from __future__ import annotations

import numpy as np
import pytest

from emofuse.core import LabelSet
from emofuse.training.classic import CLASSIC, NORMALISATIONS, classic_model, out_of_fold_posteriors

LABELS = LabelSet("abc", ("a", "b", "c"))


def table(n=90, shift=0.0):
    rng = np.random.default_rng(0)
    truth = np.arange(n) % 3
    features = rng.normal(size=(n, 4)) + 3 * np.eye(4)[truth]
    folds = np.repeat([0, 1, 2], n // 3)
    features[folds == 2] += shift
    return features, truth, folds


def posteriors(model, features, truth, folds):
    return out_of_fold_posteriors(
        model,
        features,
        truth=truth,
        folds=folds,
        clips=[f"c{i}" for i in range(len(truth))],
        subjects=[f"p{k}" for k in folds],
        label_set=LABELS,
        system="classic",
    )


@pytest.mark.parametrize("name", CLASSIC)
@pytest.mark.parametrize("normalisation", NORMALISATIONS)
def test_every_cell_of_the_grid_learns_and_answers(name, normalisation):
    parameter = {"forest": "20", "mlp": "(8, 8)"}.get(name, "")
    model = classic_model(name, parameter=parameter, normalisation=normalisation)
    if name == "mlp":
        model.set_params(model__max_iter=400, model__learning_rate_init=0.01)
    found = posteriors(model, *table())
    assert (found.values.argmax(1) == found.truth).mean() > 0.75
    assert found.scale == ("prob" if hasattr(model, "predict_proba") else "logit")


@pytest.mark.parametrize(
    "name, text, parameter, value",
    [
        ("mlp", "(80)", "hidden_layer_sizes", (80,)),
        ("mlp", "80, 80", "hidden_layer_sizes", (80, 80)),
        ("knn", "40", "n_neighbors", 40),
        ("svc", "0.1", "C", 0.1),
        ("logistic", "", "C", 1.0),
    ],
)
def test_parameters_are_read_from_text(name, text, parameter, value):
    assert classic_model(name, parameter=text).get_params()[f"model__{parameter}"] == value


@pytest.mark.parametrize(
    "arguments",
    [
        {"name": "svm"},
        {"name": "svc", "normalisation": "z"},
        {"name": "svc", "parameter": "__import__('os')"},
        {"name": "knn", "parameter": "2.5"},
        {"name": "nearest-centroid", "parameter": "1"},
    ],
)
def test_what_cannot_be_read_is_refused(arguments):
    with pytest.raises(ValueError):
        classic_model(arguments.pop("name"), **arguments)


def test_the_scaler_never_sees_the_test_part():
    """A scaler fitted on everything would make other folds' answers depend on fold 2's values."""
    model = classic_model("logistic", normalisation="standard")
    features, truth, folds = table()
    alone = model.fit(features[folds < 2], truth[folds < 2])
    far = features[folds == 2] + 1000.0
    expected = alone.predict_proba(far)
    moved, *_ = table(shift=1000.0)
    found = posteriors(classic_model("logistic", normalisation="standard"), moved, truth, folds)
    np.testing.assert_allclose(found.values[folds == 2], expected, atol=1e-9)
