"""Time-stamped samples on an even grid, what was lost in between masked."""

from __future__ import annotations

import numpy as np

# A step longer than this many samples is a gap; shorter ones are jitter of the sender's clock.
GAP_SAMPLES = 3.0


def on_a_grid(
    values: np.ndarray, stamps: np.ndarray, *, rate_hz: float
) -> tuple[np.ndarray, np.ndarray]:
    """(T, C) at an even `rate_hz` from the first stamp, and (T,) which rows were received.

    Inside a stretch without gaps samples keep their order and count, because senders sample
    evenly and stamp unevenly. A gap moves what follows to its place; the hole is NaN.
    """
    values, stamps = np.asarray(values, float), np.asarray(stamps, float)
    breaks = np.flatnonzero(np.diff(stamps) > GAP_SAMPLES / rate_hz) + 1
    pieces = np.split(np.arange(len(stamps)), breaks)
    firsts: list[int] = []
    for piece in pieces:
        planned = round((stamps[piece[0]] - stamps[0]) * rate_hz)
        after = firsts[-1] + len(pieces[len(firsts) - 1]) if firsts else 0
        firsts.append(max(planned, after))
    length = firsts[-1] + len(pieces[-1])
    grid = np.full((length, values.shape[1]), np.nan)
    received = np.zeros(length, bool)
    for first, piece in zip(firsts, pieces, strict=True):
        grid[first : first + len(piece)] = values[piece]
        received[first : first + len(piece)] = True
    return grid, received
