"""Fitting EEG models on windows under a protocol: classic ones and networks alike."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from emofuse.core import OUT_OF_FOLD, Posteriors, log_softmax, nll, to_log_prob
from emofuse.perception.eeg import Normaliser, fit_normaliser, laid_out
from emofuse.protocols import Plan, best_temperature
from emofuse.training.classic import classic_model

from .eeg_windows import Windows

# Raw inputs of any rows to logits (or log-probabilities).
Answer = Callable[[np.ndarray], np.ndarray]
STRENGTHS = ("0.001", "0.01", "0.1", "1", "10")
CLASSIC, NETWORKS = ("logistic", "svc", "linear-svc", "forest"), ("fbccnn", "eegnet")
# Number of trees instead of a strength: more are never worse.
TREES = ("300",)


@dataclass(frozen=True)
class Recipe:
    """Which model, and how it is fitted. `epochs` and `learning_rate` are for networks.

    `balanced` weighs rare labels up (classic models), for scores that count labels equally.
    """

    model: str = "logistic"
    strengths: tuple[str, ...] = STRENGTHS
    balanced: bool = False
    epochs: int = 30
    learning_rate: float = 1e-3
    batch_size: int = 64
    seed: int = 0

    def __post_init__(self) -> None:
        if self.model not in (*CLASSIC, *NETWORKS):
            raise ValueError(f"unknown EEG model {self.model!r}; known: {CLASSIC + NETWORKS}")

    @property
    def layout(self) -> str:
        """How the model takes its input: features as a grid or flat, or the signal."""
        return {"fbccnn": "grid", "eegnet": "signal"}.get(self.model, "flat")


@dataclass(frozen=True)
class FittedEeg:
    """A fitted model with the normalisation of its training windows.

    `setting` is what validation chose: the strength, or the number of epochs. `model` is the
    scikit-learn pipeline or the network.
    """

    answer: Answer
    normaliser: Normaliser | float
    setting: str
    model: object = field(repr=False)


def network_input(windows: Windows, recipe: Recipe, normaliser: Normaliser | float) -> np.ndarray:
    """What the model is fed for every window, float32."""
    if recipe.layout == "signal":
        return (windows.signals / normaliser).astype(np.float32)
    return laid_out(normaliser(windows.features), windows.channels, recipe.layout).astype("f4")


def fit_normalisation(windows: Windows, recipe: Recipe, rows: np.ndarray) -> Normaliser | float:
    """Of the training rows: mean and spread a feature, or one spread for signals."""
    if recipe.layout == "signal":
        return float(windows.signals[rows].std())
    return fit_normaliser(windows.features[rows])


def fit_eeg(
    windows: Windows,
    recipe: Recipe,
    *,
    train: np.ndarray,
    validation: np.ndarray,
    folder: Path,
) -> FittedEeg:
    """Fit on `train`; strength or epoch is chosen by NLL on `validation` rows.

    Without validation rows the middle strength or the last epoch is taken.
    """
    normaliser = fit_normalisation(windows, recipe, train)
    inputs = network_input(windows, recipe, normaliser)
    if recipe.model in NETWORKS:
        return _fit_network(windows, recipe, inputs, normaliser, train, validation, folder)
    return _fit_classic(windows, recipe, inputs, normaliser, train, validation)


def _fit_classic(windows, recipe, inputs, normaliser, train, validation) -> FittedEeg:
    best = None
    strengths = TREES if recipe.model == "forest" else recipe.strengths
    if not len(validation):
        strengths = strengths[len(strengths) // 2 :][:1]
    for strength in strengths:
        model = classic_model(
            recipe.model, parameter=strength, normalisation="none", seed=recipe.seed
        )
        if recipe.balanced:
            model.set_params(model__class_weight="balanced")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a strength that does not converge is not chosen
            model.fit(inputs[train], windows.labels[train])
        answer = _classic_answer(model, len(windows.label_set))
        loss = (
            nll(log_softmax(answer(inputs[validation])), windows.labels[validation])
            if len(validation)
            else 0.0
        )
        if best is None or loss < best[0]:
            best = (loss, FittedEeg(answer, normaliser, strength, model))
    return best[1]


def _classic_answer(model, n_labels: int) -> Answer:
    """Log-probabilities, or decision values as logits; labels unseen in training get little."""

    def answer(inputs: np.ndarray) -> np.ndarray:
        if hasattr(model, "predict_proba"):
            values = to_log_prob(model.predict_proba(inputs), "prob")
        else:
            values = model.decision_function(inputs)
            values = np.stack([-values, values], 1) if values.ndim == 1 else values
        logits = np.full((len(inputs), n_labels), values.min() - 10.0)
        logits[:, model.classes_] = values
        return logits

    return answer


def _fit_network(windows, recipe, inputs, normaliser, train, validation, folder) -> FittedEeg:
    import torch

    from emofuse.models import MODELS
    from emofuse.training.batches import ordered_batches, seeded_data
    from emofuse.training.engine import FitOptions, fit, predict

    classes, channels = len(windows.label_set), len(windows.channels)
    sizes = {"classes": classes}
    if recipe.model == "eegnet":
        sizes |= {"channels": channels, "sample_rate": windows.options.sample_rate}
    else:
        sizes |= {"bands": len(windows.options.bands)}
    torch.manual_seed(recipe.seed)
    network = MODELS[recipe.model].build(**sizes)

    def batch(rows: np.ndarray, _) -> tuple:
        return (torch.from_numpy(inputs[rows]),), torch.from_numpy(windows.labels[rows])

    options = FitOptions(
        epochs=recipe.epochs,
        learning_rate=recipe.learning_rate,
        seed=recipe.seed,
        accelerator="cpu",
        threads=1,
    )
    data = seeded_data(
        train,
        batch,
        batch_size=recipe.batch_size,
        seed=recipe.seed,
        validation_rows=validation if len(validation) else None,
    )
    fitted = fit(network, data, options=options, folder=folder)

    def answer(values: np.ndarray) -> np.ndarray:
        def given(rows: np.ndarray, _) -> tuple:
            return (torch.from_numpy(values[rows]),), torch.zeros(len(rows))

        return predict(fitted.model, ordered_batches(np.arange(len(values)), given))[0]

    return FittedEeg(answer, normaliser, str(fitted.epoch + 1), fitted.model)


@dataclass(frozen=True)
class HeldOut:
    """Answers to every test window of a plan.

    `temperatures` (fold -> number) were fitted on the fold's validation windows, 1 where there are
    none; `settings` is what each fold's validation chose.
    """

    raw: Posteriors
    temperatures: Mapping[int, float]
    settings: tuple[str, ...]

    @property
    def calibrated(self) -> Posteriors:
        """The answers at their fold's temperature."""
        divisor = np.array([self.temperatures[fold] for fold in self.raw.fold.tolist()])
        return replace(self.raw, values=self.raw.values / divisor[:, None])


def held_out(windows: Windows, plan: Plan, recipe: Recipe, *, run: Path) -> HeldOut:
    """One fit a fold of `plan`, which was drawn on `windows.clips`; normalised inside each."""
    rows, values, folds, temperatures, settings = [], [], [], {}, []
    for split in plan.splits:
        train, validation, test = (
            windows.rows(part) for part in (split.train, split.validation, split.test)
        )
        folder = run / f"fold-{split.fold}"
        fitted = fit_eeg(windows, recipe, train=train, validation=validation, folder=folder)
        inputs = network_input(windows, recipe, fitted.normaliser)
        rows.append(test)
        values.append(fitted.answer(inputs[test]))
        folds.append(np.full(len(test), split.fold))
        settings.append(fitted.setting)
        temperatures[split.fold] = 1.0
        if len(validation):
            own = fitted.answer(inputs[validation])
            temperatures[split.fold] = cautious_temperature(
                posteriors_of(windows, validation, own, split.fold, recipe.model)
            )
    raw = posteriors_of(
        windows,
        np.concatenate(rows),
        np.concatenate(values),
        np.concatenate(folds),
        recipe.model,
        plan.stamps,
    )
    return HeldOut(raw, temperatures, tuple(settings))


def cautious_temperature(posteriors: Posteriors) -> float:
    """The best temperature had there been one wrong answer more, of typical certainty.

    Few held-out windows may all be right; that many right answers do not prove that the next one
    cannot be wrong (Laplace's rule of succession), and boundless certainty would silence every
    other modality.
    """
    scores = posteriors.log_prob
    row = int(np.argsort(scores.max(1))[len(scores) // 2])
    wrong = int(np.argsort(scores[row])[-2])
    rows = np.append(np.arange(len(scores)), row)
    return best_temperature(
        replace(
            posteriors.select(rows),
            truth=np.append(posteriors.truth, wrong),
        )
    )


def posteriors_of(
    windows: Windows,
    rows: np.ndarray,
    values: np.ndarray,
    fold: np.ndarray | int,
    system: str,
    stamps: Sequence[str] = (),
) -> Posteriors:
    """Logits (N, C) for the windows `rows` as out-of-fold posteriors."""
    return Posteriors(
        clips=tuple(windows.clips[row].id for row in rows),
        values=values,
        label_set=windows.label_set,
        scale="logit",
        system=f"eeg-{system}",
        role=OUT_OF_FOLD,
        fold=fold,
        truth=windows.labels[rows],
        subjects=tuple(windows.clips[row].subject for row in rows),
        stamps=tuple(stamps),
    )


def by_trial(posteriors: Posteriors) -> Posteriors:
    """One answer a trial: the mean of its windows' log-probabilities, under the trial's id."""
    trials = np.array([clip.rpartition("-w")[0] for clip in posteriors.clips])
    names, first, member = np.unique(trials, return_index=True, return_inverse=True)
    sums = np.zeros((len(names), len(posteriors.label_set)))
    np.add.at(sums, member, posteriors.log_prob)
    mean = sums / np.bincount(member)[:, None]
    return Posteriors(
        clips=tuple(names.tolist()),
        values=log_softmax(mean),
        label_set=posteriors.label_set,
        scale="log_prob",
        system=posteriors.system,
        role=OUT_OF_FOLD,
        fold=posteriors.fold[first],
        truth=posteriors.truth[first],
        subjects=tuple(posteriors.subjects[row] for row in first),
        stamps=posteriors.stamps,
    )
