"""`Raw`: what a file says, before anything is judged."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .recording import Marker


@dataclass(frozen=True)
class Raw:
    """`values` (T, C) in `units` (one a channel; empty where the file does not say).

    `names` and `rate_hz` are empty and None where the file does not tell them. `present` (T,) is
    False where samples were lost.
    """

    values: np.ndarray
    rate_hz: float | None
    names: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    markers: tuple[Marker, ...] = ()
    present: np.ndarray | None = None
    notes: tuple[str, ...] = ()
