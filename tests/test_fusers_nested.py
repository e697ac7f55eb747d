"""Streams trained inside the training parts: held out twice, chosen without the test fold."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression

from emofuse.core import OUT_OF_FOLD, LabelSet, Posteriors, log_softmax
from emofuse.training.fusers import blend, choose_and_fuse, nested_outputs, stack_streams

FOLDS = np.repeat(np.arange(4), 30)
TRUTH = np.arange(120) % 2


class Witness(ClassifierMixin, BaseEstimator):
    """Answers with the share of each fold it was trained on: features hold the fold number."""

    def fit(self, features, truth):
        self.classes_ = np.unique(truth)
        self.seen_ = np.unique(features[:, 0])
        return self

    def predict_proba(self, features):
        bits = sum(2.0 ** -(1 + fold) for fold in self.seen_)
        return np.tile([bits, 1 - bits], (len(features), 1))


def test_every_row_comes_from_a_model_without_its_fold_and_without_the_outer_one():
    outputs = nested_outputs(Witness(), FOLDS[:, None].astype(float), truth=TRUTH, folds=FOLDS)
    assert outputs.shape == (4, 120, 2)
    for k in range(4):
        for fold in range(4):
            seen = sum(2.0 ** -(1 + f) for f in range(4) if f not in (k, fold))
            np.testing.assert_allclose(np.exp(outputs[k, fold == FOLDS, 0]), seen)


def streams():
    rng = np.random.default_rng(0)
    weak = Posteriors(
        tuple(f"c{i:03d}" for i in range(120)),
        log_softmax(rng.normal(size=(120, 2)) + 0.5 * np.eye(2)[TRUTH]),
        LabelSet("ab", ("a", "b")),
        "log_prob",
        "weak",
        OUT_OF_FOLD,
        FOLDS,
        TRUTH,
        tuple(f"p{i // 10}" for i in range(120)),
    )
    return stack_streams([weak])


def test_the_better_candidate_is_chosen_and_helps():
    rows, rng = streams(), np.random.default_rng(1)
    useful = rng.normal(size=(120, 3)) + 1.5 * TRUTH[:, None]
    model = LogisticRegression()
    base = {"weak": rows.log_probs[0]}
    candidates = {
        "noise": base
        | {"extra": nested_outputs(model, rng.normal(size=(120, 3)), truth=TRUTH, folds=FOLDS)},
        "useful": base | {"extra": nested_outputs(model, useful, truth=TRUTH, folds=FOLDS)},
    }
    fused, chosen = choose_and_fuse(rows, candidates)
    assert set(chosen.values()) == {"useful"} and sorted(chosen) == [0, 1, 2, 3]
    alone, _ = choose_and_fuse(rows, {"alone": base})
    right = [(p.values.argmax(1) == TRUTH).mean() for p in (alone, fused)]
    assert right[1] > right[0] + 0.1


def test_the_test_fold_does_not_decide():
    """A candidate that is perfect on fold 0 only must not be chosen for fold 0."""
    rows = streams()
    cheat = np.zeros((4, 120, 2))
    cheat[0, FOLDS == 0] = 20.0 * np.eye(2)[TRUTH[FOLDS == 0]]
    decent = np.tile(log_softmax(1.0 * np.eye(2)[TRUTH]), (4, 1, 1))
    _, chosen = choose_and_fuse(rows, {"cheat": {"x": log_softmax(cheat)}, "decent": {"x": decent}})
    assert chosen[0] == "decent"


def test_a_blend_is_the_mean_of_probabilities():
    one, two = np.log([[[0.8, 0.2]]]), np.log([[[0.4, 0.6]]])
    np.testing.assert_allclose(np.exp(blend(one, two)), [[[0.6, 0.4]]])
    with pytest.raises(ValueError):
        blend(one, np.concatenate([two, two]))
