"""Protocols that separate people, for every corpus that names them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from emofuse.core import Clip, InputError

from .base import Fold, Protocol
from .draw import group_folds, strata
from .keys import KeyIndex, field_groups, field_keys


@dataclass(frozen=True)
class LeaveOneSubjectOut(Protocol):
    """Each person is the test part once, trained on everybody else.

    Clips of others in a test person's dialogue or recording are in neither part.
    """

    name = "leave-one-subject-out"
    source = "common practice, e.g. Ibrahim et al. (48.06 % on RAVDESS against 95.83 % at random)"

    def folds(self, clips: Sequence[Clip]) -> list[Fold]:
        several = len({clip.corpus for clip in clips}) > 1
        names = [f"{clip.corpus}-{clip.subject}" if several else clip.subject for clip in clips]
        subjects = np.array(names)
        fields = [KeyIndex(field_keys(clips, field)) for field in self.separates]
        everything = np.arange(len(clips))
        folds = []
        for subject in np.unique(subjects):
            test = np.flatnonzero(subjects == subject)
            met = [index.shared(test, everything)[0] for index in fields]
            train = np.setdiff1d(everything, np.concatenate([test, *met]))
            folds.append(Fold(f"subject-{subject}", train, test))
        return folds


@dataclass(frozen=True)
class SubjectKFold(Protocol):
    """`k` folds of whole persons, labels (and sexes) spread evenly as far as persons allow.

    People who share a dialogue or a recording stay in one fold.
    """

    k: int = 5

    name = "subject-kfold"
    source = "scikit-learn StratifiedGroupKFold"

    def folds(self, clips: Sequence[Clip]) -> list[Fold]:
        groups = field_groups(clips, self.separates)
        count = len(np.unique(groups))
        if not 2 <= self.k <= count:
            raise InputError(
                self.name,
                f"k={self.k} with {count} persons (or groups of persons who meet)",
                f"choose k from 2 to {count}" if count > 1 else "it takes at least two persons",
            )
        tests = group_folds(groups, strata(clips), folds=self.k, seed=self.seed)
        return [
            Fold(f"fold-{i}", np.setdiff1d(np.arange(len(clips)), test), test)
            for i, test in enumerate(tests)
        ]
