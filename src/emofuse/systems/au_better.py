"""Face from Action Units: several classifiers, the best mix of them chosen inside each training part.

`python -m emofuse.systems.au_better action-units --data DIR`. Clip means of 35 OpenFace columns,
RAVDESS, `ravdess-5fold`. A linear model and kernel models (random features of an RBF kernel,
Williams & Seeger 2001) are trained without each fold and without each pair of folds; what speaks
for a fold, and how sure it is, is decided by NLL on the four others. The adapted row measures every
clip against its person's other clips (ranks, spreads, means): transductive, and never to be set
beside the plain one, since RAVDESS shows every emotion of a person equally often.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from time import process_time

import numpy as np
from scipy.stats import rankdata
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from emofuse.core import OUT_OF_FOLD, Posteriors
from emofuse.posteriors import write_posteriors
from emofuse.training.fusers import (
    Streams,
    adapt_by_person,
    blend,
    nested_outputs,
    stack_streams,
)

from .audit.xlsr_data import PROTOCOL, FeatureTable, Published
from .chosen_row import chosen_row, scored_row, write_record
from .command import run_recorder

NAME = "action-units"
# Where the kernels' random features, the only chance in here, start from.
SEEDS = (2020, 2021, 2022)


@dataclass(frozen=True)
class Config:
    """How strong and how wide the candidates are; `copies` of 0 leaves the swapped one out."""

    linear_c: float = 0.1
    width: float = 0.01
    kernel_c: float = 3.0
    components: int = 300
    copies: int = 4
    swapped_c: float = 1.0


# Settled by inner scores (two folds held out, fitted on three) before any fold was scored. Adapted
# features have no person's mean left to swap.
PLAIN, ADAPTED = Config(), Config(linear_c=0.05, width=0.015, kernel_c=10.0, copies=0)


def plain_features(means: np.ndarray) -> np.ndarray:
    """Square roots of (N, 35) clip means: intensities and shares of frames are skewed towards 0."""
    return np.sqrt(means)


def adapted_features(means: np.ndarray, persons: Sequence[str]) -> np.ndarray:
    """(N, 105): each clip against all clips of its person, by spread, by rank and by mean."""
    roots, persons = plain_features(means), np.asarray(persons)
    ranks = np.empty_like(roots)
    for person in np.unique(persons):
        ranks[persons == person] = rankdata(means[persons == person], axis=0) / sum(
            persons == person
        )
    views = (
        adapt_by_person(roots, persons, how="zscore"),
        ranks,
        adapt_by_person(roots, persons, how="centre"),
    )
    return np.hstack(views)


def linear_model(config: Config) -> BaseEstimator:
    """Multinomial logistic regression on standardised columns."""
    return make_pipeline(StandardScaler(), LogisticRegression(C=config.linear_c, max_iter=1000))


def kernel_model(config: Config, *, strength: float, columns: int, seed: int) -> BaseEstimator:
    """Logistic regression on random features of exp(-gamma × distance²) of standardised columns.

    `config.width` is gamma for 35 columns; of more `columns` each counts less.
    """
    gamma = config.width * 35 / columns
    return make_pipeline(
        StandardScaler(),
        Nystroem(gamma=gamma, n_components=config.components, random_state=seed),
        StandardScaler(with_std=False),
        LogisticRegression(C=strength, max_iter=1000),
    )


def rows_of(table: FeatureTable) -> Streams:
    """Which clips, folds and persons there are, by fold and clip; the answers in it are even."""
    even = Posteriors(
        clips=table.clips,
        values=np.full((len(table.clips), len(table.label_set)), 1 / len(table.label_set)),
        label_set=table.label_set,
        scale="prob",
        system=NAME,
        role=OUT_OF_FOLD,
        fold=table.folds,
        truth=table.truth,
        subjects=table.subjects,
    )
    return stack_streams([even])


class Swapped(ClassifierMixin, BaseEstimator):
    """`model`, fitted on each row and on `copies` of it under other persons' means.

    The last column of the features numbers the person: needed to fit, not read for answers.
    """

    def __init__(self, model: BaseEstimator, *, copies: int = 4, seed: int = 0):
        self.model, self.copies, self.seed = model, copies, seed

    def fit(self, features: np.ndarray, truth: np.ndarray) -> Swapped:
        rows, rng = features[:, :-1], np.random.default_rng(self.seed)
        _, own = np.unique(features[:, -1], return_inverse=True)
        means = np.stack([rows[own == person].mean(0) for person in range(own.max() + 1)])
        shown = rows - means[own]
        copies = [
            shown + means[rng.integers(len(means), size=len(own))] for _ in range(self.copies)
        ]
        self.fitted_ = clone(self.model)
        self.fitted_.fit(np.concatenate([rows, *copies]), np.tile(truth, 1 + self.copies))
        self.classes_ = self.fitted_.classes_
        return self

    def predict_proba(self, features: np.ndarray) -> np.ndarray:
        return self.fitted_.predict_proba(features[:, :-1])


def candidates(
    rows: Streams, features: np.ndarray, *, config: Config, seed: int
) -> dict[str, dict[str, np.ndarray]]:
    """Name of each mix -> its streams (K, N, C); `features` (N, D) in the order of `rows`.

    With `config.copies` a kernel model that has seen each clip under other persons' means is added.
    """
    kernel = partial(kernel_model, config, columns=features.shape[1], seed=seed)
    streams = {
        "linear": _nested(rows, linear_model(config), features),
        "kernel": _nested(rows, kernel(strength=config.kernel_c), features),
    }
    if config.copies:
        _, person = np.unique(rows.persons.astype(str), return_inverse=True)
        model = Swapped(kernel(strength=config.swapped_c), copies=config.copies, seed=seed)
        streams["swapped"] = _nested(rows, model, np.column_stack([features, person]))
    return {
        **{name: {NAME: stream} for name, stream in streams.items()},
        "mean": {NAME: blend(*streams.values())},
        "weighed": streams,
    }


def _nested(rows: Streams, model: BaseEstimator, features: np.ndarray) -> np.ndarray:
    return nested_outputs(model, features, truth=rows.truth, folds=rows.folds)


def outputs(
    data_dir: Path, *, adapted: bool, seed: int, config: Config | None = None
) -> tuple[Streams, dict[str, dict[str, np.ndarray]]]:
    """The rows, and the candidates for them, of the published table below `data_dir`."""
    table = Published(data_dir).action_units
    rows = rows_of(table)
    position = {clip: i for i, clip in enumerate(table.clips)}
    means = table.features[[position[clip] for clip in rows.clips]]
    features = adapted_features(means, rows.persons) if adapted else plain_features(means)
    config = config or (ADAPTED if adapted else PLAIN)
    return rows, candidates(rows, features, config=config, seed=seed)


def record_action_units(
    name: str, data_dir: Path, out: Path, *, config: Config | None = None
) -> Path:
    """Measure both rows; writes `out`/models/NAME.json and `out`/posteriors/NAME-5fold.parquet."""
    began, rows = process_time(), {}
    for row, adapted in (("plain", False), ("person_adapted", True)):
        runs = []
        for seed in SEEDS:
            streams, found = outputs(data_dir, adapted=adapted, seed=seed, config=config)
            runs.append(chosen_row(streams, found, system=name, adapted=adapted))
        rows[row] = scored_row(runs)
        if not adapted:
            write_posteriors(runs[0][0], Path(out) / "posteriors" / f"{name}-5fold.parquet")
    return write_record(
        name,
        out,
        rows=rows,
        began=began,
        command=f"python -m emofuse.systems.au_better {name} --data DATA",
        protocol=PROTOCOL,
        split_hash=Published(data_dir).plan.hash,
        settings={"plain": asdict(config or PLAIN), "person_adapted": asdict(config or ADAPTED)},
        note="Person-adapted: every clip against all 60 unlabelled clips of its person, itself "
        "among them (transductive).",
    )


def main() -> int:
    about = __doc__.splitlines()[0]
    return run_recorder(record_action_units, about=about, names=(NAME,), results="results")


if __name__ == "__main__":
    raise SystemExit(main())
