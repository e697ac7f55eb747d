"""JSON: the complete timeline, one column an array. Described by `timeline.schema.json`.

Thumbnails are the one thing left out: pictures belong into the HTML page.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

import numpy as np

from emofuse.core import (
    InputError,
    LabelSet,
    ModelRecord,
    PersonTimeline,
    Source,
    Stream,
    Timeline,
    outcome_from_dict,
)

FORMAT = "emofuse.timeline"
SCHEMA = 1
STREAM_NUMBERS = ("coverage", "quality", "weight", "contribution")


def dumps(timeline: Timeline) -> str:
    """The timeline as one line of JSON; what is masked is null, no NaN ever."""
    document = header(timeline) | {
        "starts": timeline.starts.tolist(),
        "voice_owner": list(timeline.voice_owner),
        "persons": [_person_to_dict(part) for part in timeline.persons],
    }
    return encode(document)


def write_json(timeline: Timeline, path: Path) -> None:
    path.write_text(dumps(timeline) + "\n", encoding="utf-8")


def read_json(path: Path) -> Timeline:
    """Raises `InputError` when the file is no timeline or of a schema this version cannot read."""
    try:
        document = decode(path.read_text(encoding="utf-8"), path)
        starts = np.array(document["starts"], float)
        persons = tuple(
            _person_from_dict(part, document["modalities"], len(starts), document["label_set"])
            for part in document["persons"]
        )
        owners = tuple(document["voice_owner"])
        if owners and len(owners) != len(starts):
            raise ValueError("voice_owner does not fit starts")
        return from_header(document, starts=starts, persons=persons, voice_owner=owners)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise not_a_timeline(path, error) from error


def header(timeline: Timeline) -> dict:
    """Everything but the values of the windows: what tables keep beside their rows."""
    return {
        "format": FORMAT,
        "schema": SCHEMA,
        "source": asdict(timeline.source),
        "label_set": {
            "name": timeline.label_set.name,
            "labels": list(timeline.label_set.labels),
            "multi_label": timeline.label_set.multi_label,
        },
        "window_seconds": timeline.window_seconds,
        "hop_seconds": timeline.hop_seconds,
        "modalities": list(timeline.modalities),
        "outcomes": [outcome.to_dict() for outcome in timeline.outcomes],
        "models": [asdict(model) for model in timeline.models],
        "options": dict(timeline.options),
        "stamps": list(timeline.stamps),
        "notes": list(timeline.notes),
    }


def from_header(
    document: dict,
    *,
    starts: np.ndarray,
    persons: tuple[PersonTimeline, ...],
    voice_owner: tuple[str, ...],
) -> Timeline:
    """Inverse of `header`, given the values of the windows."""
    return Timeline(
        source=Source(**document["source"]),
        label_set=LabelSet(**document["label_set"]),
        window_seconds=float(document["window_seconds"]),
        hop_seconds=float(document["hop_seconds"]),
        starts=starts,
        modalities=tuple(document["modalities"]),
        persons=persons,
        voice_owner=voice_owner,
        outcomes=tuple(outcome_from_dict(values) for values in document["outcomes"]),
        models=tuple(ModelRecord(**values) for values in document["models"]),
        options=document["options"],
        stamps=tuple(document["stamps"]),
        notes=tuple(document["notes"]),
    )


def encode(document: dict) -> str:
    text = json.dumps(document, ensure_ascii=False, allow_nan=False, default=_plain)
    # A file name that is not valid text must not make the result unwritable.
    return text.encode("utf-8", "replace").decode("utf-8")


def decode(text: str, path: Path) -> dict:
    """Parse a document or header and refuse foreign JSON and unknown schemas (`InputError`)."""
    document = json.loads(text, parse_constant=_refuse)
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise ValueError(f'no "format": "{FORMAT}"')
    if document.get("schema") != SCHEMA:
        raise InputError(
            path,
            f"timeline schema {document.get('schema')!r}, this version reads {SCHEMA}",
            "read it with the emofuse version that wrote it, or analyse the recording again",
        )
    return document


def not_a_timeline(path: Path, error: Exception) -> InputError:
    reason = " ".join(f"{type(error).__name__}: {error}".split())[:200]
    return InputError(path, f"not an emofuse timeline ({reason})", "analyse the recording again")


def _person_to_dict(part: PersonTimeline) -> dict:
    return {
        "person": part.person,
        "fused": _rows(part.fused, part.mask),
        "uncertain": part.uncertain.tolist(),
        "coverage": part.coverage.tolist(),
        "boxes": _rows(part.boxes, np.isfinite(part.boxes).all(1)),
        "streams": {
            name: {
                "probabilities": _rows(stream.probabilities, stream.mask),
                **{field: getattr(stream, field).tolist() for field in STREAM_NUMBERS},
                "outcome": list(stream.outcome),
            }
            for name, stream in part.streams.items()
        },
    }


def _person_from_dict(part: dict, modalities: list[str], n: int, labels: dict) -> PersonTimeline:
    width = len(labels["labels"])
    streams = {}
    for name in modalities:
        values = part["streams"][name]
        probabilities, mask = _array(values["probabilities"], n, width)
        numbers = [_vector(values[field], n, float) for field in STREAM_NUMBERS]
        if len(values["outcome"]) != n:
            raise ValueError(f"{name} outcome does not fit starts")
        streams[name] = Stream(name, probabilities, mask, *numbers, tuple(values["outcome"]))
    fused, mask = _array(part["fused"], n, width)
    boxes, _ = _array(part["boxes"], n, 4)
    uncertain, coverage = _vector(part["uncertain"], n, bool), _vector(part["coverage"], n, float)
    return PersonTimeline(part["person"], streams, fused, mask, uncertain, coverage, boxes)


def _rows(values: np.ndarray, mask: np.ndarray) -> list[list[float] | None]:
    return [row.tolist() if known else None for row, known in zip(values, mask, strict=True)]


def _array(rows: Iterable, n: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    rows = list(rows)
    mask = np.array([row is not None for row in rows], bool)
    filled = [[np.nan] * width if row is None else row for row in rows]
    return np.array(filled, float).reshape(n, width), mask


def _vector(values: list, n: int, kind: type) -> np.ndarray:
    vector = np.array(values, kind).reshape(n)
    if not np.isfinite(vector).all():
        raise ValueError("a number is missing")
    return vector


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is no JSON")


def _plain(value: object) -> object:
    """Options may hold numpy values and paths."""
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else str(value)
