"""Fitting one network: Lightning behind one function.

The checkpoint with the best inner-validation score is what comes out; with weight averaging it
holds the averaged weights. A run that was killed goes on from its last whole epoch and ends with
the weights of an undisturbed run, because data order, augmentation and dropout are seeded by
(seed, epoch).
"""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import lightning.pytorch as pl
import numpy as np
import torch
from lightning.pytorch import callbacks as hooks
from lightning.pytorch.loggers import TensorBoardLogger
from lightning.pytorch.plugins.io import TorchCheckpointIO
from sklearn.metrics import accuracy_score, recall_score
from torch import Tensor, nn
from torch.utils.data import DataLoader, DistributedSampler

from .batches import Data
from .history import History
from .memory import keep_large_blocks
from .optimisers import Optimiser
from .runs import write_text

Loss = Callable[[Tensor, Tensor], Tensor]
Score = Callable[[np.ndarray, np.ndarray], dict[str, float]]


@dataclass(frozen=True)
class FitOptions:
    """How to fit. `monitor` names a validation score (`loss`, or what `score` answers).

    `averaging` is the decay of an exponential moving average of the weights (None: off).
    `patience` counts epochs without improvement (None: never stop early). `precision` "auto" is
    16-bit where a GPU is and 32-bit elsewhere. The learning rate warms up over `warmup_epochs`
    and falls to zero along a cosine unless `schedule` is "constant".
    """

    epochs: int
    learning_rate: float = 1e-3
    weight_decay: float = 1e-2
    warmup_epochs: float = 1.0
    schedule: str = "cosine"
    clip_norm: float = 1.0
    averaging: float | None = None
    patience: int | None = None
    monitor: str = "loss"
    mode: str = "min"
    seed: int = 0
    accelerator: str = "auto"
    devices: int | str = 1
    strategy: str = "auto"
    precision: str = "auto"
    threads: int | None = None
    progress: bool = False


@dataclass(frozen=True)
class Fitted:
    """The network with its chosen weights (evaluation mode, CPU), and how it got there.

    `history` holds one dict an epoch; `epoch` (from 0) is the chosen one, the last without
    validation.
    """

    model: nn.Module
    history: tuple[dict[str, float], ...]
    epoch: int
    folder: Path


def single_label_scores(logits: np.ndarray, target: np.ndarray) -> dict[str, float]:
    """Accuracy and unweighted average recall of the most likely label."""
    answer = logits.argmax(1)
    recall = recall_score(target, answer, average="macro", zero_division=0.0)
    return {"accuracy": float(accuracy_score(target, answer)), "uar": float(recall)}


class Task(pl.LightningModule):
    """Connects a network, a loss and scores to Lightning. Batches are (inputs, target)."""

    def __init__(
        self,
        model: nn.Module,
        *,
        data: Data,
        options: FitOptions,
        loss: Loss,
        score: Score,
        optimiser: Optimiser,
    ):
        super().__init__()
        self.model, self.data, self.options = model, data, options
        self.loss, self.score, self.optimiser = loss, score, optimiser
        self.seen: list[tuple[Tensor, Tensor]] = []
        self.batches_per_epoch = len(data.train(0))

    def train_dataloader(self):
        loader = self.data.train(self.current_epoch)
        if self.trainer.world_size == 1:
            return loader
        # Lightning would shuffle once more; here process r of n takes batches r, r + n, …
        share = DistributedSampler(loader.dataset, shuffle=False)
        return DataLoader(
            loader.dataset, batch_size=None, sampler=share, num_workers=loader.num_workers
        )

    def val_dataloader(self):
        return self.data.validation() if self.data.validation else []

    def training_step(self, batch, number: int) -> Tensor:
        # Dropout must not depend on what came before, or a resumed run would differ.
        torch.manual_seed((self.options.seed * 10_007 + self.current_epoch) * 1_000_003 + number)
        inputs, target = batch
        loss = self.loss(self.model(*inputs), target)
        self.log("train_loss", loss, on_step=False, on_epoch=True, batch_size=len(target))
        return loss

    def validation_step(self, batch, _: int) -> None:
        inputs, target = batch
        self.seen.append((self.model(*inputs).float(), target))

    def on_validation_epoch_end(self) -> None:
        logits, target = (torch.cat(part).cpu() for part in zip(*self.seen, strict=True))
        self.seen.clear()
        scores = {"loss": float(self.loss(logits, target))}
        scores |= self.score(logits.numpy(), target.numpy())
        self.log_dict({f"val_{name}": value for name, value in scores.items()}, sync_dist=True)

    def configure_optimizers(self):
        optimizer = self.optimiser.make(
            self.model,
            learning_rate=self.options.learning_rate,
            weight_decay=self.options.weight_decay,
        )
        schedule = self.optimiser.schedulers(
            optimizer,
            epochs=self.options.epochs,
            warmup_epochs=self.options.warmup_epochs,
            # Each process of several takes its share of an epoch's batches.
            steps_per_epoch=-(-self.batches_per_epoch // self.trainer.world_size),
        )
        return {"optimizer": optimizer, "lr_scheduler": schedule}


class _AtomicCheckpoints(TorchCheckpointIO):
    """A checkpoint is whole or not there: a killed process must not spoil the one before."""

    def save_checkpoint(self, checkpoint, path, storage_options=None) -> None:
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        scratch = path.with_name(f".{path.name}.part")
        torch.save(checkpoint, scratch)
        scratch.replace(path)


def fit(
    model: nn.Module,
    data: Data,
    *,
    options: FitOptions,
    folder: Path,
    loss: Loss | None = None,
    score: Score = single_label_scores,
    optimiser: Optimiser | None = None,
    watch: Sequence[hooks.Callback] = (),
) -> Fitted:
    """Train `model` in place under `folder`, going on from its last checkpoint if there is one.

    `loss(logits, target)` is cross-entropy unless given, `optimiser` AdamW with the schedule of
    the options. `watch` are further Lightning callbacks, which must not touch the training. Writes
    `history.csv`, TensorBoard events and `checkpoints/` (`last.ckpt`, `best.ckpt`) into `folder`;
    a run that has ended with the same options is read from there and not trained again.
    """
    finished = folder / "finished.json"
    settings = asdict(options) | {"progress": False}  # a bar changes nothing
    if finished.is_file() and (found := json.loads(finished.read_text()))["options"] == settings:
        epoch = load_checkpoint(model, folder)
        return Fitted(model.cpu().eval(), tuple(found["history"]), epoch, folder)
    torch.manual_seed(options.seed)
    keep_large_blocks()
    if options.threads:
        torch.set_num_threads(options.threads)
    task = Task(
        model,
        data=data,
        options=options,
        loss=loss or nn.functional.cross_entropy,
        score=score,
        optimiser=optimiser or Optimiser(schedule=options.schedule),
    )
    history = History(folder / "history.csv")
    trainer = _trainer(options, folder, [*watch, history], validates=data.validation is not None)
    last = folder / "checkpoints" / "last.ckpt"
    if _had_stopped(last):
        trainer.limit_train_batches = 0
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="lightning")
        trainer.fit(task, ckpt_path=last if last.is_file() else None, weights_only=True)
    epoch = load_checkpoint(model, folder)
    if trainer.is_global_zero:
        write_text(finished, json.dumps({"options": settings, "history": history.rows}))
    return Fitted(model.cpu().eval(), tuple(history.rows), epoch, folder)


def _had_stopped(last: Path) -> bool:
    """Whether a run that was killed had already stopped early: it must not go on."""
    if not last.is_file():
        return False
    state = torch.load(last, map_location="cpu", weights_only=True)
    seen = [part for name, part in state["callbacks"].items() if name.startswith("EarlyStopping")]
    return any(part["stopped_epoch"] > 0 for part in seen)


def load_checkpoint(model: nn.Module, folder: Path, *, latest: bool = False) -> int:
    """Put the chosen weights of a run into `model`; returns the epoch (from 0) they are from.

    The chosen ones are those that did best on validation; with `latest` those of the last epoch.
    """
    names = ("last.ckpt",) if latest else ("best.ckpt", "last.ckpt")
    found = [folder / "checkpoints" / name for name in names]
    path = next((path for path in found if path.is_file()), found[0])
    state = torch.load(path, map_location="cpu", weights_only=True)
    prefix = "model."
    weights = {
        name.removeprefix(prefix): value
        for name, value in state["state_dict"].items()
        if name.startswith(prefix)
    }
    model.load_state_dict(weights)
    return int(state["epoch"])


def predict(model: nn.Module, batches: Iterable) -> tuple[np.ndarray, np.ndarray]:
    """Logits (N, C) and targets (N, ...) over `batches` of (inputs, target)."""
    model.eval()
    device = next(model.parameters()).device
    with torch.inference_mode():
        seen = [
            (model(*(part.to(device) for part in inputs)).float().cpu().numpy(), target.numpy())
            for inputs, target in batches
        ]
    logits, target = (np.concatenate(part) for part in zip(*seen, strict=True))
    return logits, target


def _trainer(
    options: FitOptions, folder: Path, log: Sequence[hooks.Callback], *, validates: bool
) -> pl.Trainer:
    for name in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.WARNING)
    monitor = f"val_{options.monitor}"
    keep = {
        "dirpath": folder / "checkpoints",
        "save_on_train_epoch_end": True,
        "enable_version_counter": False,
    }
    used: list[hooks.Callback] = [*log]
    if validates:
        best = {"filename": "best", "monitor": monitor, "mode": options.mode}
        used.append(hooks.ModelCheckpoint(**best, **keep))
    # Lightning's own `save_last` writes only when a best one is written. This one comes after it,
    # so that a resumed run knows the best epoch so far.
    used.append(hooks.ModelCheckpoint(filename="last", **keep))
    if options.averaging is not None:
        used.insert(0, hooks.EMAWeightAveraging(decay=options.averaging))
    if options.patience is not None and validates:
        used.append(hooks.EarlyStopping(monitor, mode=options.mode, patience=options.patience))
    precision = options.precision
    if precision == "auto":
        precision = "16-mixed" if torch.cuda.is_available() else "32-true"
    return pl.Trainer(
        max_epochs=options.epochs,
        accelerator=options.accelerator,
        devices=options.devices,
        strategy=options.strategy,
        precision=precision,
        gradient_clip_val=options.clip_norm,
        reload_dataloaders_every_n_epochs=1,
        num_sanity_val_steps=0,
        callbacks=used,
        plugins=[_AtomicCheckpoints()],
        logger=TensorBoardLogger(folder, name="", version=""),
        log_every_n_steps=1,
        enable_progress_bar=options.progress,
        enable_model_summary=False,
    )
