"""`Timeline`: what one recording expresses, per person and moment, on one clock.

A timeline is data. It does not know file formats: `to_records()` is all it offers to writers.
Rows of masked moments are NaN in memory, so that a forgotten mask shows; writers leave them empty.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from .labels import LabelSet
from .outcome import Outcome

SCENE = "scene"  # the "person" of what cannot be given to one person in view
UNCERTAIN = "uncertain"

# Valence and pleasure-arousal coordinates of emotion words, each in -1..1.
# Source: Russell & Mehrabian (1977), "Evidence for a three-factor theory of emotions",
# J. Research in Personality 11, 273-294 (pleasure, arousal); neutral is the origin.
VALENCE_AROUSAL = {
    "neutral": (0.0, 0.0),
    "happy": (0.81, 0.51),
    "sad": (-0.63, -0.27),
    "angry": (-0.51, 0.59),
    "fear": (-0.64, 0.60),
    "disgust": (-0.60, 0.35),
    "surprise": (0.40, 0.67),
}


@dataclass(frozen=True)
class Estimate:
    """One modality of one person in one window.

    `probabilities` (C,) calibrated, in the timeline's label order, or None with `outcome` saying
    why. `coverage` is the share of the window with data, `quality` 0..1 how good it was,
    `weight` what fusion gave it, `contribution` its share of the winner (all shares sum to 1).
    """

    modality: str
    probabilities: np.ndarray | None
    coverage: float = 0.0
    quality: float = 0.0
    weight: float = 0.0
    contribution: float = 0.0
    outcome: str = ""


@dataclass(frozen=True)
class Moment:
    """One person in one window: the estimates, the fused answer, and where the face is.

    `fused` is (C,) or None; `box` is (left, top, right, bottom) in shares of the picture.
    """

    person: str
    estimates: Mapping[str, Estimate]
    fused: np.ndarray | None
    uncertain: bool
    coverage: float = 0.0
    box: tuple[float, float, float, float] | None = None


@dataclass(frozen=True)
class Window:
    """Everything about one window of time, as `stream` yields it."""

    index: int
    start_seconds: float
    end_seconds: float
    moments: tuple[Moment, ...]
    outcomes: tuple[Outcome, ...] = ()
    voice_owner: str = SCENE
    latency_seconds: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Stream:
    """One modality of one person over all W windows; rows are NaN where `mask` is False."""

    modality: str
    probabilities: np.ndarray
    mask: np.ndarray
    coverage: np.ndarray
    quality: np.ndarray
    weight: np.ndarray
    contribution: np.ndarray
    outcome: tuple[str, ...]


@dataclass(frozen=True)
class Thumbnail:
    """A small RGB picture (H, W, 3) uint8 of one person at one moment."""

    person: str
    seconds: float
    image: np.ndarray


@dataclass(frozen=True)
class PersonTimeline:
    """One person (or the scene): a `Stream` per modality and the fused answer.

    `fused` (W, C) and `boxes` (W, 4) are NaN where nothing is known; `uncertain` (W,) is True
    where there is evidence but not enough of it.
    """

    person: str
    streams: Mapping[str, Stream]
    fused: np.ndarray
    mask: np.ndarray
    uncertain: np.ndarray
    coverage: np.ndarray
    boxes: np.ndarray


@dataclass(frozen=True)
class Source:
    """The recording: its name (no folder), content hash and length."""

    name: str
    sha256: str
    duration_seconds: float


@dataclass(frozen=True)
class ModelRecord:
    """Which model spoke for a modality, under which licence and with which limits."""

    modality: str
    name: str
    version: str
    sha256: str
    licence: str
    limits: str = ""


@dataclass(frozen=True)
class Segment:
    """A stretch of time with one answer; `label` may be "uncertain"."""

    start_seconds: float
    end_seconds: float
    label: str
    probability: float


@dataclass(frozen=True)
class Timeline:
    """The answer to "what does my recording express, moment by moment?".

    W windows of `window_seconds` start at `starts` (W,), every `hop_seconds`.
    """

    source: Source
    label_set: LabelSet
    window_seconds: float
    hop_seconds: float
    starts: np.ndarray
    modalities: tuple[str, ...]
    persons: tuple[PersonTimeline, ...]
    voice_owner: tuple[str, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    models: tuple[ModelRecord, ...] = ()
    options: Mapping[str, object] = field(default_factory=dict)
    stamps: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    thumbnails: tuple[Thumbnail, ...] = ()

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def ends(self) -> np.ndarray:
        return self.starts + self.window_seconds

    def person(self, name: str) -> PersonTimeline:
        """The named person's part; `KeyError` lists who there is."""
        for part in self.persons:
            if part.person == name:
                return part
        raise KeyError(f"no person {name!r}; there are {[p.person for p in self.persons]}")

    @property
    def cell_edges(self) -> np.ndarray:
        """(W + 1,) edges of cells that tile the recording without overlap, one a window.

        Windows overlap; formats with tiers do not allow that. A window's cell is the hop around
        its centre; the first reaches back to the start, the last on to the end of the recording.
        """
        if not len(self):
            return np.zeros(1)
        inner = self.starts[1:] + (self.window_seconds - self.hop_seconds) / 2
        end = max(self.source.duration_seconds, inner[-1] if len(inner) else 0.0)
        return np.concatenate([[min(0.0, float(self.starts[0]))], inner, [end]])

    def answer(self, person: str, modality: str = "fused") -> tuple[np.ndarray, np.ndarray]:
        """Probabilities (W, C) and mask (W,) of one modality, or of the fused answer."""
        part = self.person(person)
        if modality == "fused":
            return part.fused, part.mask
        return part.streams[modality].probabilities, part.streams[modality].mask

    def segments(self, person: str, modality: str = "fused") -> list[Segment]:
        """Runs of the same answer on `cell_edges`; time without an answer is left out."""
        values, mask = self.answer(person, modality)
        unsure = self.person(person).uncertain if modality == "fused" else np.zeros(len(self), bool)
        edges, found = self.cell_edges, []
        run: list[int] = []

        def label_at(i: int) -> str:
            if not mask[i]:
                return ""
            return UNCERTAIN if unsure[i] else self.label_set.labels[int(values[i].argmax())]

        for i in range(len(self) + 1):
            if run and (i == len(self) or label_at(i) != label_at(run[0])):
                label = label_at(run[0])
                if label:
                    top = float(values[run].max(1).mean())
                    found.append(Segment(float(edges[run[0]]), float(edges[i]), label, top))
                run = []
            run.append(i)
        return found

    def valence_arousal(self, person: str) -> np.ndarray:
        """(W, 2) valence and arousal *derived* from the fused probabilities, NaN where none.

        The mean of `VALENCE_AROUSAL` under the fused distribution: a reading aid, not a
        measurement. Empty (all NaN) where the label set has labels without coordinates.
        """
        fused = self.person(person).fused
        if not all(label in VALENCE_AROUSAL for label in self.label_set):
            return np.full((len(self), 2), np.nan)
        return fused @ np.array([VALENCE_AROUSAL[label] for label in self.label_set])

    def to_records(self) -> Iterator[dict]:
        """One flat dict a person and window; None where a value is absent."""
        for part in self.persons:
            derived = self.valence_arousal(part.person)
            for i, start in enumerate(self.starts):
                yield self._record(part, i, float(start), derived[i])

    def _record(self, part: PersonTimeline, i: int, start: float, derived: np.ndarray) -> dict:
        known = bool(part.mask[i])
        top = int(part.fused[i].argmax()) if known else -1
        record: dict = {
            "person": part.person,
            "window": i,
            "start_seconds": round(start, 6),
            "end_seconds": round(start + self.window_seconds, 6),
            "label": None
            if not known
            else UNCERTAIN
            if part.uncertain[i]
            else self.label_set.labels[top],
            "best_label": self.label_set.labels[top] if known else None,
            "probability": float(part.fused[i, top]) if known else None,
            "uncertain": bool(part.uncertain[i]),
            "coverage": float(part.coverage[i]),
            "valence_derived": _number(derived[0]),
            "arousal_derived": _number(derived[1]),
            "voice_owner": self.voice_owner[i] if self.voice_owner else None,
        }
        for side, value in zip(("left", "top", "right", "bottom"), part.boxes[i], strict=True):
            record[f"box_{side}"] = _number(value)
        for label, value in zip(self.label_set, part.fused[i], strict=True):
            record[f"fused_{label}"] = _number(value)
        for modality in self.modalities:
            stream = part.streams[modality]
            for label, value in zip(self.label_set, stream.probabilities[i], strict=True):
                record[f"{modality}_{label}"] = _number(value)
            for name in ("coverage", "quality", "weight", "contribution"):
                record[f"{modality}_{name}"] = float(getattr(stream, name)[i])
            record[f"{modality}_outcome"] = stream.outcome[i]
        return record


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def assemble_person(
    person: str,
    moments: Mapping[int, Moment],
    modalities: tuple[str, ...],
    label_set: LabelSet,
    n: int,
) -> PersonTimeline:
    """Stack one person's moments (window index -> `Moment`) into arrays over `n` windows."""
    empty = np.full(len(label_set), np.nan)
    streams = {}
    for modality in modalities:
        rows = [
            moments[i].estimates.get(modality, Estimate(modality, None))
            if i in moments
            else Estimate(modality, None, outcome="" if modality != "face" else "NoFace")
            for i in range(n)
        ]
        streams[modality] = Stream(
            modality,
            np.array([empty if r.probabilities is None else r.probabilities for r in rows]).reshape(
                n, len(label_set)
            ),
            np.array([r.probabilities is not None for r in rows], bool),
            *(
                np.array([getattr(r, name) for r in rows], float)
                for name in ("coverage", "quality", "weight", "contribution")
            ),
            tuple(r.outcome for r in rows),
        )
    there = [moments.get(i) for i in range(n)]
    fused = [empty if m is None or m.fused is None else m.fused for m in there]
    boxes = [(np.nan,) * 4 if m is None or m.box is None else m.box for m in there]
    return PersonTimeline(
        person,
        streams,
        np.array(fused, float).reshape(n, len(label_set)),
        np.array([m is not None and m.fused is not None for m in there], bool),
        np.array([m is not None and m.uncertain for m in there], bool),
        np.array([0.0 if m is None else m.coverage for m in there]),
        np.array(boxes, float).reshape(n, 4),
    )
