"""Pitch and energy over time: what of the voice's melody and force can be measured directly."""

from __future__ import annotations

import numpy as np

from emofuse.core import Track

from .framing import BLOCK, frames, lagged
from .level import SILENT_DB, as_samples

# The energy that digital silence is given, so that a track holds numbers only.
QUIETEST_DB = -120.0


def energy_db(
    samples: np.ndarray,
    *,
    sample_rate: int = 16_000,
    window_seconds: float = 0.025,
    hop_seconds: float = 0.01,
    start_seconds: float = 0.0,
) -> Track:
    """RMS of each centred window in dBFS (T,), -120 at the least; T = 1 + n // hop."""
    length = 2 * round(window_seconds * sample_rate / 2)
    cut = frames(as_samples(samples), length=length, hop=round(hop_seconds * sample_rate))
    power = np.einsum("ij,ij->i", cut, cut) / length
    values = 10 * np.log10(np.maximum(power, 10 ** (QUIETEST_DB / 10)))
    return Track(
        values.astype(np.float32),
        start_seconds=start_seconds,
        rate_hz=sample_rate / round(hop_seconds * sample_rate),
        unit="dBFS",
        provenance=f"rms {window_seconds} s",
    )


def pitch(
    samples: np.ndarray,
    *,
    sample_rate: int = 16_000,
    fmin: float = 60.0,
    fmax: float = 500.0,
    window_seconds: float = 0.04,
    hop_seconds: float = 0.01,
    threshold: float = 0.3,
    start_seconds: float = 0.0,
) -> Track:
    """Fundamental frequency in Hz (T,), masked and NaN where the sound has none.

    YIN (de Cheveigné & Kawahara, 2002, J. Acoust. Soc. Am. 111, 1917-1930), steps 1 to 5: the
    first period in 1/fmax..1/fmin whose normalised difference falls under `threshold`. On
    16 RAVDESS clips, 0.3 finds 62 % of the frames that pYIN calls voiced, 94 % of what it finds is
    voiced for pYIN too, and 1.4 % of those differ by more than a fifth; noise has no pitch. Values
    lie on the same clock as `log_mel` rows. Whether a pitch is a voice's is for `VoiceActivity`.
    """
    if not 0 < fmin < fmax < sample_rate / 2:
        raise ValueError(f"needs 0 < fmin < fmax < {sample_rate / 2} Hz, got {fmin}, {fmax}")
    hop, window = round(hop_seconds * sample_rate), round(window_seconds * sample_rate)
    shortest, longest = int(sample_rate / fmax), int(np.ceil(sample_rate / fmin)) + 1
    length = 2 * ((window + longest + 1) // 2)
    cut = frames(as_samples(samples), length=length, hop=hop)
    found = np.full(len(cut), np.nan, np.float32)
    for start in range(0, len(cut), BLOCK):
        block = slice(start, start + BLOCK)
        difference = _normalised_difference(cut[block], window, longest)
        found[block] = sample_rate / _first_dip(difference, shortest, threshold)
    with np.errstate(invalid="ignore"):
        found[(found < fmin) | (found > fmax)] = np.nan
    return Track(
        found,
        start_seconds=start_seconds,
        rate_hz=sample_rate / hop,
        mask=np.isfinite(found),
        unit="Hz",
        provenance=f"yin {fmin:g}-{fmax:g} Hz",
    )


def _normalised_difference(cut: np.ndarray, window: int, longest: int) -> np.ndarray:
    """(T, longest + 1) YIN's cumulative mean normalised difference; 1 in frames of silence."""
    product, shifted = lagged(cut, window, longest)
    difference = np.maximum(shifted[:, :1] + shifted - 2 * product, 0)
    mean = np.cumsum(difference[:, 1:], axis=1) / np.arange(1, longest + 1)
    normalised = np.ones_like(difference)
    audible = shifted[:, 0] / window > 10 ** (SILENT_DB / 10)
    np.divide(difference[:, 1:], mean, out=normalised[:, 1:], where=(mean > 0) & audible[:, None])
    return normalised


def _first_dip(difference: np.ndarray, shortest: int, threshold: float) -> np.ndarray:
    """(T,) period in samples with parabolic interpolation, NaN where nothing dips so low."""
    before, here, after = difference[:, :-2], difference[:, 1:-1], difference[:, 2:]
    dips = (here < threshold) & (here <= before) & (here < after)
    dips[:, : shortest - 1] = False
    rows, first = np.arange(len(dips)), dips.argmax(1)
    left, middle, right = (part[rows, first] for part in (before, here, after))
    bend = left - 2 * middle + right
    shift = np.divide(left - right, 2 * bend, out=np.zeros_like(bend), where=bend > 0)
    return np.where(dips.any(1), first + 1 + shift, np.nan)
