"""`Protocol`: what every evaluation protocol can do."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import ClassVar, NamedTuple

import numpy as np

from emofuse.core import Clip, InputError

from .draw import hold_out, validation_unit
from .plan import Split
from .stamps import Stamp


class Fold(NamedTuple):
    """One outer split: row numbers of its training part (validation included) and test part."""

    name: str
    train: np.ndarray
    test: np.ndarray


@dataclass(frozen=True)
class Protocol(ABC):
    """An evaluation protocol: a scikit-learn splitter over clips.

    A subclass says which corpus it is for, which fields it `separates` (no group of them may be
    on both sides), its `stamps`, whether it is `leaky` by design, and draws its `folds`. `seed`
    decides every random choice. Splits do not depend on the order of the clips.
    """

    seed: int = 0

    name: ClassVar[str]
    version: ClassVar[int] = 1
    corpora: ClassVar[tuple[str, ...]] = ("",)  # what their names start with; "" is any
    needs: ClassVar[tuple[str, ...]] = ("subject",)
    separates: ClassVar[tuple[str, ...]] = ("subject", "dialogue", "source")
    inner_units: ClassVar[tuple[str, ...]] = ("subject", "dialogue", "source", "trial")
    stamps: ClassVar[tuple[Stamp, ...]] = ()
    leaky: ClassVar[bool] = False
    official: ClassVar[bool] = False
    source: ClassVar[str] = ""

    @abstractmethod
    def folds(self, clips: Sequence[Clip]) -> list[Fold]:
        """The outer folds of `clips`, which come sorted by id."""

    @property
    def params(self) -> dict[str, object]:
        """The settings that, with name and version, decide the splits."""
        return asdict(self)

    def notes(self, clips: Sequence[Clip]) -> tuple[str, ...]:
        """What this protocol does to `clips` that a reader of its numbers should know."""
        return ()

    def split(
        self, X: Sequence[Clip], y: object = None, groups: object = None
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """(train, test) positions in the clips `X`; train includes what `inner` holds out.

        `y` and `groups` are the splitter interface's: labels and groups come with the clips.
        """
        order = id_order(X)
        for fold in self._checked_folds([X[i] for i in order]):
            yield np.sort(order[fold.train]), np.sort(order[fold.test])

    def get_n_splits(
        self, X: Sequence[Clip] | None = None, y: object = None, groups: object = None
    ) -> int:
        """Number of folds on the clips `X`."""
        return sum(1 for _ in self.split(X or ()))

    def inner(self, clips: Sequence[Clip]) -> tuple[np.ndarray, np.ndarray]:
        """(train, validation) positions inside the training clips of one fold.

        Holds out about a fifth of the persons, stratified by label (and sex) as far as possible;
        dialogues, recordings or trials where there are fewer than two persons.
        """
        order = id_order(clips)
        train, validation = hold_out(
            [clips[i] for i in order], self.inner_separates(clips), seed=self.seed
        )
        return np.sort(order[train]), np.sort(order[validation])

    def inner_separates(self, clips: Sequence[Clip]) -> tuple[str, ...]:
        """The fields that train and validation do not share inside the training clips."""
        unit = validation_unit(clips, self.inner_units, self.separates)
        return self.separates if unit == "subject" else (unit,) if unit else ()

    def splits(self, clips: Sequence[Clip]) -> list[Split]:
        """Every fold with its inner validation, as ids. Raises `InputError` where it cannot."""
        ordered = [clips[i] for i in id_order(clips)]
        found = []
        for number, fold in enumerate(self._checked_folds(ordered)):
            pool = [ordered[i] for i in fold.train]
            train, validation = self.inner(pool)
            found.append(
                Split(
                    number,
                    fold.name,
                    tuple(pool[i].id for i in train),
                    tuple(pool[i].id for i in validation),
                    tuple(ordered[i].id for i in fold.test),
                )
            )
        return found

    def _checked_folds(self, clips: Sequence[Clip]) -> list[Fold]:
        self._check_clips(clips)
        folds = self.folds(clips)
        for fold in folds:
            if not len(fold.train) or not len(fold.test):
                part = "test" if len(fold.train) else "training"
                raise InputError(
                    self.name,
                    f"fold {fold.name} has no {part} clips",
                    "use a protocol that fits the persons in this manifest",
                )
        return folds

    def _check_clips(self, clips: Sequence[Clip]) -> None:
        if not clips:
            raise InputError(self.name, "the manifest holds no clips", "prepare the corpus again")
        for clip, following in pairwise(clips):
            if clip.id == following.id:
                raise InputError(self.name, f"two clips are called {clip.id}", "rename one")
        foreign = {c.corpus for c in clips if not plain(c.corpus).startswith(self.corpora)}
        if foreign:
            raise InputError(
                self.name,
                f"is for {', '.join(self.corpora)}; the manifest holds {', '.join(sorted(foreign))}",
                "use leave-one-subject-out or subject-kfold",
            )
        for field in self.needs:
            lacking = [clip.id for clip in clips if not getattr(clip, field)]
            if lacking:
                raise InputError(
                    self.name,
                    f"{len(lacking)} clips have no {field}, e.g. {lacking[0]}",
                    f"give every clip its {field} or use another protocol",
                )


def plain(name: str) -> str:
    """A corpus name as letters and digits: SEED-IV and seediv are one corpus."""
    return "".join(letter for letter in name.casefold() if letter.isalnum())


def id_order(clips: Sequence[Clip]) -> np.ndarray:
    """(N,) positions of the clips in the order of their ids, in which all draws are made."""
    return np.array(sorted(range(len(clips)), key=lambda i: clips[i].id), dtype=int)
