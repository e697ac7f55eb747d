"""What is drawn: people with habits of their own, and a class carried jointly by modalities."""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Person:
    """What is the same in all of a person's clips and says nothing about the class."""

    number: int
    pitch_hz: float
    gain: float
    brightness: float
    habit: int


@dataclass(frozen=True)
class Draw:
    """Everything random in one synthetic corpus, by name: the same seed gives the same signals.

    With `random_labels` the signals show classes that have nothing to do with the labels: a
    control on which every honest evaluation must stay at chance.
    """

    persons: int
    seed: int = 0
    random_labels: bool = False

    def rng(self, *name: object) -> np.random.Generator:
        """Generator of its own for each name, so that one file does not depend on another."""
        return np.random.default_rng([self.seed, zlib.crc32(repr(name).encode())])

    def person(self, number: int) -> Person:
        rng = self.rng("person", number)
        return Person(
            number,
            pitch_hz=float(rng.uniform(90, 190)),
            gain=float(rng.uniform(0.15, 0.5)),
            brightness=float(rng.uniform(70, 180)),
            habit=int(rng.integers(1_000_000)),
        )

    def digits(self, label: int, classes: int, modalities: int, *name: object) -> tuple[int, ...]:
        """What each modality shows of class `label`: a digit each, all of them needed together."""
        shown = int(self.rng("shown", *name).integers(classes)) if self.random_labels else label
        return split_class(shown, classes, modalities)


def base(classes: int, modalities: int) -> int:
    """How many different digits a modality shows."""
    return math.ceil(classes ** (1 / modalities) - 1e-9)


def split_class(index: int, classes: int, modalities: int) -> tuple[int, ...]:
    """Digits of `index` to the base that `modalities` digits need for `classes`, highest first.

    One modality narrows the class down and no more; all digits together name it. (A sum of codes
    would hide it from each alone, but then no late fusion could ever find it.)

    >>> split_class(5, 8, 3)
    (1, 0, 1)
    """
    step = base(classes, modalities)
    return tuple(index // step**place % step for place in reversed(range(modalities)))
