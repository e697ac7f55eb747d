"""`EegChunk`: a piece of EEG on a recording's clock, as engines and streams pass it on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from .recording import EegRecording

CHUNK_SECONDS = 1.0


@dataclass(frozen=True)
class EegChunk:
    """Samples (n, C) in µV from `start_seconds`; rows that were lost are NaN."""

    start_seconds: float
    samples: np.ndarray
    channels: tuple[str, ...]
    rate_hz: float

    @property
    def end_seconds(self) -> float:
        return self.start_seconds + len(self.samples) / self.rate_hz


def chunks(
    recording: EegRecording, *, offset_seconds: float = 0.0, chunk_seconds: float = CHUNK_SECONDS
) -> Iterator[EegChunk]:
    """A recording in pieces, starting `offset_seconds` on the other recording's clock.

    What lies before that clock's zero is left out; unusable channels and lost samples are NaN.
    """
    rate = recording.rate_hz
    values = np.where(recording.channel_mask, recording.track.values, np.nan)
    values[~recording.track.mask] = np.nan
    first = max(0, round(-offset_seconds * rate))
    step = max(1, round(chunk_seconds * rate))
    for start in range(first, len(values), step):
        yield EegChunk(
            offset_seconds + start / rate,
            values[start : start + step],
            recording.channels,
            rate,
        )
