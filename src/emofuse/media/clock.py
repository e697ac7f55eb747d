"""Timestamps that can be trusted: one clock a stream, repaired where the stamps are absurd."""

from __future__ import annotations

from enum import Enum

RESTART_SECONDS = 1.0  # a step back longer than this is a restarted counter, not disorder
LEAP_SECONDS = 3600.0  # a step ahead longer than this is a broken stamp, not a pause
USUAL_SECONDS = 0.04  # what a frame lasts that claims to last longer than that


class Stamp(Enum):
    """How a presentation timestamp was taken."""

    GOOD = "good"
    LATE = "a timestamp runs backwards; left out"
    BROKEN = "timestamps leap; continued where they had come to"


class StreamClock:
    """Turns the raw presentation times of one stream into seconds that never run backwards.

    `zero_seconds` is the raw time of the recording's start. A frame without a stamp follows the
    one before. Joined recordings restart their stamps and damaged ones leap: those go on where
    the stream had come to, so that nobody is asked to analyse a thousand empty years.
    """

    def __init__(self, zero_seconds: float):
        self._shift = -zero_seconds
        self._last: float | None = None
        self._next = 0.0

    def place(self, raw_seconds: float | None, duration_seconds: float) -> tuple[float, Stamp]:
        """Seconds of the frame stamped `raw_seconds` that lasts `duration_seconds`."""
        if duration_seconds > LEAP_SECONDS:
            duration_seconds = USUAL_SECONDS
        stamp = Stamp.GOOD
        seconds = self._next if raw_seconds is None else raw_seconds + self._shift
        if seconds > self._next + LEAP_SECONDS or seconds < (self._last or 0.0) - RESTART_SECONDS:
            self._shift += self._next - seconds
            seconds, stamp = self._next, Stamp.BROKEN
        seconds = max(seconds, 0.0)
        if self._last is not None and seconds <= self._last:
            return seconds, Stamp.LATE
        self._last, self._next = seconds, seconds + duration_seconds
        return seconds, stamp


class BestStamp:
    """Chooses between a frame's presentation stamp and its decoding stamp.

    Old containers (avi) stamp reordered pictures wrongly. As in FFmpeg's best effort, the
    presentation stamp is used until it has run backwards more often than the decoding stamp.
    """

    def __init__(self) -> None:
        self._last: dict[str, int] = {}
        self._faults = {"pts": 0, "dts": 0}

    def of(self, *, pts: int | None, dts: int | None) -> int | None:
        """The stamp to use, in the stream's own ticks."""
        for name, value in (("pts", pts), ("dts", dts)):
            if value is not None:
                self._faults[name] += value <= self._last.get(name, value - 1)
                self._last[name] = value
        trusted = self._faults["pts"] <= self._faults["dts"]
        return pts if pts is not None and (trusted or dts is None) else dts
