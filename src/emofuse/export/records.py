"""Rows and back: what the CSV and Parquet files share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from emofuse.core import LabelSet, PersonTimeline, Stream, Timeline

from .json_file import STREAM_NUMBERS, from_header, header

_BOX = ("box_left", "box_top", "box_right", "box_bottom")


def columns(timeline: Timeline) -> dict[str, type]:
    """Column name -> type of `Timeline.to_records`, in order, also where there are no records."""
    labels = timeline.label_set
    names: dict[str, type] = {
        "person": str,
        "window": int,
        "start_seconds": float,
        "end_seconds": float,
        "label": str,
        "best_label": str,
        "probability": float,
        "uncertain": bool,
        "coverage": float,
        "valence_derived": float,
        "arousal_derived": float,
        "voice_owner": str,
    }
    names |= dict.fromkeys(_BOX, float) | {f"fused_{label}": float for label in labels}
    for modality in timeline.modalities:
        names |= {f"{modality}_{label}": float for label in labels}
        names |= {f"{modality}_{name}": float for name in STREAM_NUMBERS}
        names[f"{modality}_outcome"] = str
    return names


def table_header(timeline: Timeline) -> dict:
    """`header` plus the little that rows do not say, e.g. where there is nobody and so no row."""
    return header(timeline) | {
        "starts": timeline.starts.tolist(),
        "voice_owner": list(timeline.voice_owner),
        "persons": [part.person for part in timeline.persons],
    }


def from_records(document: dict, rows: Iterable[Mapping]) -> Timeline:
    """Inverse of `Timeline.to_records`, given the `table_header`.

    Absent values are None or NaN. Raises `KeyError` or `ValueError` on rows that do not fit.
    """
    rows, starts = list(rows), np.array(document["starts"], float)
    names, n = document["persons"], len(starts)
    if [(r["person"], r["window"]) for r in rows] != [(p, i) for p in names for i in range(n)]:
        raise ValueError("rows are missing, repeated or out of order")
    labels = LabelSet(**document["label_set"])
    return from_header(
        document,
        starts=starts,
        persons=tuple(
            _person(name, rows[k * n : (k + 1) * n], labels, document["modalities"])
            for k, name in enumerate(names)
        ),
        voice_owner=tuple(document["voice_owner"]),
    )


def _person(
    name: str, rows: list[Mapping], labels: LabelSet, modalities: list[str]
) -> PersonTimeline:
    streams = {}
    for modality in modalities:
        values, mask = _distribution(rows, modality, labels)
        numbers = [_matrix(rows, [f"{modality}_{field}"])[:, 0] for field in STREAM_NUMBERS]
        outcome = tuple(row[f"{modality}_outcome"] or "" for row in rows)
        streams[modality] = Stream(modality, values, mask, *numbers, outcome)
    fused, mask = _distribution(rows, "fused", labels)
    uncertain = np.array([bool(row["uncertain"]) for row in rows], bool)
    coverage = _matrix(rows, ["coverage"])[:, 0]
    return PersonTimeline(name, streams, fused, mask, uncertain, coverage, _matrix(rows, _BOX))


def _distribution(
    rows: list[Mapping], prefix: str, labels: LabelSet
) -> tuple[np.ndarray, np.ndarray]:
    values = _matrix(rows, [f"{prefix}_{label}" for label in labels])
    return values, np.isfinite(values).all(1)


def _matrix(rows: list[Mapping], names: Iterable[str]) -> np.ndarray:
    """(rows, names) floats; None becomes NaN."""
    names = tuple(names)
    values = [[np.nan if row[name] is None else row[name] for name in names] for row in rows]
    return np.array(values, float).reshape(len(rows), len(names))
