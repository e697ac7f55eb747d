"""`Posteriors`: what a single-modality system hands to fusion and evaluation."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from .labels import LabelMap, LabelSet
from .probability import SCALES, Scale, to_log_prob

IN_SAMPLE, OUT_OF_FOLD = "in_sample", "out_of_fold"
UNKNOWN = -1  # truth or fold that is not known


class PosteriorMismatch(ValueError):
    """Posteriors that must not be joined: other order, scale, fold or clips."""


@dataclass(frozen=True)
class Posteriors:
    """Scores (N, C) of one system for N clips, in the order of `label_set`.

    `scale` says what the scores are (`logit`, `log_prob`, `prob`); `role` (N,) whether the
    clip was in the system's training part (`in_sample`) or not (`out_of_fold`); `fold` (N,)
    which fold's model spoke; `truth` (N,) the label index, -1 where unknown.
    """

    clips: tuple[str, ...]
    values: np.ndarray
    label_set: LabelSet
    scale: Scale
    system: str
    role: np.ndarray
    fold: np.ndarray = field(default=None)  # type: ignore[assignment]
    truth: np.ndarray = field(default=None)  # type: ignore[assignment]
    subjects: tuple[str, ...] = ()
    stamps: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        n = len(self.clips)
        object.__setattr__(self, "clips", tuple(self.clips))
        object.__setattr__(self, "subjects", tuple(self.subjects) or ("",) * n)
        values = np.asarray(self.values, dtype=float)
        role = np.broadcast_to(np.asarray(self.role, dtype=object), (n,)).copy()
        fold, truth = (
            np.full(n, UNKNOWN) if part is None else np.broadcast_to(np.asarray(part, int), (n,))
            for part in (self.fold, self.truth)
        )
        for name, value in {"values": values, "role": role, "fold": fold, "truth": truth}.items():
            object.__setattr__(self, name, value)
        self._validate(n)

    def _validate(self, n: int) -> None:
        if self.scale not in SCALES:
            raise PosteriorMismatch(f"scale {self.scale!r} is none of {SCALES}")
        if self.values.shape != (n, len(self.label_set)):
            raise PosteriorMismatch(
                f"{self.system}: values {self.values.shape} for {n} clips and "
                f"{len(self.label_set)} labels of {self.label_set.name}"
            )
        if not np.isfinite(self.values).all():
            raise PosteriorMismatch(f"{self.system}: values hold NaN or infinity")
        if not set(self.role) <= {IN_SAMPLE, OUT_OF_FOLD}:
            raise PosteriorMismatch(f"roles must be in_sample or out_of_fold, got {set(self.role)}")
        if len(self.subjects) != n:
            raise PosteriorMismatch(f"{self.system}: {len(self.subjects)} subjects for {n} clips")
        distributions = self.scale == "prob" and n and not self.label_set.multi_label
        if distributions and (np.abs(self.values.sum(1) - 1).max() > 1e-3 or self.values.min() < 0):
            raise PosteriorMismatch(f"{self.system}: 'prob' rows must be >= 0 and sum to 1")

    def __len__(self) -> int:
        return len(self.clips)

    @property
    def log_prob(self) -> np.ndarray:
        """(N, C) normalised log-probabilities, whatever the scale."""
        return to_log_prob(self.values, self.scale)

    def as_scale(self, scale: Scale) -> Posteriors:
        """The same posteriors as `log_prob` or `prob` (logits cannot be recovered)."""
        if scale == self.scale:
            return self
        if scale == "logit":
            raise PosteriorMismatch("a probability does not tell its logits")
        values = self.log_prob if scale == "log_prob" else np.exp(self.log_prob)
        return replace(self, values=values, scale=scale)

    def reorder(self, target: LabelSet) -> Posteriors:
        """The same labels in `target`'s order (truth follows)."""
        columns = target.columns_from(self.label_set)
        position = np.argsort(columns)
        truth = np.where(self.truth >= 0, position[self.truth], UNKNOWN)
        return replace(self, values=self.values[:, columns], label_set=target, truth=truth)

    def mapped(self, label_map: LabelMap) -> Posteriors:
        """Carried into another label set; clips whose true label is dropped are left out."""
        to = [
            UNKNOWN if target is None else label_map.target.index(target)
            for target in (label_map(label) for label in label_map.source)
        ]
        truth = np.where(self.truth >= 0, np.asarray(to)[self.truth], UNKNOWN)
        keep = ~((self.truth >= 0) & (truth < 0))
        kept = self.select(keep)
        values = label_map.probabilities(np.exp(kept.log_prob))
        return replace(
            kept, values=values, scale="prob", label_set=label_map.target, truth=truth[keep]
        )

    def select(self, keep: np.ndarray) -> Posteriors:
        """The rows where the boolean or integer index `keep` says so."""
        rows = np.arange(len(self))[np.asarray(keep)]
        return replace(
            self,
            clips=tuple(self.clips[i] for i in rows),
            subjects=tuple(self.subjects[i] for i in rows),
            values=self.values[rows],
            role=self.role[rows],
            fold=self.fold[rows],
            truth=self.truth[rows],
        )

    @property
    def out_of_fold(self) -> Posteriors:
        return self.select(self.role == OUT_OF_FOLD)

    @property
    def split_hash(self) -> str:
        """SHA-256 over which fold held out which clip: equal splits have equal hashes."""
        rows = sorted(f"{fold}\t{clip}" for fold, clip in zip(self.fold, self.clips, strict=True))
        return hashlib.sha256("\n".join(rows).encode()).hexdigest()

    @property
    def in_sample(self) -> Posteriors:
        return self.select(self.role == IN_SAMPLE)


def concatenate(parts: Sequence[Posteriors]) -> Posteriors:
    """One system's posteriors for more rows (further folds, or the other role), put together."""
    if not parts:
        raise PosteriorMismatch("nothing to put together")
    first = parts[0]
    for part in parts[1:]:
        if (part.system, part.label_set, part.scale) != (
            first.system,
            first.label_set,
            first.scale,
        ):
            raise PosteriorMismatch(
                f"{part.system} and {first.system} differ in system, label order or scale"
            )
    return replace(
        first,
        clips=tuple(clip for part in parts for clip in part.clips),
        subjects=tuple(subject for part in parts for subject in part.subjects),
        stamps=tuple(dict.fromkeys(stamp for part in parts for stamp in part.stamps)),
        **{
            name: np.concatenate([getattr(part, name) for part in parts])
            for name in ("values", "role", "fold", "truth")
        },
    )


def align(parts: Sequence[Posteriors]) -> list[Posteriors]:
    """Put several systems' posteriors on the same rows, ordered by (fold, role, clip).

    Refuses (`PosteriorMismatch`) differing label order, scale, clips, folds, roles or truth:
    the caller says how to change them (`reorder`, `as_scale`, `select`), never this function.
    """
    if not parts:
        raise PosteriorMismatch("nothing to align")
    first = parts[0]
    keyed = [
        {(int(p.fold[i]), str(p.role[i]), p.clips[i]): i for i in range(len(p))} for p in parts
    ]
    for part, rows in zip(parts, keyed, strict=True):
        if len(rows) != len(part):
            raise PosteriorMismatch(f"{part.system}: a clip appears twice in one fold and role")
        if part.label_set != first.label_set:
            raise PosteriorMismatch(
                f"{part.system} is in label order {part.label_set.name}, {first.system} in "
                f"{first.label_set.name}: reorder one of them"
            )
        if part.scale != first.scale:
            raise PosteriorMismatch(
                f"{part.system} holds {part.scale}, {first.system} {first.scale}: use as_scale"
            )
        if rows.keys() != keyed[0].keys():
            odd = sorted(rows.keys() ^ keyed[0].keys())[:3]
            raise PosteriorMismatch(
                f"{part.system} and {first.system} do not hold the same clips, folds and roles: "
                f"{len(rows.keys() ^ keyed[0].keys())} differ, e.g. {odd}"
            )
    order = sorted(keyed[0])
    aligned = [
        part.select(np.array([rows[key] for key in order], dtype=int))
        for part, rows in zip(parts, keyed, strict=True)
    ]
    for part in aligned[1:]:
        known = (part.truth >= 0) & (aligned[0].truth >= 0)
        if np.any(part.truth[known] != aligned[0].truth[known]):
            raise PosteriorMismatch(f"{part.system} and {first.system} disagree on true labels")
    return aligned
