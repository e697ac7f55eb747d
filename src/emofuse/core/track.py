"""`Track`: an array with its clock, mask, unit and provenance."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Track:
    """Values (T, ...) on a clock: either `rate_hz` from `start_seconds`, or `timestamps` (T,).

    `mask` (T,) is True where a value is present. A missing value is a False mask, never a zero.

    >>> track = Track(np.arange(4.0), rate_hz=2.0, unit="dB")
    >>> track.between(0.5, 1.5).values.tolist()
    [1.0, 2.0]
    """

    values: np.ndarray
    start_seconds: float = 0.0
    rate_hz: float | None = None
    timestamps: np.ndarray | None = None
    mask: np.ndarray = field(default=None)  # type: ignore[assignment]
    unit: str = ""
    provenance: str = ""

    def __post_init__(self) -> None:
        values = np.asarray(self.values)
        object.__setattr__(self, "values", values)
        if (self.rate_hz is None) == (self.timestamps is None):
            raise ValueError("a Track needs exactly one of rate_hz and timestamps")
        if self.rate_hz is not None and not self.rate_hz > 0:
            raise ValueError(f"rate_hz must be positive, got {self.rate_hz}")
        if self.timestamps is not None:
            stamps = np.asarray(self.timestamps, dtype=float)
            if stamps.shape != values.shape[:1] or np.any(np.diff(stamps) < 0):
                raise ValueError("timestamps must be one per value and must not decrease")
            object.__setattr__(self, "timestamps", stamps)
        mask = np.ones(len(values), bool) if self.mask is None else np.asarray(self.mask, bool)
        if mask.shape != values.shape[:1]:
            raise ValueError(f"mask {mask.shape} does not fit values {values.shape}")
        object.__setattr__(self, "mask", mask)

    def __len__(self) -> int:
        return len(self.values)

    @property
    def times(self) -> np.ndarray:
        """Seconds of each value (T,)."""
        if self.timestamps is not None:
            return self.timestamps
        return self.start_seconds + np.arange(len(self)) / self.rate_hz

    def between(self, start_seconds: float, end_seconds: float) -> Track:
        """The part with start <= time < end."""
        first, last = np.searchsorted(self.times, [start_seconds - 1e-9, end_seconds - 1e-9])
        return Track(
            self.values[first:last],
            start_seconds=float(self.times[first]) if first < last else start_seconds,
            rate_hz=self.rate_hz,
            timestamps=None if self.timestamps is None else self.timestamps[first:last],
            mask=self.mask[first:last],
            unit=self.unit,
            provenance=self.provenance,
        )

    @property
    def coverage(self) -> float:
        """Share of values that are present; 0 for an empty track."""
        return float(self.mask.mean()) if len(self) else 0.0
