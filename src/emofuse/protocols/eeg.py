"""Protocols of SEED-IV (15 people, 3 sessions, 24 films each) and EAV (42 people)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from emofuse.core import Clip, InputError

from .base import Fold, Protocol
from .draw import group_folds, strata
from .keys import field_groups
from .people import LeaveOneSubjectOut
from .stamps import Stamp


@dataclass(frozen=True)
class SeedIvLoso(LeaveOneSubjectOut):
    """SEED-IV, each person the test part once. The films are the same for everybody."""

    name = "seediv-loso"
    corpora = ("seediv",)
    needs = ("subject", "trial")
    separates = ("subject", "trial")
    source = (
        "RGNN (arXiv 1907.07835) and LibEER (arXiv 2410.09767), without target data in training"
    )


@dataclass(frozen=True)
class SeedIvCrossSession(Protocol):
    """Each session is the test part once; the same people's other sessions are training."""

    name = "seediv-cross-session"
    corpora = ("seediv",)
    needs = ("subject", "session", "trial")
    separates = ("session", "trial")
    inner_units = ("trial",)
    stamps = (Stamp.SPEAKER_DEPENDENT,)
    source = "common practice; the films of a session are new too"

    def folds(self, clips: Sequence[Clip]) -> list[Fold]:
        sessions = np.array([clip.session for clip in clips])
        return [
            Fold(
                f"session-{session}",
                np.flatnonzero(sessions != session),
                np.flatnonzero(sessions == session),
            )
            for session in np.unique(sessions)
        ]


@dataclass(frozen=True)
class SeedIvTrial(Protocol):
    """`k` folds of whole trials: no window of a test trial is in training, but its person is."""

    k: int = 5

    name = "seediv-trial"
    corpora = ("seediv",)
    needs = ("subject", "trial")
    separates = ("trial",)
    inner_units = ("trial",)
    stamps = (Stamp.SPEAKER_DEPENDENT,)
    source = "what the published window split becomes when trials are kept whole"

    def folds(self, clips: Sequence[Clip]) -> list[Fold]:
        groups = field_groups(clips, self.separates)
        count = len(np.unique(groups))
        if not 2 <= self.k <= count:
            raise InputError(self.name, f"k={self.k} with {count} trials", "choose another k")
        tests = group_folds(groups, strata(clips), folds=self.k, seed=self.seed)
        return [
            Fold(f"fold-{i}", np.setdiff1d(np.arange(len(clips)), test), test)
            for i, test in enumerate(tests)
        ]


@dataclass(frozen=True)
class EavLoso(LeaveOneSubjectOut):
    """EAV, each person once, on trials that hold EEG and sound or picture of the same moment."""

    name = "eav-loso"
    corpora = ("eav",)
    needs = ("subject", "trial")
    separates = ("subject", "trial")
    source = "person-independent counterpart of the EAV authors' split"

    def folds(self, clips: Sequence[Clip]) -> list[Fold]:
        rows = np.array([row for row, clip in enumerate(clips) if _aligned(clip)], dtype=int)
        if not len(rows):
            raise InputError(
                self.name,
                "no trial holds EEG together with sound or picture",
                "prepare EAV with EEG and Audio or Video, or use leave-one-subject-out",
            )
        return [
            Fold(fold.name, rows[fold.train], rows[fold.test])
            for fold in super().folds([clips[row] for row in rows])
        ]


@dataclass(frozen=True)
class EavWithinPerson(Protocol):
    """One fold a person: earlier trials of each emotion train, later ones test the same person.

    The EAV authors divide 5 s segments of each person; here whole trials are, `train_share` of
    them (our choice) in training.
    """

    train_share: float = 0.7

    name = "eav-within-person"
    corpora = ("eav",)
    needs = ("subject", "trial")
    separates = ("trial",)
    inner_units = ("trial",)
    stamps = (Stamp.SPEAKER_DEPENDENT,)
    source = "EAV (Zenodo 10205702), the authors' per-person split"

    def folds(self, clips: Sequence[Clip]) -> list[Fold]:
        subjects = np.array([clip.subject for clip in clips])
        folds = []
        for subject in np.unique(subjects):
            own = np.flatnonzero(subjects == subject)
            early = _earlier_trials([clips[row] for row in own], self.train_share)
            in_train = np.array([(clips[row].label, clips[row].trial) in early for row in own])
            folds.append(Fold(f"subject-{subject}", own[in_train], own[~in_train]))
        return folds


def _earlier_trials(clips: Sequence[Clip], share: float) -> set[tuple[str | None, str]]:
    """(label, trial) of the first `share` of each label's trials, in order of recording."""
    trials: dict[str | None, dict[str, None]] = {}
    for clip in sorted(clips, key=_when):
        trials.setdefault(clip.label, {})[clip.trial] = None
    return {
        (label, trial)
        for label, order in trials.items()
        for trial in list(order)[: round(share * len(order))]
    }


def _aligned(clip: Clip) -> bool:
    return bool(clip.view("eeg") and clip.view("audio", "video", "audio_video"))


def _when(clip: Clip) -> tuple:
    """Trials in the order they were recorded: 2 before 10."""
    number = "".join(letter for letter in clip.trial if letter.isdigit())
    return (int(number or 0), clip.trial)
