"""What every sense (face, voice, text) offers the engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np


@dataclass(frozen=True)
class Evidence:
    """What one sense found for one person in one window.

    `log_prob` (C,) is calibrated and in the *model's* label order; None with `outcome` set.
    `measures` are side products for other parts (mouth motion, speech activity).
    """

    log_prob: np.ndarray | None
    coverage: float = 0.0
    quality: float = 0.0
    outcome: str = ""
    box: tuple[float, float, float, float] | None = None
    measures: Mapping[str, float] = field(default_factory=dict)


def reached_by_all(times: Sequence[float], *, max_lag_seconds: float) -> float:
    """Seconds that every track has reached, or that one which lags too far is not waited for."""
    return max(min(times), max(times) - max_lag_seconds) if times else 0.0


class Sense(Protocol):
    """A sense takes timed data and answers for any window that its data has reached.

    `push` may be called with pieces of any size: the answer must not depend on the cutting. A
    sense with a clock of its own also has `latest_seconds` (its data reaches so far) and
    `ready_seconds` (it can answer for windows that end before).
    """

    modality: str

    def push(self, item: object) -> None: ...

    def evidence(self, start_seconds: float, end_seconds: float) -> dict[str, Evidence]:
        """Evidence by person; the scene's entry (`core.SCENE`) says what is absent and why."""
        ...

    def forget(self, before_seconds: float) -> None:
        """Drop what no later window needs, so that memory stays flat."""
        ...
