"""`EegRecording`: what an EEG file holds, and what in it can be used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from emofuse.core import InputError, Outcome, Track
from emofuse.core.outcome import NoSignal, TooShort

from .montage import wanted
from .quality import MISSING, channel_states


@dataclass(frozen=True)
class Marker:
    """An event that the file names, in seconds from the recording's start."""

    seconds: float
    name: str


@dataclass(frozen=True)
class EegRecording:
    """`track` holds (T, C) microvolts; a value that is not known is NaN, and its row is masked
    where that holds for every usable channel.

    `states` says for each of `channels` why it cannot be used ("missing", "flat",
    "not a number", "saturated"), or "" for a good one. `notes` tell what was taken on trust.
    """

    track: Track
    channels: tuple[str, ...]
    states: tuple[str, ...]
    markers: tuple[Marker, ...] = ()
    source: str = ""
    notes: tuple[str, ...] = ()

    @property
    def rate_hz(self) -> float:
        return float(self.track.rate_hz)

    @property
    def duration_seconds(self) -> float:
        return len(self.track) / self.rate_hz

    @property
    def channel_mask(self) -> np.ndarray:
        """(C,) True where the channel can be used."""
        return np.array([not state for state in self.states], bool)

    @property
    def bad(self) -> dict[str, str]:
        """Channel -> why it cannot be used."""
        return {n: why for n, why in zip(self.channels, self.states, strict=True) if why}

    def outcome(self, *, window_seconds: float) -> Outcome | None:
        """Why nothing can be read from this: `NoSignal`, `TooShort`; None when something can."""
        if not self.channel_mask.any() or not self.track.mask.any():
            detail = "; ".join(f"{name} is {why}" for name, why in list(self.bad.items())[:4])
            return NoSignal("eeg", 0.0, self.duration_seconds, detail=detail)
        if self.duration_seconds < window_seconds - 1e-9:
            detail = f"{self.duration_seconds:.2f} s, a window is {window_seconds:g} s"
            return TooShort("eeg", 0.0, self.duration_seconds, detail=detail)
        return None

    def pick(self, picks: str | Sequence[str]) -> EegRecording:
        """The electrodes of `picks` in its order; absent ones are NaN and "missing"."""
        names = wanted(self.source, self.channels, picks)
        values = np.full((len(self.track), len(names)), np.nan, self.track.values.dtype)
        states = [MISSING] * len(names)
        for column, name in enumerate(names):
            if name in self.channels:
                at = self.channels.index(name)
                values[:, column] = self.track.values[:, at]
                states[column] = self.states[at]
        return replace(
            self, track=replace(self.track, values=values), channels=names, states=tuple(states)
        )

    def seconds_of(self, marker: str) -> float:
        """When the first marker of that name is; `InputError` lists those there are."""
        for found in self.markers:
            if found.name == marker:
                return found.seconds
        names = sorted({found.name for found in self.markers})
        raise InputError(
            self.source, f"no marker {marker!r}", f"it has {', '.join(names[:8]) or 'none'}"
        )


def make_recording(
    values: np.ndarray,
    *,
    rate_hz: float,
    channels: Sequence[str],
    markers: Sequence[Marker] = (),
    present: np.ndarray | None = None,
    source: str = "",
    notes: Sequence[str] = (),
) -> EegRecording:
    """A recording from microvolts (T, C), its bad channels found and its missing rows masked.

    `present` (T,) is False where nothing was received.
    """
    values = np.asarray(values, float)
    finite = np.isfinite(values).any(1)
    mask = finite if present is None else finite & present
    return EegRecording(
        Track(values, rate_hz=rate_hz, mask=mask, unit="uV", provenance=source),
        tuple(channels),
        channel_states(values[mask]),
        tuple(markers),
        source,
        tuple(notes),
    )
