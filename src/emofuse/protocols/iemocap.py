"""Protocols of IEMOCAP (five sessions of two people)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from emofuse.core import Clip

from .base import Fold, Protocol
from .published import PublishedLists


@dataclass(frozen=True)
class IemocapSessions(Protocol):
    """Leave one session out: both of its speakers and all of its dialogues are new."""

    name = "iemocap-sessions"
    corpora = ("iemocap",)
    needs = ("subject", "session")
    separates = ("subject", "session", "dialogue", "source")
    source = "common practice (SUPERB, EmoBox)"

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
class IemocapMme2e(PublishedLists):
    """The published utterance lists of MME2E: 70/10/20 at random, all speakers everywhere.

    Every one of its 151 test dialogues is in training. Where the manifest does not carry the
    lists (`official_split`), a split is drawn the same way.
    """

    name = "iemocap-mme2e"
    corpora = ("iemocap",)
    separates = ("subject", "session", "dialogue", "source")
    source = "Dai et al. 2021 (MME2E), splits reused by FV2ES and Nfissi et al."
    shares = (0.7, 0.1)
