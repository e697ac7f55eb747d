"""Batches whose content depends on nothing but seed, epoch and batch number.

That makes a resumed run equal an undisturbed one, however many workers load the data.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

# Rows (n,) and the batch's own random generator to (inputs, target).
MakeBatch = Callable[[np.ndarray, np.random.Generator], tuple[tuple[Tensor, ...], Tensor]]


class SeededBatches(Dataset):
    """Item b is batch b of one epoch: a shuffled (or weighted) share of `rows`.

    A last batch of one row is left out: batch normalisation cannot learn from it.
    """

    def __init__(
        self,
        rows: np.ndarray,
        make: MakeBatch,
        *,
        batch_size: int,
        seed: int,
        epoch: int,
        weights: np.ndarray | None = None,
    ):
        self.make, self.seed, self.epoch = make, seed, epoch
        order = np.random.default_rng([seed, epoch])
        share = None if weights is None else weights / weights.sum()
        picked = order.choice(rows, len(rows), replace=share is not None, p=share)
        parts = np.array_split(picked, range(batch_size, len(picked), batch_size))
        self.batches = parts[:-1] if len(parts) > 1 and len(parts[-1]) == 1 else parts

    def __len__(self) -> int:
        return len(self.batches)

    def __getitem__(self, batch: int) -> tuple[tuple[Tensor, ...], Tensor]:
        if not 0 <= batch < len(self):
            raise IndexError(batch)
        return self.make(self.batches[batch], np.random.default_rng([self.seed, self.epoch, batch]))


@dataclass(frozen=True)
class Data:
    """What `fit` reads: a training loader per epoch and a validation loader, or None."""

    train: Callable[[int], DataLoader]
    validation: Callable[[], DataLoader] | None = None


def seeded_data(
    rows: np.ndarray,
    make: MakeBatch,
    *,
    batch_size: int,
    seed: int,
    weights: np.ndarray | None = None,
    validation_rows: np.ndarray | None = None,
    make_validation: MakeBatch | None = None,
    workers: int = 0,
) -> Data:
    """`Data` over in-memory rows; the validation batches keep their order and stay unaugmented."""

    def train(epoch: int) -> DataLoader:
        batches = SeededBatches(
            rows, make, batch_size=batch_size, seed=seed, epoch=epoch, weights=weights
        )
        return DataLoader(batches, batch_size=None, num_workers=workers)

    if validation_rows is None:
        return Data(train)
    held_out = ordered_batches(validation_rows, make_validation or make, batch_size=batch_size)
    return Data(train, lambda: held_out)


def ordered_batches(rows: np.ndarray, make: MakeBatch, *, batch_size: int = 64) -> DataLoader:
    """Batches in the order of `rows`, for validation and prediction."""
    parts = np.array_split(rows, range(batch_size, len(rows), batch_size))
    items = [make(part, np.random.default_rng(0)) for part in parts if len(part)]
    return DataLoader(items, batch_size=None)
