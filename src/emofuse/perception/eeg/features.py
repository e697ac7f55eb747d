"""What a window of EEG says: differential entropy, band power, asymmetry, the 9×9 grid."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from emofuse.core import Track

from .bands import FOUR_BANDS, Edges, published_filter, zero_phase
from .montage import GRID, GRID_SIZE, pairs
from .quality import bridge
from .recording import EegRecording

WINDOW_SECONDS = 4.0  # as SEED-IV and the published cascade cut
# Variance of a channel that shows nothing; far below any converter's noise.
FLOOR = 1e-12


def band_variance(
    values: np.ndarray,
    *,
    rate_hz: float,
    window_seconds: float = WINDOW_SECONDS,
    hop_seconds: float | None = None,
    bands: Edges = FOUR_BANDS,
    published: bool = False,
) -> np.ndarray:
    """(W, C, B) variances in µV² of one trial (T, C), a window after the other.

    The trial is filtered as a whole and then cut; what does not fill a window is left out. With
    `published` it is cut first and every chunk filtered for itself, with the published defects
    (see `published_filter`). NaN where a channel holds none but unknown values.
    """
    length = round(window_seconds * rate_hz)
    step = length if hop_seconds is None else round(hop_seconds * rate_hz)
    count = max(0, (len(values) - length) // step + 1)
    if not count:
        return np.zeros((0, values.shape[1], len(bands)))
    signal = np.ascontiguousarray(bridge(values).T)
    if published:
        filtered = published_filter(_cut(signal, length, step), bands=bands)
    else:
        filtered = _cut(zero_phase(signal, rate_hz=rate_hz, bands=bands), length, step)
    variance = filtered.var(-1).transpose(2, 1, 0)
    variance[:, ~np.isfinite(values).any(0)] = np.nan
    return variance


def _cut(signal: np.ndarray, length: int, step: int) -> np.ndarray:
    """(..., T) to (..., W, length) without copying."""
    return np.lib.stride_tricks.sliding_window_view(signal, length, axis=-1)[..., ::step, :]


def entropy(variance: np.ndarray) -> np.ndarray:
    """Differential entropy in bits of a Gaussian of that variance: ½ log2(2πe σ²).

    Shi, Jiao & Lu (2013), "Differential entropy feature for EEG-based vigilance estimation".
    """
    return 0.5 * np.log2(2 * np.pi * np.e * np.maximum(variance, FLOOR))


def differential_entropy(values: np.ndarray, *, rate_hz: float, **windows) -> np.ndarray:
    """(W, C, B) differential entropy in bits of one trial (T, C); see `band_variance`."""
    return entropy(band_variance(values, rate_hz=rate_hz, **windows))


def asymmetry(features: np.ndarray, channels: Sequence[str]) -> np.ndarray:
    """(..., P, B) left minus right of (..., C, B) features, for the pairs of mirrored electrodes.

    Of differential entropy that is half the binary logarithm of the ratio of powers (DASM).
    """
    mirrored = np.array(pairs(channels), int).reshape(-1, 2)
    return features[..., mirrored[:, 0], :] - features[..., mirrored[:, 1], :]


def grid(features: np.ndarray, channels: Sequence[str]) -> np.ndarray:
    """(..., B, 9, 9) pictures of (..., C, B) features; cells without an electrode are 0.

    Electrodes that the published grid does not know have no cell and are left out.
    """
    placed = [(column, *GRID[name]) for column, name in enumerate(channels) if name in GRID]
    columns, rows, across = np.array(placed, int).reshape(-1, 3).T
    picture = np.zeros((*features.shape[:-2], features.shape[-1], *GRID_SIZE), features.dtype)
    picture[..., rows, across] = np.swapaxes(features[..., columns, :], -1, -2)
    return picture


def window_features(
    recording: EegRecording, *, kind: str = "differential_entropy", **windows
) -> Track:
    """(W, C, B) features of a whole recording, one row a window, at the windows' start times.

    `kind` is "differential_entropy" or "power" (µV²). Bad channels are NaN; a window is masked
    where fewer than half of its samples are known. No window where the recording is too short:
    see `EegRecording.outcome`. `windows` are those of `band_variance`.
    """
    if kind not in ("differential_entropy", "power"):
        raise ValueError(f"kind must be differential_entropy or power, got {kind!r}")
    values = np.where(recording.channel_mask, recording.track.values, np.nan)
    variance = band_variance(values, rate_hz=recording.rate_hz, **windows)
    length = round(windows.get("window_seconds", WINDOW_SECONDS) * recording.rate_hz)
    hop = windows.get("hop_seconds")
    step = length if hop is None else round(hop * recording.rate_hz)
    starts = np.arange(len(variance)) * step
    known = [recording.track.mask[start : start + length].mean() >= 0.5 for start in starts]
    return Track(
        entropy(variance) if kind == "differential_entropy" else variance,
        timestamps=starts / recording.rate_hz,
        mask=np.array(known, bool),
        unit="bit" if kind == "differential_entropy" else "uV2",
        provenance=recording.source,
    )
