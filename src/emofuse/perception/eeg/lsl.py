"""EEG from Lab Streaming Layer, as a live source of chunks on the session's clock.

Where streams are looked for (this machine, the local network) is set by LSL itself: `ResolveScope`
in the file that the environment variable LSLAPICFG names, read when the library is first used.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from emofuse.core import InputError, MissingExtra
from emofuse.media import LiveSource

from .chunk import EegChunk
from .montage import is_brain, named
from .read import channel_factors
from .regular import GAP_SAMPLES, on_a_grid

# A sender that is silent for this long has gone; looking for it starts anew.
LOST_SECONDS = 2.0
PULL_SECONDS = 0.1
# Stamps that leave the count of samples by less than this are jitter and drift, not a gap.
RESYNC_SECONDS = 0.05

Clock = Callable[[], float]


def lsl_library():
    """`mne_lsl.lsl`, or `MissingExtra`."""
    try:
        from mne_lsl import lsl
    except ImportError:
        raise MissingExtra("Lab Streaming Layer", "lsl") from None
    return lsl


def lsl_eeg(
    name: str,
    *,
    mapping: Mapping[str, str] | Sequence[str] | None = None,
    unit: str | None = None,
    find_seconds: float = 5.0,
    wait_seconds: float = 30.0,
) -> LiveSource:
    """The EEG stream called `name` as a `LiveSource` of `EegChunk`s.

    Stamps are corrected to this machine's clock; samples that were lost on the way are NaN rows.
    `mapping` and `unit` are those of `read_eeg`. A stream is looked for `find_seconds` long; one
    that stops is waited for `wait_seconds` (a `Damage` marks the gap), after which the source ends.
    Raises `InputError` when the stream is of irregular rate or several bear the name, `MissingExtra`
    without the lsl extra.
    """
    lsl = lsl_library()
    delivered = []  # whether anything ever came: then an absence is an end, not an error

    def items(clock: Clock) -> Iterator[EegChunk]:
        found = _find(lsl, name, wait_seconds if delivered else find_seconds)
        if found is None and delivered:
            return
        if found is None:
            raise OSError(f"no stream {name!r} within {find_seconds:g} s")
        for chunk in _chunks(lsl, found, clock, mapping, unit):
            delivered[:] = [True]
            yield chunk

    return LiveSource(f"LSL stream {name}", frozenset({"eeg"}), items)


def _find(lsl, name: str, seconds: float):
    """The stream's description, or None; `InputError` when it is not clear which is meant."""
    until = time.monotonic() + seconds
    while True:
        streams = lsl.resolve_streams(timeout=min(1.0, seconds), name=name)
        if len(streams) > 1:
            streams = [stream for stream in streams if stream.stype.upper() == "EEG"] or streams
        if len(streams) > 1:
            raise InputError(name, f"{len(streams)} streams bear this name", "rename one of them")
        if streams:
            return streams[0]
        if time.monotonic() >= until:
            return None


def _chunks(lsl, found, clock: Clock, mapping, unit) -> Iterator[EegChunk]:
    """Chunks until the sender is lost (`OSError`)."""
    if not found.sfreq:
        raise InputError(found.name, "is a stream without a rate", "send EEG at an even rate")
    inlet = lsl.StreamInlet(found, recover=False, processing_flags=["clocksync"])
    try:
        inlet.open_stream(timeout=LOST_SECONDS)
        described = inlet.get_sinfo(timeout=LOST_SECONDS)
        rate = float(found.sfreq)
        names = described.get_channel_names() or [str(i + 1) for i in range(found.n_channels)]
        brain = [i for i, channel in enumerate(names) if is_brain(channel)]
        channels = named(found.name, [names[i] for i in brain], mapping)
        units = [str(part) for part in described.get_channel_units() or [""] * len(names)]
        factors, _ = channel_factors(found.name, [unit or units[i] for i in brain])
        counter = _Counter(rate)
        for samples, stamps in _pulled(inlet):
            seconds = stamps - lsl.local_clock() + clock()
            values, _ = on_a_grid(samples[:, brain] * factors, seconds, rate_hz=rate)
            yield EegChunk(counter.place(seconds[0], len(values)), values, channels, rate)
    except (RuntimeError, TimeoutError) as error:  # how the library says that a sender has gone
        raise OSError(f"{found.name} was lost ({error})") from None
    finally:
        inlet.close_stream()


def _pulled(inlet) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """(n, C) samples and (n,) stamps as they come; `OSError` after a silence."""
    heard = time.monotonic()
    while time.monotonic() - heard < LOST_SECONDS:
        samples, stamps = inlet.pull_chunk(timeout=PULL_SECONDS)
        if len(stamps):
            heard = time.monotonic()
            yield np.asarray(samples, float), np.asarray(stamps, float)
    raise OSError("the sender went silent")


class _Counter:
    """Start times of chunks by the count of samples, which is steadier than stamps."""

    def __init__(self, rate_hz: float):
        self.rate_hz, self.next_seconds = rate_hz, None

    def place(self, stamp: float, count: int) -> float:
        """Start of a chunk of `count` rows stamped `stamp`; far from the count, the stamp holds."""
        far = max(RESYNC_SECONDS, GAP_SAMPLES / self.rate_hz)
        if self.next_seconds is None or abs(stamp - self.next_seconds) > far:
            self.next_seconds = stamp
        start = self.next_seconds
        self.next_seconds = start + count / self.rate_hz
        return start
