"""Published actor lists of RAVDESS (specs: anchors, "Folds to hard-code")."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from emofuse.core import Clip, InputError

from .base import Fold, Protocol

ACTORS = range(1, 25)


@dataclass(frozen=True)
class FixedActors(Protocol):
    """Test actors given by the authors; validation actors too, or drawn from the rest."""

    corpora = ("ravdess",)
    test_actors: ClassVar[tuple[tuple[int, ...], ...]]
    validation_actors: ClassVar[tuple[int, ...]] = ()

    def folds(self, clips: Sequence[Clip]) -> list[Fold]:
        actors = np.array([actor(clip) for clip in clips])
        return [
            Fold(
                "actors-" + "-".join(f"{one:02d}" for one in tested),
                np.flatnonzero(~np.isin(actors, tested)),
                np.flatnonzero(np.isin(actors, tested)),
            )
            for tested in self.test_actors
        ]

    def get_n_splits(
        self, X: Sequence[Clip] | None = None, y: object = None, groups: object = None
    ) -> int:
        """Number of folds; the lists are fixed, so no clips are needed."""
        return len(self.test_actors)

    def inner(self, clips: Sequence[Clip]) -> tuple[np.ndarray, np.ndarray]:
        if not self.validation_actors:
            return super().inner(clips)
        held_out = np.isin([actor(clip) for clip in clips], self.validation_actors)
        if held_out.all() or not held_out.any():
            raise InputError(
                self.name,
                f"needs clips of actors {', '.join(map(str, self.validation_actors))} to validate "
                "and of others to train",
                "use a protocol that fits the persons in this manifest",
            )
        return np.flatnonzero(~held_out), np.flatnonzero(held_out)

    def notes(self, clips: Sequence[Clip]) -> tuple[str, ...]:
        absent = sorted(set(ACTORS) - {actor(clip) for clip in clips})
        return (f"actors {', '.join(map(str, absent))} are not in the manifest",) if absent else ()


def actor(clip: Clip) -> int:
    """The actor's number, 1 to 24, however the subject is written ("05", "Actor_05")."""
    found = re.search(r"(\d+)$", clip.subject)
    number = int(found[1]) if found else 0
    if number not in ACTORS:
        raise InputError(
            clip.id, f"subject {clip.subject!r} is no RAVDESS actor (1 to 24)", "prepare it again"
        )
    return number


class Ravdess5Fold(FixedActors):
    """Five folds of Luna-Jiménez et al. (2021, 2022); they had no validation part, here one is."""

    name = "ravdess-5fold"
    source = "Luna-Jiménez et al. 2022, doi 10.3390/app12010327"
    test_actors = (
        (2, 5, 14, 15, 16),
        (3, 6, 7, 13, 18),
        (10, 11, 12, 19, 20),
        (8, 17, 21, 23, 24),
        (1, 4, 9, 22),
    )


class Ravdess6Fold(FixedActors):
    """Six folds of EmoBox."""

    name = "ravdess-6fold"
    source = "EmoBox, Interspeech 2024"
    test_actors = (
        (1, 11, 20, 21),
        (4, 10, 12, 14),
        (8, 9, 19, 23),
        (3, 5, 7, 24),
        (2, 15, 16, 18),
        (6, 13, 17, 22),
    )


class RavdessChumachenko(FixedActors):
    """The single split of Chumachenko et al. (2022)."""

    name = "ravdess-chumachenko"
    source = "Chumachenko et al., ICPR 2022"
    test_actors = ((5, 10, 16, 19),)
    validation_actors = (11, 13, 18, 22)


class RavdessScuri(FixedActors):
    """The single split of Scuri's two-stream network (its selection runs)."""

    name = "ravdess-scuri"
    source = "two-stream network of Scuri: train 1-16, validation 17-20, test 21-24"
    test_actors = ((21, 22, 23, 24),)
    validation_actors = (17, 18, 19, 20)


class RavdessEsposito(FixedActors):
    """The single split in the annotation file shipped with the audio-video and EEG cascade."""

    name = "ravdess-esposito"
    source = "annotations of Esposito et al.'s audio-video and EEG cascade"
    test_actors = ((2, 3, 4, 5),)
    validation_actors = (6, 7, 8, 9)
