"""`Examples`: the clips of a corpus as a network's inputs, padded and masked a batch at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import Tensor, nn

from emofuse.core import Clip, LabelSet
from emofuse.corpora import labels_of

Augment = Callable[[np.ndarray, np.random.Generator], np.ndarray]
Named = dict[str, Tensor]
# Inputs by name, target and the batch's generator to changed ones (modality dropout, mixup).
ChangeBatch = Callable[[Named, Tensor, np.random.Generator], tuple[Named, Tensor]]


@dataclass(frozen=True)
class Input:
    """One input of a network: an array a clip.

    With `mask` (the name of the network's mask argument) the first axis has any length: shorter
    clips are padded, steps that are not numbers are masked, and a clip of length 0 lacks this
    modality. Without it all arrays have one
    shape. `normalise` are the axes of a clip's array over which (and over all training clips)
    mean and spread are taken, None to take values as they are; without `scale` only the mean is
    taken off. `variants` are further arrays of
    the clips (noisy copies): training draws one of them or the plain one. `augment` changes one
    clip's array, in training only; `finish` always makes the network's layout of it (pictures are
    kept small, as bytes). `front_end` and `parameters` name the perception function that makes it
    from a recording; where `values` are what a frozen network makes of that function's,
    `encoder()` is that network: a bundle contains it.
    """

    name: str
    values: Sequence[np.ndarray]
    mask: str = ""
    normalise: tuple[int, ...] | None = None
    scale: bool = True
    variants: Sequence[Sequence[np.ndarray]] = ()
    augment: Augment | None = None
    finish: Callable[[np.ndarray], np.ndarray] | None = None
    front_end: str = ""
    parameters: Mapping[str, object] = field(default_factory=dict)
    integer: bool = False
    encoder: Callable[[], nn.Module] | None = None

    def array(self, row: int, rng: np.random.Generator | None) -> np.ndarray:
        """One clip's array as the network takes it; with `rng` as training sees it."""
        value = np.asarray(self._drawn(rng)[row])
        if rng is not None and self.augment is not None and len(value):
            value = self.augment(value, rng)
        if self.finish is not None:
            value = self.finish(value)
        return np.asarray(value, np.int64 if self.integer else np.float32)

    def _drawn(self, rng: np.random.Generator | None) -> Sequence[np.ndarray]:
        if rng is None or not self.variants:
            return self.values
        number = int(rng.integers(1 + len(self.variants)))
        return self.values if number == 0 else self.variants[number - 1]

    def batch(self, rows: np.ndarray, rng: np.random.Generator | None) -> Named:
        """The rows' arrays as one tensor by name, with their mask where there is one."""
        arrays = [self.array(row, rng) for row in rows]
        if not self.mask:
            return {self.name: torch.from_numpy(np.stack(arrays))}
        longest = max([1, *map(len, arrays)])
        padded = np.zeros((len(arrays), longest, *arrays[0].shape[1:]), arrays[0].dtype)
        mask = np.zeros((len(arrays), longest), bool)
        for place, part in enumerate(arrays):
            there = known_steps(part)
            padded[place, : len(part)][there] = part[there]
            mask[place, : len(part)] = there
        return {self.name: torch.from_numpy(padded), self.mask: torch.from_numpy(mask)}

    def statistics(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation of the rows' values, kept axes broadcastable to a batch."""
        count, total, squares = 0, 0.0, 0.0
        for row in rows:
            value = self.array(row, None).astype(np.float64)
            if self.mask:
                value = value[known_steps(value)]
            if len(value):
                count += np.prod([value.shape[axis] for axis in self.normalise or ()], dtype=int)
                total = total + value.sum(self.normalise, keepdims=True)
                squares = squares + (value**2).sum(self.normalise, keepdims=True)
        mean = total / max(count, 1)
        spread = np.sqrt(np.maximum(squares / max(count, 1) - mean**2, 0.0))
        # A value that never changes says nothing; it must not become noise either.
        spread = np.where((spread > 1e-6) & self.scale, spread, 1.0)
        return np.asarray(mean, np.float32), np.asarray(spread, np.float32)


@dataclass(frozen=True)
class Examples:
    """Clips with their inputs and `truth`: (N,) label numbers, or (N, C) zeros and ones.

    `change_batch` is applied to whole training batches.
    """

    clips: tuple[Clip, ...]
    label_set: LabelSet
    inputs: tuple[Input, ...]
    truth: np.ndarray
    change_batch: ChangeBatch | None = None
    notes: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the network's arguments, in the order of a batch."""
        return tuple(
            name for part in self.inputs for name in (part.name, *([part.mask] * bool(part.mask)))
        )

    def named_batch(self, rows: np.ndarray, rng: np.random.Generator | None = None) -> Named:
        found: Named = {}
        for part in self.inputs:
            found |= part.batch(rows, rng)
        return found

    def target(self, rows: np.ndarray) -> Tensor:
        truth = self.truth[rows]
        return torch.from_numpy(truth.astype(np.float32 if truth.ndim > 1 else np.int64))

    def training_batch(
        self, rows: np.ndarray, rng: np.random.Generator
    ) -> tuple[tuple[Tensor, ...], Tensor]:
        """Augmented inputs in the order of `names`, and the target."""
        named, target = self.named_batch(rows, rng), self.target(rows)
        if self.change_batch is not None:
            named, target = self.change_batch(named, target, rng)
        return tuple(named[name] for name in self.names), target

    def whole_batch(
        self, rows: np.ndarray, _: np.random.Generator
    ) -> tuple[tuple[Tensor, ...], Tensor]:
        """Inputs as they are, and the target."""
        named = self.named_batch(rows)
        return tuple(named[name] for name in self.names), self.target(rows)

    def only(self, *names: str) -> Examples:
        """The examples with some of their inputs."""
        return replace(self, inputs=tuple(part for part in self.inputs if part.name in names))


def known_steps(value: np.ndarray) -> np.ndarray:
    """(length,) True where every number of a step is one."""
    return ~np.isnan(value).any(axis=tuple(range(1, value.ndim)))


def truth_of(clips: Sequence[Clip], labels: LabelSet) -> np.ndarray:
    """(N,) label numbers, -1 where unknown; (N, C) zeros and ones for a multi-label set."""
    if not labels.multi_label:
        return np.array([-1 if c.label is None else labels.index(c.label) for c in clips])
    rows = [[int(label in labels_of(clip)) for label in labels] for clip in clips]
    return np.array(rows).reshape(len(clips), len(labels))
