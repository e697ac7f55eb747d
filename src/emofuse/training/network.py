"""Learning a fold with a network: inputs normalised inside it, fitted by the engine, to ONNX."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.metrics import f1_score
from torch import Tensor, nn
from torch.nn import functional

from emofuse.core import InputError

from .batches import seeded_data
from .engine import (
    FitOptions,
    Fitted,
    Score,
    fit,
    load_checkpoint,
    predict,
    single_label_scores,
)
from .examples import Examples
from .fed_network import FedNetwork
from .network_export import to_onnx
from .optimisers import Optimiser
from .system import FoldRows, Learned
from .watched import Watched

Loss = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Recipe:
    """How a network is trained.

    `chosen_on` says which part the checkpoint is chosen on: "validation", "test" (as some
    published systems did; such a run is stamped) or "last" (the last epoch, nothing is chosen).
    `loss(train_truth)` makes the loss from the fold's training labels, cross-entropy (or binary
    cross-entropy for several labels) unless given. `watch` are the parts whose curves are drawn
    beside validation; nothing is chosen by them. `repeats` is how often an epoch draws each clip.
    """

    fit: FitOptions
    optimiser: Optimiser = field(default_factory=Optimiser)
    batch_size: int = 32
    chosen_on: str = "validation"
    loss: Callable[[np.ndarray], Loss] | None = None
    penalty: Callable[[nn.Module], Tensor] | None = None
    score: Score | None = None
    watch: tuple[str, ...] = ("train", "test")
    repeats: int = 1


@dataclass(frozen=True)
class NetworkMethod:
    """A `Method`: `build(options, classes)` makes the network, `recipe(options)` trains it.

    `modality` is that of its bundle. With `single_frame` the bundle takes one picture where the
    network takes a film: analysis itself adds what the pictures of a window say. A bundle of a
    voice or of single faces is given what is there; one that reads several senses, or a film, is
    told by masks what is missing.
    """

    build: Callable[[Any, int], nn.Module]
    recipe: Callable[[Any], Recipe]
    modality: str = "voice"
    single_frame: bool = False
    refits: bool = False

    def learn(
        self, options: Any, examples: Examples, rows: FoldRows, *, folder: Path, progress: bool
    ) -> Learned:
        recipe = self.recipe(options)
        model = self._model(options, examples, rows.train, recipe.fit.seed)
        chooses = {"validation": rows.validation, "test": rows.test, "last": rows.validation}
        fitted = fit(
            model,
            seeded_data(
                np.tile(rows.train, recipe.repeats),
                examples.training_batch,
                batch_size=recipe.batch_size,
                seed=recipe.fit.seed,
                validation_rows=chooses[recipe.chosen_on],
                make_validation=examples.whole_batch,
            ),
            options=replace(recipe.fit, progress=progress),
            folder=folder,
            loss=_loss(recipe, examples, rows, model.network),
            score=_score(recipe, examples),
            optimiser=recipe.optimiser,
            watch=[_watched(recipe, examples, rows)] if recipe.watch else [],
        )
        return self._learned(fitted, recipe)

    def restore(self, options: Any, examples: Examples, rows: FoldRows, *, folder: Path) -> Learned:
        if not (folder / "finished.json").is_file():
            raise InputError(folder, "holds no finished training", "train this fold first")
        recipe = self.recipe(options)
        model = self._model(options, examples, None, recipe.fit.seed)
        epoch = load_checkpoint(model, folder, latest=recipe.chosen_on == "last")
        return self._learned(Fitted(model.eval(), (), epoch, folder), recipe)

    def step(self, options: Any, examples: Examples, rows: np.ndarray) -> Callable[[], None]:
        """A training step on the batch of `rows`, to be measured: every call takes one more."""
        recipe = self.recipe(options)
        model = self._model(options, examples, rows, recipe.fit.seed).train()
        loss = _loss(recipe, examples, FoldRows(0, rows, rows, rows), model.network)
        optimiser = recipe.optimiser.make(
            model,
            learning_rate=recipe.fit.learning_rate,
            weight_decay=recipe.fit.weight_decay,
        )
        inputs, target = examples.training_batch(rows, np.random.default_rng(recipe.fit.seed))

        def one() -> None:
            optimiser.zero_grad()
            loss(model(*inputs), target).backward()
            if recipe.fit.clip_norm:
                nn.utils.clip_grad_norm_(model.parameters(), recipe.fit.clip_norm)
            optimiser.step()

        return one

    def _model(
        self, options: Any, examples: Examples, rows: np.ndarray | None, seed: int
    ) -> FedNetwork:
        torch.manual_seed(seed)
        return FedNetwork(self.build(options, len(examples.label_set)), examples, rows)

    def _learned(self, fitted: Fitted, recipe: Recipe) -> Learned:
        model, epoch = fitted.model, fitted.epoch
        if recipe.chosen_on == "last":
            # A run resumed after its last epoch counts one more without training in it.
            latest = load_checkpoint(model, fitted.folder, latest=True)
            epoch = min(latest, recipe.fit.epochs - 1)

        def answer(examples: Examples, rows: np.ndarray) -> np.ndarray:
            return predict(model, _in_order(examples, rows, batch_size=recipe.batch_size))[0]

        return Learned(
            answer,
            history=fitted.history,
            epoch=epoch,
            modality=self.modality,
            export=lambda examples: {
                self.modality: to_onnx(
                    model,
                    examples,
                    single_frame=self.single_frame,
                    masked=self.modality not in ("voice", "face"),
                )
            },
        )


def _loss(recipe: Recipe, examples: Examples, rows: FoldRows, network: nn.Module) -> Loss:
    if recipe.loss is not None:
        loss = recipe.loss(examples.truth[rows.train])
    elif examples.truth.ndim > 1:
        loss = functional.binary_cross_entropy_with_logits
    else:
        loss = functional.cross_entropy
    if recipe.penalty is None:
        return loss

    def penalised(logits: Tensor, target: Tensor) -> Tensor:
        return loss(logits, target) + recipe.penalty(network).to(logits.device)

    return penalised


def _score(recipe: Recipe, examples: Examples) -> Score:
    if recipe.score is not None:
        return recipe.score
    return several_labels_scores if examples.truth.ndim > 1 else single_label_scores


def balanced_cross_entropy(truth: np.ndarray) -> Loss:
    """Cross-entropy with scikit-learn's "balanced" class weights of the training labels."""
    counts = np.bincount(truth)
    weight = torch.tensor(len(truth) / (np.count_nonzero(counts) * np.maximum(counts, 1)))

    def loss(logits: Tensor, target: Tensor) -> Tensor:
        # The last labels may not occur among the training clips.
        known = functional.pad(weight, (0, logits.shape[1] - len(weight)))
        return functional.cross_entropy(logits, target, weight=known.to(logits))

    return loss


def several_labels_scores(logits: np.ndarray, target: np.ndarray) -> dict[str, float]:
    """Mean over labels of the F1 of the positives at a probability of one half, and accuracy."""
    answer = (logits > 0).astype(int)
    found = f1_score(target.astype(int), answer, average="macro", zero_division=0.0)
    return {"positive_f1": float(found), "accuracy": float((answer == target).mean())}


def _in_order(examples: Examples, rows: np.ndarray, *, batch_size: int) -> Iterator:
    """Unaugmented batches, made one at a time: a corpus of films does not fit in memory twice."""
    for part in np.array_split(rows, range(batch_size, len(rows), batch_size)):
        if len(part):
            yield examples.whole_batch(part, np.random.default_rng(0))


def _watched(recipe: Recipe, examples: Examples, rows: FoldRows) -> Watched:
    parts = {"train": rows.train, "test": rows.test}
    return Watched(
        {
            f"{name}_part": partial(_in_order, examples, parts[name], batch_size=recipe.batch_size)
            for name in recipe.watch
        }
    )
