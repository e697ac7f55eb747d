"""Decoded audio frames as mono samples at one rate, on the recording's clock."""

from __future__ import annotations

from collections.abc import Iterator

import av
import numpy as np
import soxr

from .clock import Stamp, StreamClock
from .track import Item, Track
from .types import AudioChunk, Damage

RESYNC_SECONDS = 0.04  # stamps jitter less than this; beyond it sound and picture would part

_UNSAFE_PLANES = 8  # PyAV walks past the end of a frame that has this many planes

# ITU-R BS.775 downmix of each channel to the front pair, seen from the mono sum; no bass channel.
_WEIGHTS = {
    "FC": 1.0,
    **dict.fromkeys(("FL", "FR", "DL", "DR", "WL", "WR", "FLC", "FRC"), 0.7071),
    **dict.fromkeys(("SL", "SR", "BL", "BR", "BC"), 0.5),
    **dict.fromkeys(("LFE", "LFE2"), 0.0),
}


def mono(frame: av.AudioFrame) -> np.ndarray:
    """(n,) float32 mix of all channels; integer formats are scaled so that full scale is 1.

    The weights sum to 1, so nothing that fits its channels can clip.
    """
    channels = frame.layout.nb_channels
    if frame.format.is_planar and channels >= _UNSAFE_PLANES:
        frame = _packed(frame)
    data = frame.to_ndarray()
    data = data if frame.format.is_planar else data.reshape(-1, channels).T
    weights = np.array([_WEIGHTS.get(c.name, 0.7071) for c in frame.layout.channels])
    if len(weights) != channels or not weights.any():
        weights = np.ones(channels)
    weights = (weights / weights.sum()).astype(np.float32)
    return weights @ _unit_scale(data)


def _packed(frame: av.AudioFrame) -> av.AudioFrame:
    resampler = av.AudioResampler(
        format=frame.format.packed.name, layout=frame.layout, rate=frame.sample_rate
    )
    (packed,) = resampler.resample(frame)
    return packed


def _unit_scale(data: np.ndarray) -> np.ndarray:
    if data.dtype == np.uint8:
        return (data.astype(np.float32) - 128.0) / 128.0
    if np.issubdtype(data.dtype, np.integer):
        return (data / (np.iinfo(data.dtype).max + 1.0)).astype(np.float32)
    # A float file may hold anything; NaN would spread through the resampler.
    return np.nan_to_num(data.astype(np.float32, copy=False), nan=0.0, posinf=1.0, neginf=-1.0)


class Segment:
    """A stretch of sound without a gap: resampled as one, its start known."""

    def __init__(self, start_seconds: float, rate_in: int, rate_out: int):
        self.start_seconds, self.rate_in, self._rate_out = start_seconds, rate_in, rate_out
        self._resampler = (
            None if rate_in == rate_out else soxr.ResampleStream(rate_in, rate_out, 1, "float32")
        )
        self._taken = self._given = 0

    @property
    def end_seconds(self) -> float:
        return self.start_seconds + self._taken / self.rate_in

    def push(self, samples: np.ndarray, *, last: bool = False) -> Iterator[AudioChunk]:
        self._taken += len(samples)
        if self._resampler is not None:
            samples = self._resampler.resample_chunk(np.ascontiguousarray(samples), last=last)
        start = self.start_seconds + self._given / self._rate_out
        self._given += len(samples)
        if len(samples):
            yield AudioChunk(start, np.clip(samples, -1.0, 1.0))


class SoundTrack(Track):
    """Audio packets to mono `AudioChunk`s at `sample_rate`.

    Sound is continuous by its sample count while the timestamps agree within `RESYNC_SECONDS`;
    a larger step is a gap (or an overlap, which is cut off), and a new segment starts at the
    stamp. How a file was cut into packets changes no sample.
    """

    modality = "audio"

    def __init__(self, stream: av.AudioStream, zero_seconds: float, *, sample_rate: int):
        super().__init__(stream, zero_seconds)
        self._clock = StreamClock(zero_seconds)
        self._sample_rate = sample_rate
        self._segment: Segment | None = None

    def convert(self, frame: av.AudioFrame) -> Iterator[Item]:
        samples, rate = mono(frame), frame.sample_rate
        seconds, stamp = self._clock.place(frame.time, len(samples) / rate)
        if stamp is not Stamp.GOOD:
            yield Damage(seconds, self.modality, stamp.value)
        if stamp is Stamp.LATE:
            return
        if self._segment is not None:
            end = self._segment.end_seconds
            if abs(seconds - end) > RESYNC_SECONDS or rate != self._segment.rate_in:
                yield from self.finish()
                samples = samples[max(0, round((end - seconds) * rate)) :]
                seconds = max(seconds, end)
        if self._segment is None:
            self._segment = Segment(seconds, rate, self._sample_rate)
        yield from self._segment.push(samples)

    def finish(self) -> Iterator[Item]:
        """The samples still inside the resampler; what comes next starts a new segment."""
        if self._segment is not None:
            yield from self._segment.push(np.zeros(0, np.float32), last=True)
            self._segment = None
