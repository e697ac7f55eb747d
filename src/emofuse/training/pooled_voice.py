"""A recording as one row of numbers: pooled spectrum and prosody, for the classic models."""

from __future__ import annotations

import numpy as np

from emofuse.perception.voice import MelOptions, log_mel, mfcc, pitch

# A frame counts as sounding when its level is in this upper share of the clip's own range.
SOUNDING_SHARE = 0.35
_PERCENTILES = (5, 25, 50, 75, 95)


def pooled_voice(samples: np.ndarray, *, sample_rate: int = 16_000) -> np.ndarray:
    """(602,) statistics of mono samples (n,): 20 MFCC, 64 log-mel bands, pitch, level, length.

    Each MFCC and band gives mean, spread, three percentiles and two measures of its change over
    the sounding frames; pitch is on a logarithmic scale, 0 where nothing is voiced.
    """
    bands = log_mel(samples, sample_rate=sample_rate)
    cepstrum = mfcc(samples, MelOptions(sample_rate=sample_rate), n_mfcc=20)
    level = bands.mean(1)
    sounding = level >= level.max() - SOUNDING_SHARE * np.ptp(level)
    track = pitch(samples, sample_rate=sample_rate, hop_seconds=0.02)
    melody = np.log(track.values[track.mask])
    return np.concatenate(
        [
            _statistics(cepstrum[sounding]),
            _statistics(bands[sounding]),
            _melody(melody),
            [track.coverage, sounding.mean(), sounding.sum(), level.max(), level.std()],
            [len(samples) / sample_rate],
        ]
    )


def _statistics(frames: np.ndarray) -> np.ndarray:
    """(7 * D,) of (T, D) frames."""
    change = np.diff(frames, axis=0) if len(frames) > 1 else np.zeros_like(frames)
    quantiles = np.percentile(frames, (10, 50, 90), axis=0)
    return np.concatenate(
        [frames.mean(0), frames.std(0), *quantiles, change.std(0), np.abs(change).mean(0)]
    )


def _melody(log_hz: np.ndarray) -> np.ndarray:
    """(8,) mean, spread, percentiles and mean step of the voiced frames' log pitch."""
    if len(log_hz) < 2:
        return np.zeros(8)
    percentiles = np.percentile(log_hz, _PERCENTILES)
    return np.array([log_hz.mean(), log_hz.std(), *percentiles, np.abs(np.diff(log_hz)).mean()])
