"""The splits that data sets come with: MELD, GoEmotions, CMU-MOSEI, CMU-MOSI, FER2013."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from emofuse.core import Clip, InputError

from .base import Fold, Protocol
from .stamps import Stamp

TRAIN, VALIDATION, TEST = "train", "validation", "test"
_WORDS = {
    "train": TRAIN,
    "training": TRAIN,
    "validation": VALIDATION,
    "valid": VALIDATION,
    "val": VALIDATION,
    "dev": VALIDATION,
    "publictest": VALIDATION,  # FER2013: the public leaderboard, used to choose
    "test": TEST,
    "testing": TEST,
    "privatetest": TEST,
}


@dataclass(frozen=True)
class Official(Protocol):
    """Train, validation and test as the data set's authors gave them in `official_split`.

    Where they gave no validation part it is drawn from train; clips outside their lists are in no
    part. Overlaps are listed, not refused: the number is there to be compared, and the plan's
    duplicates allow a second one.
    """

    name = "official"
    corpora = ("meld", "goemotions", "mosei", "mosi", "fer2013")
    needs = ()
    separates = ("subject", "dialogue", "session", "source")
    stamps = (Stamp.OFFICIAL,)
    official = True
    source = "Poria et al. 2019 (MELD), Demszky et al. 2020, Zadeh et al. 2018, FER2013 challenge"

    def folds(self, clips: Sequence[Clip]) -> list[Fold]:
        if not any(clip.official_split for clip in clips):
            raise InputError(
                self.name, "no clip has an official split", "use subject-kfold or another protocol"
            )
        parts = np.array([part_of(clip) if clip.official_split else "" for clip in clips])
        train = np.flatnonzero(np.isin(parts, (TRAIN, VALIDATION)))
        return [Fold("official", train, np.flatnonzero(parts == TEST))]

    def inner(self, clips: Sequence[Clip]) -> tuple[np.ndarray, np.ndarray]:
        held_out = np.array([part_of(clip) == VALIDATION for clip in clips])
        if not held_out.any():
            return super().inner(clips)
        return np.flatnonzero(~held_out), np.flatnonzero(held_out)


def part_of(clip: Clip) -> str:
    """train, validation or test, whatever word the data set uses; `InputError` for others."""
    try:
        return _WORDS[clip.official_split.casefold()]
    except KeyError:
        raise InputError(
            clip.id,
            f"official split {clip.official_split!r} is none of {', '.join(_WORDS)}",
            "prepare the corpus again",
        ) from None
