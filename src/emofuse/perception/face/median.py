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
        self._kept: list[np.ndarray] = []
        self._median: np.ndarray | None = None

    def update(self, values: np.ndarray) -> np.ndarray:
        """Take in `values` (G,) and give the median of everything so far, these included."""
        if self._seen % self._step == 0:
            if len(self._kept) == self.capacity:
                self._kept = self._kept[::2]
                self._step *= 2
            if self._seen % self._step == 0:
                self._kept.append(values)
                self._median = np.median(np.stack(self._kept), axis=0).astype(values.dtype)
        self._seen += 1
        return self._median
