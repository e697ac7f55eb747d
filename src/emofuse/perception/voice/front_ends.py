"""The front ends a bundle may name: samples in, what the network is fed out."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from .level import normalise_level
from .mel import log_mel
from .periodicity import periodicity
from .published import mel_decibels, mfcc_steps, waveform


def log_mel_input(
    samples: np.ndarray,
    *,
    level_db: float | None = None,
    mean: float | Sequence[float] = 0.0,
    std: float | Sequence[float] = 1.0,
    **options: float,
) -> np.ndarray:
    """(T, n_mels) float32: `(log_mel(samples, **options) - mean) / std`.

    `mean` and `std` are fixed numbers of the training data, one for all or one a band, so that a
    window's input does not depend on what surrounds it. `level_db` first brings the window's
    speech to one level (`normalise_level`): loud and quiet recordings then give equal input.
    """
    if level_db is not None:
        samples = normalise_level(samples, level_db=level_db)
    features = log_mel(samples, **options)
    features -= np.asarray(mean, np.float32)
    features /= np.asarray(std, np.float32)
    return features


def mel_and_melody(
    samples: np.ndarray,
    *,
    level_db: float | None = None,
    hop_seconds: float = 0.01,
    n_pitches: int = 48,
    lowest_hz: float = 60.0,
    highest_hz: float = 520.0,
    **options: float,
) -> np.ndarray:
    """(T, n_mels + n_pitches) float32: `log_mel_input`, then `periodicity` of the same frames.

    The pitches lie between `lowest_hz` and `highest_hz`; `options` are for `log_mel`.
    """
    if level_db is not None:
        samples = normalise_level(samples, level_db=level_db)
    mel = log_mel_input(samples, hop_seconds=hop_seconds, **options)
    melody = periodicity(
        samples, hop_seconds=hop_seconds, n_pitches=n_pitches, fmin=lowest_hz, fmax=highest_hz
    )
    return np.concatenate([mel, melody], axis=1)


FRONT_ENDS: dict[str, Callable[..., np.ndarray]] = {
    "log_mel": log_mel_input,
    "mel_and_melody": mel_and_melody,
    "mel_decibels": mel_decibels,
    "mfcc": mfcc_steps,
    "waveform": waveform,
}
