"""Making one recorded voice look like many: noise, colour and holes on batches of log-mel.

Everything happens on log-mel, where noise adds as power: that is ten times cheaper than changing
samples, and on two processor cores it decides how long a network can train.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_DB_TO_NEPERS = np.log(10) / 10


@dataclass(frozen=True)
class VoiceAugment:
    """How far training sounds stray from the recordings; drawn anew for each clip.

    `speeds` are prepared once a clip; `crop_seconds` is drawn once a batch. `noise` is the share of
    clips that get noise, `snr_db` (uniform) under their mean power, tilted over the bands by up to
    `tilt_db`. `gain_db` and the smooth equaliser `eq_db` are standard deviations. Masks are
    SpecAugment's (Park et al. 2019, arXiv 1904.08779). `mixup` is Beta(a, a)'s a (0: off).
    """

    speeds: tuple[float, ...] = (0.9, 1.0, 1.1)
    crop_seconds: tuple[float, float] = (2.0, 2.6)
    noise: float = 0.4
    snr_db: tuple[float, float] = (0.0, 30.0)
    tilt_db: float = 20.0
    gain_db: float = 1.5
    eq_db: float = 2.0
    frequency_masks: int = 1
    frequency_width: int = 8
    time_masks: int = 1
    time_width: int = 14
    mixup: float = 0.0


def change_speed(samples: np.ndarray, speed: float) -> np.ndarray:
    """Samples (n,) played `speed` times as fast, pitch included."""
    if speed == 1:
        return samples
    places = np.arange(0, len(samples) - 1, speed, dtype=np.float64)
    return np.interp(places, np.arange(len(samples)), samples).astype(np.float32)


def crop_frames(
    features: np.ndarray, length: int, *, silence: float, rng: np.random.Generator
) -> np.ndarray:
    """`length` frames from a random place of (time, bands); shorter clips get `silence` around."""
    spare = len(features) - length
    if spare >= 0:
        start = rng.integers(spare + 1)
        return features[start : start + length]
    before = rng.integers(-spare + 1)
    return np.pad(features, ((before, -spare - before), (0, 0)), constant_values=silence)


def change_voices(
    mel: np.ndarray, *, options: VoiceAugment, floor: float, rng: np.random.Generator
) -> np.ndarray:
    """Natural-log mel power (N, time, bands) in a noisier, differently coloured recording.

    `floor` is the power that the front end lifts silence to.
    """
    n, _, bands = mel.shape
    corners = rng.standard_normal((n, 6)) * options.eq_db
    places = np.linspace(0, bands - 1, 6)
    colour = np.stack([np.interp(np.arange(bands), places, one) for one in corners])
    colour += rng.standard_normal((n, 1)) * options.gain_db
    mel = mel + (colour * _DB_TO_NEPERS).astype(np.float32)[:, None, :]
    noisy = rng.random(n) < options.noise
    if noisy.any():
        mel[noisy] = _with_noise(mel[noisy], options, rng)
    return np.maximum(mel, np.log(np.float32(floor)))


def _with_noise(mel: np.ndarray, options: VoiceAugment, rng: np.random.Generator) -> np.ndarray:
    """Power adds: speech plus noise whose frames flicker as filtered noise does."""
    n, frames, bands = mel.shape
    power = np.exp(mel)
    below = 10 ** (-rng.uniform(*options.snr_db, n) / 10)
    slope = rng.uniform(-options.tilt_db, options.tilt_db, n) * _DB_TO_NEPERS
    shape = np.exp(slope[:, None] * np.linspace(0.5, -0.5, bands))
    shape /= shape.mean(1, keepdims=True)
    level = (power.mean((1, 2)) * below)[:, None] * shape
    flicker = rng.standard_gamma(4.0, (n, frames, bands)).astype(np.float32) / 4
    return np.log(power + level[:, None, :].astype(np.float32) * flicker)


def punch_holes(mel: np.ndarray, *, options: VoiceAugment, rng: np.random.Generator) -> np.ndarray:
    """SpecAugment on normalised log-mel (N, time, bands), in place; holes hold the mean, 0."""
    _, frames, bands = mel.shape
    for clip in mel:
        for _ in range(options.frequency_masks):
            width = rng.integers(options.frequency_width + 1)
            start = rng.integers(bands - width + 1)
            clip[:, start : start + width] = 0
        for _ in range(options.time_masks):
            width = min(rng.integers(options.time_width + 1), frames // 4)
            start = rng.integers(frames - width + 1)
            clip[start : start + width] = 0
    return mel


def mix_up(
    batch: np.ndarray, target: np.ndarray, *, alpha: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Each row blended with another, soft targets (N, C) likewise (Zhang et al. 2018)."""
    if alpha <= 0:
        return batch, target
    share = rng.beta(alpha, alpha, len(batch)).astype(np.float32)
    share = np.maximum(share, 1 - share)
    other = rng.permutation(len(batch))
    wide = share.reshape(-1, *[1] * (batch.ndim - 1))
    mixed = wide * batch + (1 - wide) * batch[other]
    return mixed, share[:, None] * target + (1 - share[:, None]) * target[other]
