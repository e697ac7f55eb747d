"""The front ends a bundle may name: a stretch of EEG in, what the network is fed out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from .bands import Edges, published_filter, zero_phase
from .features import entropy, grid
from .normalise import Normaliser
from .quality import bridge, channel_states


@dataclass(frozen=True)
class Stretch:
    """Samples (n, C) in µV of some seconds around a window, on which `channels` they were.

    The window is samples `first` to `last`; what surrounds it lets filters settle. NaN is unknown.
    """

    samples: np.ndarray
    channels: tuple[str, ...]
    rate_hz: float
    first: int
    last: int

    @property
    def window(self) -> np.ndarray:
        return self.samples[self.first : self.last]

    def usable(self, channels: Sequence[str]) -> np.ndarray:
        """(len(channels),) True where that electrode is there and shows something."""
        good = dict(zip(self.channels, channel_states(self.window), strict=True))
        return np.array([good.get(name, "missing") == "" for name in channels], bool)


def differential_entropy_input(
    stretch: Stretch,
    *,
    channels: Sequence[str],
    bands: Edges,
    mean: Sequence[Sequence[float]],
    spread: Sequence[Sequence[float]],
    layout: str = "grid",
    published: bool = False,
) -> np.ndarray:
    """Normalised differential entropy of the window: (B, 9, 9), or (C * B,) with layout "flat".

    `channels` are the model's electrodes; `mean` and `spread` (C, B) those of its training
    windows. An electrode that is missing or bad counts as its training mean.
    """
    signal = np.full((len(channels), len(stretch.samples)), np.nan)
    usable = stretch.usable(channels)
    for row, name in enumerate(channels):
        if usable[row]:
            signal[row] = stretch.samples[:, stretch.channels.index(name)]
    filled = np.ascontiguousarray(bridge(signal.T).T)
    inside = slice(stretch.first, stretch.last)
    edges = tuple(tuple(band) for band in bands)
    if published:
        filtered = published_filter(filled[:, inside], bands=edges)
    else:
        filtered = zero_phase(filled, rate_hz=stretch.rate_hz, bands=edges)[..., inside]
    features = entropy(filtered.var(-1)).T
    features[~usable] = np.nan
    features = Normaliser(np.asarray(mean), np.asarray(spread))(features)
    picture = grid(features, channels) if layout == "grid" else features.reshape(-1)
    return picture.astype(np.float32)


FRONT_ENDS: dict[str, Callable[..., np.ndarray]] = {
    "differential_entropy": differential_entropy_input
}
