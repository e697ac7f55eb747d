"""The optimisers and learning-rate schedules that the published recipes name."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn


@dataclass(frozen=True)
class Optimiser:
    """How weights move. `kind`: adamw (decoupled decay), adam (L2 in the gradient) or sgd.

    `schedule` factors the learning rate: "cosine" and "linear" fall to zero after a warm-up,
    "constant" stays, "steps" multiplies by `gamma` at each epoch of `milestones`, "plateau" by
    `gamma` after more than `patience` epochs without a lower validation loss. The published
    recipes decay every parameter alike (`decay_all`). Parameters whose names begin with `slow`
    (pretrained text nets) learn at a tenth of the rate.
    """

    kind: str = "adamw"
    momentum: float = 0.0
    dampening: float = 0.0
    schedule: str = "cosine"
    milestones: tuple[int, ...] = ()
    gamma: float = 0.1
    patience: int = 1
    decay_all: bool = False
    slow: str = ""

    def make(
        self, model: nn.Module, *, learning_rate: float, weight_decay: float
    ) -> torch.optim.Optimizer:
        groups = self._groups(model, learning_rate=learning_rate, weight_decay=weight_decay)
        if self.kind == "sgd":
            return torch.optim.SGD(
                groups,
                lr=learning_rate,
                momentum=self.momentum,
                dampening=self.dampening,
                weight_decay=weight_decay,
            )
        made: dict[str, Callable] = {"adamw": torch.optim.AdamW, "adam": torch.optim.Adam}
        if self.kind not in made:
            raise ValueError(f"unknown optimiser {self.kind!r}; known: adamw, adam, sgd")
        return made[self.kind](groups, lr=learning_rate, weight_decay=weight_decay)

    def _groups(self, model: nn.Module, *, learning_rate: float, weight_decay: float) -> list[dict]:
        named = [(name, p) for name, p in model.named_parameters() if p.requires_grad]
        slow = [(name, p) for name, p in named if self.slow and name.startswith(self.slow)]
        fast = [(name, p) for name, p in named if not (self.slow and name.startswith(self.slow))]
        groups = self._by_decay([p for _, p in fast], weight_decay)
        late = self._by_decay([p for _, p in slow], weight_decay) if slow else []
        return [*groups, *({**group, "lr": learning_rate / 10} for group in late)]

    def _by_decay(self, used: list[nn.Parameter], weight_decay: float) -> list[dict]:
        if self.decay_all:
            return [{"params": used}]
        # Decay pulls weights towards zero; biases and normalisation gains have no need of it.
        return [
            {"params": [p for p in used if p.ndim > 1], "weight_decay": weight_decay},
            {"params": [p for p in used if p.ndim <= 1], "weight_decay": 0.0},
        ]

    def factor(self, epoch: float, *, epochs: int, warmup_epochs: float) -> float:
        """What the learning rate is multiplied by at a time counted in epochs."""
        if self.schedule == "steps":
            return self.gamma ** sum(epoch >= milestone for milestone in self.milestones)
        if epoch < warmup_epochs:
            return epoch / warmup_epochs
        if self.schedule in ("constant", "plateau"):
            return 1.0
        done = min((epoch - warmup_epochs) / max(epochs - warmup_epochs, 1e-9), 1.0)
        return 1.0 - done if self.schedule == "linear" else 0.5 * (1 + math.cos(math.pi * done))

    def schedulers(
        self,
        optimizer: torch.optim.Optimizer,
        *,
        epochs: int,
        warmup_epochs: float,
        steps_per_epoch: int,
    ) -> dict:
        """The schedule as Lightning takes it."""
        if self.schedule == "plateau":
            scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(
                optimizer, factor=self.gamma, patience=self.patience
            )
            return {"scheduler": scheduler, "interval": "epoch", "monitor": "val_loss"}

        def rate(step: int) -> float:
            epoch = (step + 1) / steps_per_epoch
            return self.factor(epoch, epochs=epochs, warmup_epochs=warmup_epochs)

        return {
            "scheduler": torch.optim.lr_scheduler.LambdaLR(optimizer, rate),
            "interval": "step",
        }
