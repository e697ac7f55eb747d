"""From the windows of a recording to its `Timeline`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from emofuse.bundle import Bundle
from emofuse.core import (
    SCENE,
    ModelRecord,
    Moment,
    Outcome,
    PersonTimeline,
    Source,
    Thumbnail,
    Timeline,
    Window,
    assemble_person,
    label_set,
)
from emofuse.core.outcome import OUTCOMES

from .options import Options


def assemble(
    windows: Sequence[Window],
    *,
    source: Source,
    options: Options,
    bundles: Mapping[str, Bundle],
    stamps: Sequence[str] = (),
    notes: Sequence[str] = (),
    outcomes: Sequence[Outcome] = (),
    thumbnails: Sequence[Thumbnail] = (),
) -> Timeline:
    """Stack windows into a `Timeline`; absences become outcomes with a start and an end."""
    labels = label_set(options.labels)
    by_person: dict[str, dict[int, Moment]] = {}
    for window in windows:
        for moment in window.moments:
            by_person.setdefault(moment.person, {})[window.index] = moment
    persons = [
        assemble_person(person, moments, options.modalities, labels, len(windows))
        for person, moments in by_person.items()
    ]
    persons.sort(key=lambda part: (part.person == SCENE, _number(part.person)))
    timeline = Timeline(
        source=source,
        label_set=labels,
        window_seconds=options.window_seconds,
        hop_seconds=options.hop_seconds,
        starts=np.array([window.start_seconds for window in windows]),
        modalities=options.modalities,
        persons=tuple(_worth_showing(persons)),
        voice_owner=tuple(window.voice_owner for window in windows),
        models=tuple(_record(bundles[m]) for m in options.modalities if m in bundles),
        options={
            "min_probability": options.min_probability,
            "min_coverage": options.min_coverage,
            "expression_rate_hz": options.expression_rate_hz,
        },
        stamps=tuple(stamps),
        notes=tuple(notes),
        thumbnails=tuple(thumbnails),
    )
    damage = [outcome for window in windows for outcome in window.outcomes]
    absent = [o for part in persons for o in _spans(part, timeline.cell_edges)]
    found = (*_without_echo(absent), *damage, *outcomes)
    ordered = sorted(found, key=lambda o: (o.start_seconds, o.modality, o.person))
    return replace(timeline, outcomes=tuple(ordered))


def _number(person: str) -> int:
    digits = person.rpartition("-")[2]
    return int(digits) if digits.isdigit() else 0


def _worth_showing(persons: list[PersonTimeline]) -> list[PersonTimeline]:
    """Everybody in view; the scene only where it holds something nobody in view does."""
    in_view = [part for part in persons if part.person != SCENE]
    return [part for part in persons if part.person != SCENE or part.mask.any() or not in_view]


def _spans(part: PersonTimeline, edges: np.ndarray) -> list[Outcome]:
    """Runs of the same absence of one person, as typed outcomes on non-overlapping cells."""
    found = []
    for modality, stream in part.streams.items():
        kinds = [*stream.outcome, None]
        start = 0
        for i in range(1, len(kinds)):
            if kinds[i] != kinds[start]:
                if kinds[start]:
                    span = float(edges[start]), float(edges[i])
                    found.append(OUTCOMES[kinds[start]](modality, *span, part.person))
                start = i
    return found


def _without_echo(outcomes: list[Outcome]) -> list[Outcome]:
    """Silence heard by the scene is not repeated for every person in view."""
    scene = {(o.kind, o.modality) for o in outcomes if o.person == SCENE}
    return [
        o
        for o in outcomes
        if o.person == SCENE or o.modality == "face" or (o.kind, o.modality) not in scene
    ]


def _record(bundle: Bundle) -> ModelRecord:
    spec = bundle.spec
    return ModelRecord(
        spec.modality,
        spec.name,
        spec.version,
        spec.weights_sha256,
        spec.licence,
        " ".join(spec.limits),
    )
