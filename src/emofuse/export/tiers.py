"""What annotation formats share: a timeline as named tiers of segments, clean text, errors."""

from __future__ import annotations

from pathlib import Path

from emofuse.core import SCENE, InputError, Segment, Timeline

MEANING = "what is expressed, not what is felt"
PROBABILITY = "/probability"  # suffix of the companion tier that holds the numbers
# A segment shorter than a format can say would have no length there.
SHORTEST_SECONDS = 0.001
# What an annotation without a number gets: a person who writes a label states it.
STATED = 1.0


def tiers(timeline: Timeline) -> dict[str, list[Segment]]:
    """ "person/modality" -> segments, for every modality that answers, and "person/fused" always.

    Text is cleaned of what formats cannot hold. Where nobody was found there is one empty tier,
    "scene/fused", since the tools expect at least one.
    """
    found = {
        f"{clean(part.person)}/{modality}": _segments(timeline, part.person, modality)
        for part in timeline.persons
        for modality in (*timeline.modalities, "fused")
    }
    kept = {name: part for name, part in found.items() if part or name.endswith("/fused")}
    return kept or {f"{SCENE}/fused": []}


def _segments(timeline: Timeline, person: str, modality: str) -> list[Segment]:
    return [
        Segment(s.start_seconds, s.end_seconds, clean(s.label), s.probability)
        for s in timeline.segments(person, modality)
        if s.end_seconds - s.start_seconds >= SHORTEST_SECONDS
    ]


def clean(text: str) -> str:
    """One printable line: no control characters, line breaks or lone surrogates."""
    kept = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(kept.split()) or "unnamed"


def end_seconds(timeline: Timeline) -> float:
    """Where the last tier may end: the end of the recording or of the last window's cell."""
    return max(timeline.source.duration_seconds, float(timeline.cell_edges[-1]), SHORTEST_SECONDS)


def read_probability(text: str) -> float:
    """A number 0..1; `ValueError` for anything else."""
    value = float(text)
    if not 0.0 <= value <= 1.0:
        raise ValueError(f"{text!r} is no probability")
    return value


def malformed(path: Path, kind: str, error: object) -> InputError:
    reason = " ".join(str(error).split())[:200]
    return InputError(path, f"not a readable {kind} file ({reason})", "write or export it again")
