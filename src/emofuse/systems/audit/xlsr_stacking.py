"""The published fusion by its own recipe: logistic regression on in-sample outputs."""

from __future__ import annotations

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from emofuse.core import OUT_OF_FOLD, Posteriors
from emofuse.protocols import Stamp, require_out_of_fold

from .xlsr_data import Published


def published_stacking(
    published: Published, *systems: str, allow_leakage: bool = False
) -> Posteriors:
    """Fit on what the base models say about their own training clips, as the paper does.

    Logits and probabilities side by side as they are, MinMax scaling, C = 1 (specs A7). Refused
    with a `LeakageError` unless `allow_leakage`; then stamped LEAKY and IN-SAMPLE.
    """
    train = [_by_fold_and_clip(published.in_sample(system)) for system in systems]
    test = [_by_fold_and_clip(published.held_out(system)) for system in systems]
    leaks = require_out_of_fold(train, test=test, allow_leakage=allow_leakage)
    first, values = test[0], np.zeros((len(test[0]), len(test[0].label_set)))
    for fold in np.unique(first.fold):
        fit_rows, apply_rows = train[0].fold == fold, first.fold == fold
        model = make_pipeline(MinMaxScaler(), LogisticRegression(C=1.0))
        model.fit(_side_by_side(train, fit_rows), train[0].truth[fit_rows])
        values[apply_rows] = model.predict_proba(_side_by_side(test, apply_rows))
    return Posteriors(
        clips=first.clips,
        values=values,
        label_set=first.label_set,
        scale="prob",
        system=f"logistic({' + '.join(systems)})",
        role=OUT_OF_FOLD,
        fold=first.fold,
        truth=first.truth,
        subjects=first.subjects,
        stamps=(str(Stamp.CHOSEN_ON_TEST), str(Stamp.LEAKY), *leaks),
    )


def _by_fold_and_clip(posteriors: Posteriors) -> Posteriors:
    return posteriors.select(np.lexsort((posteriors.clips, posteriors.fold)))


def _side_by_side(parts: list[Posteriors], rows: np.ndarray) -> np.ndarray:
    return np.hstack([part.values[rows] for part in parts])
