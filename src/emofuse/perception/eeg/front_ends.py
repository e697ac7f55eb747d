"""The front ends a bundle may name: a stretch of EEG in, what the network is fed out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from .bands import Edges, published_filter, resampled, zero_phase
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
        received = self.window[np.isfinite(self.window).any(1)]
        good = dict(zip(self.channels, channel_states(received), strict=True))
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
    edges = tuple(tuple(band) for band in bands)
    signal, usable = _electrodes(stretch, channels)
    inside = slice(stretch.first, stretch.last)
    if published:
        filtered = published_filter(signal[:, inside], bands=edges)
    else:
        filtered = zero_phase(signal, rate_hz=stretch.rate_hz, bands=edges)[..., inside]
    features = entropy(filtered.var(-1)).T
    features[~usable] = np.nan
    features = Normaliser(np.asarray(mean), np.asarray(spread))(features)
    return laid_out(features, channels, layout).astype(np.float32)


def signal_input(
    stretch: Stretch,
    *,
    channels: Sequence[str],
    band: tuple[float, float],
    sample_rate: float,
    spread: float,
) -> np.ndarray:
    """(C, T) of the window at `sample_rate`, cut to `band` Hz and divided by `spread` µV.

    An electrode that is missing or bad is silent.
    """
    signal, usable = _electrodes(stretch, channels)
    (filtered,) = zero_phase(signal, rate_hz=stretch.rate_hz, bands=(tuple(band),))
    filtered[~usable] = 0.0
    window = filtered[:, stretch.first : stretch.last]
    found = resampled(window, rate_hz=stretch.rate_hz, to_hz=sample_rate)
    return (found / spread).astype(np.float32)


def laid_out(features: np.ndarray, channels: Sequence[str], layout: str) -> np.ndarray:
    """(..., C, B) features as a network takes them: "grid" (..., B, 9, 9), "flat" (..., C * B)."""
    if layout == "grid":
        return grid(features, channels)
    return features.reshape(*features.shape[:-2], -1)


def _electrodes(stretch: Stretch, channels: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """(C, n) samples of the electrodes `channels`, zeros where unusable, and (C,) usable."""
    usable = stretch.usable(channels)
    signal = np.zeros((len(channels), len(stretch.samples)))
    for row, name in enumerate(channels):
        if usable[row]:
            signal[row] = stretch.samples[:, stretch.channels.index(name)]
    return np.ascontiguousarray(bridge(signal.T).T), usable


FRONT_ENDS: dict[str, Callable[..., np.ndarray]] = {
    "differential_entropy": differential_entropy_input,
    "eeg_signal": signal_input,
}
