"""Sources that deliver while it happens: cameras, microphones, and files at their own pace."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np

from emofuse.core import InputError

from .picture import upright_rgb
from .reader import SAMPLE_RATE, read
from .sound import Segment, mono
from .track import Item
from .types import AudioChunk, Damage, VideoFrame

RESYNC_SECONDS = 0.25  # sound this far from the wall clock has lost samples on its way
WAITS_SECONDS = (0.2, 0.5, 1.0, 2.0, 5.0)  # before each attempt to open a lost source again

Clock = Callable[[], float]
# How FFmpeg calls the input devices of each system: (camera format, microphone format).
_DEVICES = {"linux": ("v4l2", "alsa"), "darwin": ("avfoundation",) * 2, "win32": ("dshow",) * 2}


@dataclass(frozen=True)
class LiveSource:
    """Where timed items come from while they happen.

    `tracks` are "video", "audio" or both. `open(clock)` starts delivering items stamped with
    `clock()` seconds, blocking until the next one is there; it ends when nothing more can come
    and raises `OSError` when the source is lost, after which it can be opened again.
    """

    name: str
    tracks: frozenset[str]
    open: Callable[[Clock], Iterator[Item]]


def camera(device: str = "/dev/video0", *, format: str = "", options: dict | None = None):
    """A camera as a `LiveSource`. `format` and `options` go to FFmpeg (default: by system)."""
    name = format or _devices()[0]
    return LiveSource(
        f"camera {device}",
        frozenset({"video"}),
        lambda clock: _pictures(device, name, options or {}, clock),
    )


def microphone(device: str = "default", *, format: str = "", options: dict | None = None):
    """A microphone as a `LiveSource` of 16 kHz mono sound."""
    name = format or _devices()[1]
    return LiveSource(
        f"microphone {device}",
        frozenset({"audio"}),
        lambda clock: _sound(device, name, options or {}, clock),
    )


def paced(path: str | Path, *, speed: float = 1.0) -> LiveSource:
    """A file delivered at `speed` times real time: an item comes when it would have happened.

    The items are those of `read`, so that live and offline see the same recording.
    """
    if not speed > 0:
        raise ValueError(f"speed must be positive, got {speed}")

    def items(_clock: Clock) -> Iterator[Item]:
        began = time.monotonic()
        for item in read(path):
            wait = item_end(item) / speed - (time.monotonic() - began)
            if wait > 0:
                time.sleep(wait)
            yield item

    return LiveSource(Path(path).name, frozenset({"video", "audio"}), items)


def item_end(item: Item) -> float:
    """Seconds at which an item has completely happened."""
    if isinstance(item, AudioChunk):
        return item.start_seconds + len(item.samples) / SAMPLE_RATE
    return item.seconds


def reconnecting(source: LiveSource, clock: Clock, *, sleep: Callable[[float], None] = time.sleep):
    """The items of `source`; when it is lost it is opened again, with a `Damage` for the gap.

    Gives up with `InputError` when it cannot be opened `len(WAITS_SECONDS)` times in a row.
    """
    failures = 0
    while True:
        try:
            for item in source.open(clock):
                failures = 0
                yield item
            return
        except (OSError, av.FFmpegError) as error:
            if failures == len(WAITS_SECONDS):
                raise InputError(
                    source.name,
                    f"cannot be opened ({error.strerror or error})",
                    "check that it is plugged in, allowed and not used by another program",
                ) from None
            for track in sorted(source.tracks):
                yield Damage(clock(), track, f"{source.name} was lost; trying again")
            sleep(WAITS_SECONDS[failures])
            failures += 1


class SoundStream:
    """Pieces of mono sound at any rate to `AudioChunk`s at 16 kHz on a live clock.

    Sound is continuous by its sample count; where its stamps leave that by more than
    `RESYNC_SECONDS`, samples were lost and a new stretch starts at the stamp.
    """

    def __init__(self) -> None:
        self._segment: Segment | None = None

    def push(self, samples: np.ndarray, *, start_seconds: float, sample_rate: int):
        """Yield the chunks that `samples` (n,), from `start_seconds` on, complete."""
        segment = self._segment
        lost = segment is not None and (
            segment.rate_in != sample_rate
            or abs(start_seconds - segment.end_seconds) > RESYNC_SECONDS
        )
        if lost:
            yield from segment.push(np.zeros(0, np.float32), last=True)
        if segment is None or lost:
            self._segment = segment = Segment(start_seconds, sample_rate, SAMPLE_RATE)
        yield from segment.push(np.asarray(samples, np.float32))

    def finish(self) -> Iterator[AudioChunk]:
        """What the resampler still holds."""
        if self._segment is not None:
            yield from self._segment.push(np.zeros(0, np.float32), last=True)
            self._segment = None


def _devices() -> tuple[str, ...]:
    return _DEVICES.get(sys.platform, _DEVICES["linux"])


def _pictures(device: str, format: str, options: dict, clock: Clock) -> Iterator[VideoFrame]:
    with closing(av.open(device, format=format, options=options)) as container:
        for frame in container.decode(video=0):
            yield VideoFrame(clock(), upright_rgb(frame))


def _sound(device: str, format: str, options: dict, clock: Clock) -> Iterator[AudioChunk]:
    stream = SoundStream()
    with closing(av.open(device, format=format, options=options)) as container:
        for frame in container.decode(audio=0):
            samples = mono(frame)
            heard = max(0.0, clock() - len(samples) / frame.sample_rate)
            yield from stream.push(samples, start_seconds=heard, sample_rate=frame.sample_rate)
    yield from stream.finish()
