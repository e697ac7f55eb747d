"""Published splits that separate nothing. Kept so that published numbers can be understood."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from emofuse.core import Clip, InputError

from .base import Fold, Protocol, id_order
from .draw import shuffled_parts
from .official import TEST, VALIDATION, part_of
from .stamps import Stamp


@dataclass(frozen=True)
class RandomClips(Protocol):
    """Clips drawn at random inside each label, 80/10/10, as many RAVDESS results were made."""

    name = "random-clips"
    needs = ()
    separates = ("subject", "dialogue", "trial", "source")
    stamps = (Stamp.LEAKY,)
    leaky = True
    source = "e.g. the mel-transformer on RAVDESS: permutation of clips in each emotion, .8/.9 cuts"
    shares: ClassVar[tuple[float, float]] = (0.8, 0.1)
    by_label: ClassVar[bool] = True

    def folds(self, clips: Sequence[Clip]) -> list[Fold]:
        train, validation, test = shuffled_parts(
            clips, shares=self.shares, seed=self.seed, by_label=self.by_label
        )
        return [Fold("random", np.union1d(train, validation), test)]

    def inner(self, clips: Sequence[Clip]) -> tuple[np.ndarray, np.ndarray]:
        """Validation at random too, in the share the published split gave it."""
        order = id_order(clips)
        share = self.shares[0] / sum(self.shares)
        train, validation = shuffled_parts(
            [clips[i] for i in order], shares=(share,), seed=self.seed, by_label=self.by_label
        )
        return np.sort(order[train]), np.sort(order[validation])


@dataclass(frozen=True)
class PublishedLists(RandomClips):
    """Utterance lists shipped with a system, or the draw they came from."""

    by_label = False

    def folds(self, clips: Sequence[Clip]) -> list[Fold]:
        if not all(clip.official_split for clip in clips):
            return super().folds(clips)
        test = np.array([part_of(clip) == TEST for clip in clips])
        return [Fold("published", np.flatnonzero(~test), np.flatnonzero(test))]

    def inner(self, clips: Sequence[Clip]) -> tuple[np.ndarray, np.ndarray]:
        if not all(clip.official_split for clip in clips):
            return super().inner(clips)
        held_out = np.array([part_of(clip) == VALIDATION for clip in clips])
        return np.flatnonzero(~held_out), np.flatnonzero(held_out)

    def notes(self, clips: Sequence[Clip]) -> tuple[str, ...]:
        if all(clip.official_split for clip in clips):
            return ()
        return ("the manifest carries no published lists: drawn at random in their proportions",)


@dataclass(frozen=True)
class SeedIvWindows(RandomClips):
    """4 s windows of SEED-IV at random, 80/10/10, as published: each trial is on every side."""

    seed: int = 42

    name = "seediv-windows"
    corpora = ("seediv",)
    needs = ("subject", "trial")
    separates = ("subject", "trial")
    source = "EEG stage of the published audio-video and EEG cascade (random_split, seed 42)"
    by_label = False

    def folds(self, clips: Sequence[Clip]) -> list[Fold]:
        if len({(clip.subject, clip.session, clip.trial) for clip in clips}) == len(clips):
            raise InputError(
                self.name, "every clip is a whole trial", "cut the trials into windows first"
            )
        return super().folds(clips)
