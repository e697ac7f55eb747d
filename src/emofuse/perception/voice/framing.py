"""Cutting samples into overlapping frames without copying them, and frames against themselves."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy.fft import irfft, next_fast_len, rfft

# Frames transformed at once: they fit the processor's cache, and an hour of sound fits memory.
BLOCK = 256


def lagged(cut: np.ndarray, window: int, longest: int) -> tuple[np.ndarray, np.ndarray]:
    """Each frame's first `window` samples against itself 0…`longest` samples later.

    Two (T, longest + 1): the sums of products, and the energy of the later samples. Frames (T, n)
    hold at least `window` + `longest` samples.
    """
    size = next_fast_len(cut.shape[1], real=True)
    spectrum = rfft(cut, size) * np.conj(rfft(cut[:, :window], size))
    product = irfft(spectrum, size)[:, : longest + 1]
    energy = np.cumsum(np.square(cut, dtype=float), axis=1)
    later = energy[:, window - 1 : window + longest].copy()
    later[:, 1:] -= energy[:, :longest]
    return product, later


def frames(
    samples: np.ndarray,
    *,
    length: int,
    hop: int,
    centred: bool = True,
    pad_mode: Literal["constant", "reflect"] = "constant",
) -> np.ndarray:
    """(T, length) read-only view; row i starts at sample i * hop, or is centred there.

    `centred` pads both ends by length // 2 ("constant": zeros). A tail that does not fill a frame
    is left out; no samples give no frames.
    """
    if centred and len(samples):
        samples = np.pad(samples, length // 2, mode=pad_mode)
    if len(samples) < length:
        return np.empty((0, length), samples.dtype)
    return sliding_window_view(samples, length)[::hop]
