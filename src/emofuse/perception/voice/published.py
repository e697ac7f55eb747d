"""Front ends of published systems: fixed excerpts, mel decibels, MFCC and bare samples.

They were written for 22 to 48 kHz. `source_rate` is the rate of the samples that come in; they are
resampled to the recipe's `sample_rate`, which adds no bandwidth that is not there.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import soxr

from .level import as_samples
from .mel import MelOptions, mel_spectrogram, mfcc, power_to_db

Place = Literal["start", "centre"]
Layout = Literal["time", "bands", "image", "contour"]


def excerpt(
    samples: np.ndarray, *, sample_rate: int, seconds: float, place: Place = "start"
) -> np.ndarray:
    """Exactly `seconds` of mono samples; shorter sound is padded with zeros.

    "start" takes the beginning and pads the end, "centre" the middle and pads both ends.
    """
    length = round(seconds * sample_rate)
    spare = len(samples) - length
    if spare >= 0:
        first = spare // 2 if place == "centre" else 0
        return samples[first : first + length]
    before = -spare // 2 if place == "centre" else 0
    return np.pad(samples, (before, -spare - before))


def mel_decibels(
    samples: np.ndarray,
    *,
    sample_rate: int = 48_000,
    source_rate: int | None = None,
    seconds: float | None = None,
    place: Place = "start",
    layout: Layout = "time",
    ref: float | Literal["max"] = 1.0,
    top_db: float = 80.0,
    **options,
) -> np.ndarray:
    """Mel power in decibels, float32. `options` are further fields of `MelOptions`.

    `layout` "time" is (T, n_mels), "bands" (n_mels, T), "image" (1, n_mels, T), "contour" (T,)
    the mean over bands.
    """
    samples = _at_rate(samples, sample_rate=sample_rate, source_rate=source_rate)
    if seconds is not None:
        samples = excerpt(samples, sample_rate=sample_rate, seconds=seconds, place=place)
    power = mel_spectrogram(samples, MelOptions(sample_rate, **options))
    decibels = power_to_db(power, ref=ref, top_db=top_db)
    if layout == "contour":
        return decibels.mean(1)
    if layout == "time":
        return decibels
    bands = np.ascontiguousarray(decibels.T)
    return bands if layout == "bands" else bands[None]


def mfcc_steps(
    samples: np.ndarray,
    *,
    sample_rate: int = 22_050,
    source_rate: int | None = None,
    seconds: float | None = None,
    place: Place = "start",
    n_mfcc: int = 10,
    layout: Layout = "time",
    **options,
) -> np.ndarray:
    """MFCC, float32: `layout` "time" is (T, n_mfcc), "image" (n_mfcc, T)."""
    samples = _at_rate(samples, sample_rate=sample_rate, source_rate=source_rate)
    if seconds is not None:
        samples = excerpt(samples, sample_rate=sample_rate, seconds=seconds, place=place)
    steps = mfcc(samples, MelOptions(sample_rate, **options), n_mfcc=n_mfcc)
    return steps if layout == "time" else np.ascontiguousarray(steps.T)


def waveform(
    samples: np.ndarray,
    *,
    sample_rate: int = 16_000,
    source_rate: int | None = None,
    seconds: float | None = None,
    place: Place = "start",
    normalise: bool = True,
) -> np.ndarray:
    """(n,) float32 samples; `normalise` gives the clip zero mean and unit variance."""
    samples = _at_rate(samples, sample_rate=sample_rate, source_rate=source_rate)
    if seconds is not None:
        samples = excerpt(samples, sample_rate=sample_rate, seconds=seconds, place=place)
    if not normalise or not len(samples):
        return samples
    # The constant is that of the published feature extractor: silence stays silence.
    return (samples - samples.mean()) / np.sqrt(samples.var() + np.float32(1e-7))


def _at_rate(samples: np.ndarray, *, sample_rate: int, source_rate: int | None) -> np.ndarray:
    samples = as_samples(samples)
    if source_rate in (None, sample_rate) or not len(samples):
        return samples
    return soxr.resample(samples, source_rate, sample_rate).astype(np.float32, copy=False)
