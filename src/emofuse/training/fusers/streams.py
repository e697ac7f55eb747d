"""`Streams`: the aligned posteriors of several systems, ready to fit a fuser on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from emofuse.core import OUT_OF_FOLD, LabelSet, Posteriors, align
from emofuse.protocols import Stamp, require_out_of_fold


@dataclass(frozen=True)
class Streams:
    """Log-probabilities (M, N, C) of M `systems` for the same N rows.

    Everything of shape (N,) is as in `core.Posteriors`.
    """

    log_probs: np.ndarray
    systems: tuple[str, ...]
    label_set: LabelSet
    clips: np.ndarray
    persons: np.ndarray
    truth: np.ndarray
    folds: np.ndarray
    role: np.ndarray
    stamps: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.truth)

    def take(self, rows: np.ndarray) -> Streams:
        """The rows where the boolean or integer index says so."""
        parts = ("clips", "persons", "truth", "folds", "role")
        return replace(
            self,
            log_probs=self.log_probs[:, rows],
            **{name: getattr(self, name)[rows] for name in parts},
        )

    @property
    def held_out(self) -> np.ndarray:
        return self.role == OUT_OF_FOLD

    @property
    def inner_groups(self) -> np.ndarray:
        """What inner validation holds out: folds, or persons where there is only one fold."""
        return self.folds if len(set(self.folds)) > 1 else self.persons

    def part(self, number: int) -> Posteriors:
        """One system's posteriors."""
        return self.answered(self.log_probs[number], self.systems[number])

    def answered(self, log_prob: np.ndarray, system: str) -> Posteriors:
        """(N, C) fused log-probabilities as posteriors of `system` on these rows."""
        return Posteriors(
            clips=tuple(self.clips),
            values=log_prob,
            label_set=self.label_set,
            scale="log_prob",
            system=system,
            role=self.role,
            fold=self.folds,
            truth=self.truth,
            subjects=tuple(self.persons),
            stamps=self.stamps,
        )


def stack_streams(parts: Sequence[Posteriors], *, allow_leakage: bool = False) -> Streams:
    """Align the posteriors of several systems (same label order, clips, folds and truth).

    In-sample rows are refused with a `LeakageError`: on its own training clips every base model
    is nearly always right and far too sure, so a fuser fitted there learns weights that do not
    hold for new people. `allow_leakage` keeps them and stamps all that follows.
    """
    leaks = require_out_of_fold(parts, allow_leakage=allow_leakage)
    aligned = align([part.as_scale("log_prob") for part in parts])
    first = aligned[0]
    return Streams(
        log_probs=np.stack([part.values for part in aligned]),
        systems=tuple(part.system for part in aligned),
        label_set=first.label_set,
        clips=np.array(first.clips, dtype=object),
        persons=np.array(first.subjects, dtype=object),
        truth=first.truth,
        folds=first.fold,
        role=first.role,
        stamps=with_leaks([stamp for part in aligned for stamp in part.stamps], leaks),
    )


def with_leaks(stamps: Sequence[str], leaks: Sequence[str]) -> tuple[str, ...]:
    """`stamps` and what the leakage check found, each once; any finding makes it LEAKY."""
    return tuple(dict.fromkeys((*stamps, *((str(Stamp.LEAKY), *leaks) if leaks else ()))))
