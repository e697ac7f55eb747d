"""Periodicity: how well the sound repeats itself at each pitch, a picture of the melody.

A log-mel picture of 48 bands blurs the harmonics of low voices; here every pitch has its place,
with no decision which of them is the voice's.
"""

from __future__ import annotations

import numpy as np

from .framing import BLOCK, frames, lagged
from .level import as_samples

# Frames quieter than this repeat nothing that a listener would hear.
QUIET_DB = -60.0


def pitch_grid(n_pitches: int, fmin: float, fmax: float) -> np.ndarray:
    """(n_pitches,) Hz, equal steps of pitch from `fmin` to `fmax`."""
    return np.geomspace(fmin, fmax, n_pitches)


def periodicity(
    samples: np.ndarray,
    *,
    sample_rate: int = 16_000,
    n_pitches: int = 48,
    fmin: float = 60.0,
    fmax: float = 520.0,
    window_seconds: float = 0.04,
    hop_seconds: float = 0.01,
) -> np.ndarray:
    """(T, n_pitches) float32 correlation, -1..1, of the sound with itself one period later.

    Column p belongs to `pitch_grid(...)[p]`; T = 1 + n // hop, rows on the clock of `log_mel`.
    Normalised cross-correlation (Talkin 1995, "A robust algorithm for pitch tracking"), read
    linearly between whole samples. Loudness does not change it; silence has 0.
    """
    hop, window = round(hop_seconds * sample_rate), round(window_seconds * sample_rate)
    periods = sample_rate / pitch_grid(n_pitches, fmin, fmax)
    longest = int(periods.max()) + 2
    before = periods.astype(int)
    after = (periods - before).astype(np.float32)
    cut = frames(as_samples(samples), length=2 * ((window + longest + 1) // 2), hop=hop)
    found = np.empty((len(cut), n_pitches), np.float32)
    for start in range(0, len(cut), BLOCK):
        lags = _correlation(cut[start : start + BLOCK], window, longest)
        found[start : start + BLOCK] = lags[:, before] * (1 - after) + lags[:, before + 1] * after
    return found


def _correlation(cut: np.ndarray, window: int, longest: int) -> np.ndarray:
    """(T, longest + 1) correlation of each frame's first `window` samples with later ones."""
    product, later = lagged(cut - cut.mean(1, keepdims=True), window, longest)
    quiet = (window * 10 ** (QUIET_DB / 10)) ** 2
    return product / np.sqrt(np.maximum(later[:, :1] * later, 0) + quiet)
