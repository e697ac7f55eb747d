"""A long timeline with fewer windows, for pictures that have fewer pixels than it has moments."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np

from emofuse.core import PersonTimeline, Stream, Timeline


def thin(timeline: Timeline, *, most: int) -> Timeline:
    """`timeline` with at most `most` windows, each the mean of the same number of old ones.

    Masked moments do not count; a new moment is uncertain when most of its known ones are. The
    new windows cover what the old ones did, so `cell_edges` stay where they were.
    """
    size = -(-len(timeline) // most)
    if size <= 1:
        return timeline
    return replace(
        timeline,
        starts=timeline.starts[::size],
        hop_seconds=timeline.hop_seconds * size,
        window_seconds=timeline.window_seconds + (size - 1) * timeline.hop_seconds,
        persons=tuple(_person(part, size) for part in timeline.persons),
        voice_owner=_commonest(timeline.voice_owner, size),
    )


def _person(part: PersonTimeline, size: int) -> PersonTimeline:
    everywhere = np.ones(len(part.mask), bool)
    fused, mask = _mean(part.fused, part.mask, size)
    boxes, _ = _mean(part.boxes, np.isfinite(part.boxes).all(1), size)
    unsure, _ = _mean(part.uncertain.astype(float)[:, None], part.mask, size)
    coverage, _ = _mean(part.coverage[:, None], everywhere, size)
    streams = {name: _stream(stream, size, part.mask) for name, stream in part.streams.items()}
    uncertain = np.nan_to_num(unsure[:, 0]) > 0.5
    return PersonTimeline(part.person, streams, fused, mask, uncertain, coverage[:, 0], boxes)


def _stream(stream: Stream, size: int, answered: np.ndarray) -> Stream:
    everywhere = np.ones(len(stream.mask), bool)
    probabilities, mask = _mean(stream.probabilities, stream.mask, size)
    numbers = np.stack([stream.coverage, stream.quality, stream.weight], 1)
    numbers, _ = _mean(numbers, everywhere, size)
    share, _ = _mean(stream.contribution[:, None], answered, size)
    outcome = _commonest(stream.outcome, size)
    reasons = tuple("" if known else why for known, why in zip(mask, outcome, strict=True))
    return Stream(
        stream.modality, probabilities, mask, *numbers.T, np.nan_to_num(share[:, 0]), reasons
    )


def _mean(values: np.ndarray, mask: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean (groups, K) over the known rows of each group of `size`, and which groups have any."""
    first = np.arange(0, len(values), size)
    total = np.add.reduceat(np.where(mask[:, None], values, 0.0), first)
    known = np.add.reduceat(mask.astype(float), first)
    with np.errstate(invalid="ignore"):
        return np.where(known[:, None] > 0, total / known[:, None], np.nan), known > 0


def _commonest(values: tuple[str, ...], size: int) -> tuple[str, ...]:
    groups = (values[i : i + size] for i in range(0, len(values), size))
    return tuple(Counter(group).most_common(1)[0][0] for group in groups)
