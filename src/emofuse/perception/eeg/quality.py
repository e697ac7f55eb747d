"""Which channels cannot be used, and small holes in those that can."""

from __future__ import annotations

import numpy as np

MISSING, FLAT, NOT_A_NUMBER, SATURATED = ("missing", "flat", "not a number", "saturated")
# Below this range a channel only shows its converter's last bit: an open or shorted electrode.
FLAT_MICROVOLTS = 0.1
# More unknown samples than this cannot be bridged without inventing a rhythm.
MOST_UNKNOWN = 0.1
# A signal that lies on its own extreme this often has hit the end of the amplifier's range. A
# clean rhythm touches its highest value once.
MOST_CLIPPED = 0.05
# A plateau counts only when it is this wide: coarse converters repeat values in quiet stretches.
CLIPPED_MICROVOLTS = 100.0


def channel_states(values: np.ndarray) -> tuple[str, ...]:
    """For each channel of (T, C) microvolts why it cannot be used, or ""."""
    if not len(values):
        return (NOT_A_NUMBER,) * values.shape[1]
    finite = np.isfinite(values)
    low = np.where(finite, values, np.inf).min(0)
    high = np.where(finite, values, -np.inf).max(0)
    known = np.maximum(finite.sum(0), 1)
    with np.errstate(invalid="ignore"):
        spread = high - low
        plateau = np.maximum((values == high).sum(0), (values == low).sum(0)) / known
    states = np.full(values.shape[1], "", object)
    states[(spread >= CLIPPED_MICROVOLTS) & (plateau > MOST_CLIPPED)] = SATURATED
    states[~(spread >= FLAT_MICROVOLTS)] = FLAT
    states[finite.mean(0) < 1 - MOST_UNKNOWN] = NOT_A_NUMBER
    return tuple(states)


def bridge(values: np.ndarray) -> np.ndarray:
    """(T, C) with unknown samples drawn straight between their neighbours, for filters only.

    A filter spreads one NaN over everything after it. Channels without any value become 0; the
    caller masks them.
    """
    if np.isfinite(values).all():
        return values
    filled = values.copy()
    times = np.arange(len(values))
    for column in filled.T:
        known = np.isfinite(column)
        if not known.any():
            column[:] = 0.0
        elif not known.all():
            column[~known] = np.interp(times[~known], times[known], column[known])
    return filled
