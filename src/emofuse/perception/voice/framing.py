"""Cutting samples into overlapping frames without copying them."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

# Frames transformed at once: they fit the processor's cache, and an hour of sound fits memory.
BLOCK = 256


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
