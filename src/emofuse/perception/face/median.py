"""A person's usual face so far: a running median in bounded memory."""

from __future__ import annotations

import numpy as np


class RunningMedian:
    """Median of all vectors so far, from at most `capacity` of them spread evenly over time.

    Every `step`-th vector is kept; when the store is full, each second one is dropped and `step`
    doubles. So the result depends on the values alone (not on how the file was cut into chunks),
    is exact for the first `capacity` vectors, and costs the same in the third hour.
    """

    def __init__(self, *, capacity: int = 128):
        self.capacity = capacity
        self._step = 1
        self._seen = 0
        self._kept: np.ndarray | None = None
        self._count = 0

    def update(self, values: np.ndarray) -> np.ndarray:
        """Take in `values` (G,) and give the median of everything so far, these included."""
        if self._kept is None:
            self._kept = np.empty((self.capacity, len(values)), values.dtype)
        if self._seen % self._step == 0 and self._count == self.capacity:
            self._count = (self.capacity + 1) // 2
            self._kept[: self._count] = self._kept[::2].copy()
            self._step *= 2
        if self._seen % self._step == 0:
            self._kept[self._count] = values
            self._count += 1
            self._median = _median_of_rows(self._kept[: self._count])
        self._seen += 1
        return self._median


def _median_of_rows(rows: np.ndarray) -> np.ndarray:
    """`np.median(rows, axis=0)` without its NaN handling, which costs more than the sorting."""
    ordered = np.sort(rows, axis=0)
    return (ordered[(len(rows) - 1) // 2] + ordered[len(rows) // 2]) / 2
