"""Making one recorded voice sound like many: speed, room, noise, and holes in the spectrum."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.fft import irfft, next_fast_len, rfft
from scipy.signal import fftconvolve


@dataclass(frozen=True)
class VoiceAugment:
    """How far training sounds stray from the recordings. Probabilities are per clip.

    `crop_seconds` is drawn once a batch. `snr_db` and `speed` are ranges of uniform draws;
    noise lies between white and brown. `eq_nepers` is the spread of a smooth random equaliser on the log-mel; masks are SpecAugment
    (Park et al. 2019, arXiv 1904.08779); `mixup` is Beta(a, a)'s a (Zhang et al. 2018, 0 is off).
    """

    crop_seconds: tuple[float, float] = (2.0, 3.0)
    speed: tuple[float, float] = (0.88, 1.14)
    noise: float = 0.5
    snr_db: tuple[float, float] = (5.0, 35.0)
    room: float = 0.2
    eq_nepers: float = 0.7
    frequency_masks: int = 2
    frequency_width: int = 10
    time_masks: int = 2
    time_width: int = 16
    mixup: float = 0.3


def crop(samples: np.ndarray, length: int, rng: np.random.Generator) -> np.ndarray:
    """`length` samples from a random place; shorter sound gets silence around it."""
    if len(samples) >= length:
        start = rng.integers(len(samples) - length + 1)
        return samples[start : start + length]
    before = rng.integers(length - len(samples) + 1)
    return np.pad(samples, (before, length - len(samples) - before))


def change_sound(
    samples: np.ndarray, *, length: int, options: VoiceAugment, rng: np.random.Generator
) -> np.ndarray:
    """A crop of `length` samples at another speed (and pitch), in another room, with noise."""
    speed = rng.uniform(*options.speed)
    part = crop(samples, int(length * speed), rng)
    sound = np.interp(
        np.linspace(0, len(part) - 1, length, dtype=np.float32), np.arange(len(part)), part
    ).astype(np.float32)
    if rng.random() < options.room:
        sound = _in_a_room(sound, rng)
    if rng.random() < options.noise:
        sound = sound + _noise(sound, rng.uniform(*options.snr_db), rng)
    return sound


def _in_a_room(
    sound: np.ndarray, rng: np.random.Generator, sample_rate: int = 16_000
) -> np.ndarray:
    """Convolved with decaying noise: a room of 0.1 to 0.5 s reverberation."""
    seconds = rng.uniform(0.1, 0.5)
    time = np.arange(int(seconds * sample_rate), dtype=np.float32) / sample_rate
    tail = rng.standard_normal(len(time), dtype=np.float32) * np.exp(-6.9 * time / seconds)
    tail *= rng.uniform(0.1, 0.6) / np.sqrt(np.square(tail).sum())
    tail[0] = 1.0
    return fftconvolve(sound, tail)[: len(sound)].astype(np.float32)


def _noise(sound: np.ndarray, snr_db: float, rng: np.random.Generator) -> np.ndarray:
    """Noise whose power falls with frequency to a random degree, `snr_db` under the sound."""
    length = next_fast_len(len(sound), real=True)
    spectrum = rfft(rng.standard_normal(length, dtype=np.float32))
    frequency = np.maximum(np.arange(len(spectrum), dtype=np.float32), len(spectrum) / 200)
    noise = irfft(spectrum * frequency ** np.float32(-rng.uniform(0, 1)), length)[: len(sound)]
    scale = np.sqrt(np.square(sound).mean() / max(np.square(noise).mean(), 1e-20))
    return (noise * scale * 10 ** (-snr_db / 20)).astype(np.float32)


def change_spectrum(
    mel: np.ndarray, *, options: VoiceAugment, nepers_per_unit: float, rng: np.random.Generator
) -> np.ndarray:
    """Equaliser and SpecAugment on normalised log-mel (time, bands); holes are filled with 0."""
    frames, bands = mel.shape
    curve = np.interp(np.arange(bands), np.linspace(0, bands - 1, 6), rng.standard_normal(6))
    mel = mel + (curve * options.eq_nepers / nepers_per_unit).astype(np.float32)
    for _ in range(options.frequency_masks):
        width = rng.integers(options.frequency_width + 1)
        start = rng.integers(bands - width + 1)
        mel[:, start : start + width] = 0
    for _ in range(options.time_masks):
        width = min(rng.integers(options.time_width + 1), frames // 4)
        start = rng.integers(frames - width + 1)
        mel[start : start + width] = 0
    return mel


def mix_up(
    batch: np.ndarray, target: np.ndarray, *, alpha: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Each row blended with another one, and the soft targets (N, C) likewise."""
    if alpha <= 0:
        return batch, target
    share = rng.beta(alpha, alpha, len(batch)).astype(np.float32)
    share = np.maximum(share, 1 - share)
    other = rng.permutation(len(batch))
    wide = share.reshape(-1, *[1] * (batch.ndim - 1))
    mixed = wide * batch + (1 - wide) * batch[other]
    return mixed, share[:, None] * target + (1 - share[:, None]) * target[other]
