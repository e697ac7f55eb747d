"""Frequency bands, and the filters that cut them out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import lru_cache

import numpy as np
from scipy.signal import butter, resample_poly, sosfilt, sosfiltfilt

from emofuse.core import InputError

# Those of the published cascade (torcheeg's BandDifferentialEntropy) and, with delta, of SEED-IV.
DELTA = (1.0, 4.0)
BANDS: Mapping[str, tuple[float, float]] = {
    "theta": (4.0, 8.0),
    "alpha": (8.0, 14.0),
    "beta": (14.0, 31.0),
    "gamma": (31.0, 49.0),
}
Edges = Sequence[tuple[float, float]]
FOUR_BANDS: Edges = tuple(BANDS.values())
ZERO_PHASE_ORDER = 4  # each way, so 8 in all
PUBLISHED_ORDER = 5
# What the published filters were designed for, whatever the data's own rate (200 Hz in SEED-IV):
# their bands then lie at 6.25-12.5, 12.5-21.9, 21.9-48.4 and 48.4-76.6 Hz.
PUBLISHED_RATE_HZ = 128.0
# What a zero-phase filter needs on both sides of a window (mirrored at the ends of a trial): within
# it the response of the slowest band has died away.
CONTEXT_SECONDS = 1.0


@lru_cache(maxsize=256)
def _sections(low: float, high: float, order: int, rate_hz: float) -> np.ndarray:
    return butter(order, (low, high), btype="bandpass", fs=rate_hz, output="sos")


def zero_phase(values: np.ndarray, *, rate_hz: float, bands: Edges) -> np.ndarray:
    """(B, C, T) of a whole trial (C, T): each band by a Butterworth filter run both ways.

    Nothing is delayed, and no window starts with a transient. Both ends are mirrored. Raises
    `InputError` when a band lies above half the sampling rate.
    """
    require_rate(rate_hz, bands)
    padding = min(values.shape[-1] - 1, round(CONTEXT_SECONDS * rate_hz))
    return np.stack(
        [
            sosfiltfilt(_sections(*band, ZERO_PHASE_ORDER, rate_hz), values, padlen=padding)
            for band in bands
        ]
    )


def published_filter(chunk: np.ndarray, *, bands: Edges) -> np.ndarray:
    """(B, ..., T) of one chunk as published: order 5, causal, from rest, for 128 Hz data.

    Every chunk starts with the filter's own transient, and on 200 Hz data the bands are not those
    that their names say. Kept so that published numbers can be understood.
    """
    return np.stack(
        [sosfilt(_sections(*band, PUBLISHED_ORDER, PUBLISHED_RATE_HZ), chunk) for band in bands]
    )


def resampled(values: np.ndarray, *, rate_hz: float, to_hz: float) -> np.ndarray:
    """(..., T) at another rate; the time axis is the last."""
    ratio = Fraction(to_hz / rate_hz).limit_denominator(1000)
    if ratio == 1:
        return values
    return resample_poly(values, ratio.numerator, ratio.denominator, axis=-1)


def require_rate(rate_hz: float, bands: Edges) -> None:
    """`InputError` unless every band lies below half of `rate_hz`."""
    top = max(high for _, high in bands)
    if rate_hz <= 2 * top:
        raise InputError(
            "EEG",
            f"sampled at {rate_hz:g} Hz, a band up to {top:g} Hz needs more than {2 * top:g} Hz",
            "leave that band out or record faster",
        )
