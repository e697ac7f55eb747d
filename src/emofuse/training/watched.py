"""Curves of parts that nothing is chosen by: training and test, looked at after each epoch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import numpy as np
import torch
from lightning.pytorch.callbacks import Callback


class Watched(Callback):
    """Logs `<part>_loss` and the scores of each part's batches, for the curves and no more."""

    def __init__(self, parts: Mapping[str, Callable[[], Iterable]]):
        self.parts = dict(parts)

    def on_validation_epoch_end(self, trainer, task) -> None:
        for name, batches in self.parts.items():
            seen = []
            for inputs, target in batches():
                logits = task.model(*(part.to(task.device) for part in inputs)).float()
                seen.append((logits.cpu(), target))
            logits, target = (torch.cat(part) for part in zip(*seen, strict=True))
            scores = {"loss": float(task.loss(logits, target))}
            scores |= task.score(np.asarray(logits), np.asarray(target))
            task.log_dict({f"{name}_{score}": value for score, value in scores.items()})
