"""Making one recorded voice look like many: other throats, tempos, rooms and lines, on log-mel.

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

    `speeds` are prepared once a clip; `crop_seconds` is drawn once a batch. A crop is the loudest
    of `places` random ones, played up to `tempo` (a share) faster or slower without changing pitch,
    its bands warped by up to `warp` (Jaitly & Hinton 2013: another length of the vocal tract).
    `noise` is the share of clips that get noise, `snr_db` (uniform) under their mean power, tilted
    over the bands by up to `tilt_db`. `gain_db` and the smooth equaliser `eq_db` are standard
    deviations. The share `telephone` loses its lowest and highest bands. Masks are SpecAugment's
    (Park et al. 2019, arXiv 1904.08779).
    """

    speeds: tuple[float, ...] = (0.9, 1.0, 1.1)
    crop_seconds: tuple[float, float] = (2.0, 2.6)
    places: int = 1
    tempo: float = 0.0
    warp: float = 0.0
    noise: float = 0.4
    snr_db: tuple[float, float] = (0.0, 30.0)
    tilt_db: float = 20.0
    gain_db: float = 1.5
    eq_db: float = 2.0
    telephone: float = 0.0
    frequency_masks: int = 1
    frequency_width: int = 8
    time_masks: int = 1
    time_width: int = 14


def change_speed(samples: np.ndarray, speed: float) -> np.ndarray:
    """Samples (n,) played `speed` times as fast, pitch included."""
    if speed == 1:
        return samples
    places = np.arange(0, len(samples) - 1, speed, dtype=np.float64)
    return np.interp(places, np.arange(len(samples)), samples).astype(np.float32)


def crop_frames(
    features: np.ndarray,
    length: int,
    *,
    silence: float | np.ndarray,
    rng: np.random.Generator,
    places: int = 1,
) -> np.ndarray:
    """`length` frames of (time, bands) from the loudest of some random places.

    Shorter clips get `silence`, one value or one a band, around.
    """
    spare = len(features) - length
    if spare >= 0:
        crops = [features[start : start + length] for start in rng.integers(spare + 1, size=places)]
        return crops[0] if places == 1 else max(crops, key=lambda crop: crop.mean(dtype=np.float32))
    before = rng.integers(-spare + 1)
    around = np.empty((length, features.shape[1]), features.dtype)
    around[:] = silence
    around[before : before + len(features)] = features
    return around


def another_speaker(
    features: np.ndarray,
    length: int,
    *,
    bands: int,
    silence: float | np.ndarray,
    options: VoiceAugment,
    rng: np.random.Generator,
) -> np.ndarray:
    """(`length`, d) float32 of a clip as somebody slower or quicker, larger or smaller says it.

    The first `bands` columns are log-mel; only they are warped.
    """
    tempo = 1 + rng.uniform(-options.tempo, options.tempo)
    crop = crop_frames(
        features, round(length * tempo), silence=silence, rng=rng, places=options.places
    )
    crop = _read_between(crop.astype(np.float32), np.linspace(0, len(crop) - 1, length))
    factor = 1 + rng.uniform(-options.warp, options.warp)
    places = np.minimum(np.arange(bands) * factor, bands - 1)
    crop[:, :bands] = _read_between(crop[:, :bands].T, places).T
    return crop


def _read_between(rows: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Rows (n, d) at `places` between them, interpolated linearly."""
    before = places.astype(int)
    share = (places - before).astype(np.float32)[:, None]
    after = np.minimum(before + 1, len(rows) - 1)
    return rows[before] * (1 - share) + rows[after] * share


def change_voices(
    mel: np.ndarray,
    *,
    options: VoiceAugment,
    floor: float,
    rng: np.random.Generator,
    melody: np.ndarray | None = None,
) -> np.ndarray:
    """Natural-log mel power (N, time, bands) in a noisier, differently coloured recording.

    `floor` is the power that the front end lifts silence to. `melody` (N, time, pitches), the
    `periodicity` of the same sound, is weakened in place by the share of power that noise takes.
    """
    n, _, bands = mel.shape
    corners = rng.standard_normal((n, 6)) * options.eq_db
    places = np.linspace(0, bands - 1, 6)
    colour = np.stack([np.interp(np.arange(bands), places, one) for one in corners])
    colour += rng.standard_normal((n, 1)) * options.gain_db
    mel = mel + (colour * _DB_TO_NEPERS).astype(np.float32)[:, None, :]
    noisy = rng.random(n) < options.noise
    if noisy.any():
        mel[noisy], voice_share = _with_noise(mel[noisy], options, rng)
        if melody is not None:
            melody[noisy] *= voice_share[..., None]
    if options.telephone:
        _cut_bands(mel, rng.random(n) < options.telephone, silence=np.log(floor), rng=rng)
    return np.maximum(mel, np.log(np.float32(floor)))


def _cut_bands(mel: np.ndarray, chosen: np.ndarray, *, silence: float, rng) -> None:
    """Lines and small microphones carry neither the lowest nor the highest bands (in place)."""
    bands = mel.shape[2]
    for row in np.flatnonzero(chosen):
        mel[row, :, : rng.integers(bands // 8 + 1)] = silence
        mel[row, :, rng.integers(bands * 2 // 3, bands) :] = silence


def _with_noise(
    mel: np.ndarray, options: VoiceAugment, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Power adds: speech plus noise whose frames flicker as filtered noise does.

    Also answers the share (N, time) of each frame's power that is still the voice's.
    """
    n, frames, bands = mel.shape
    power = np.exp(mel)
    below = 10 ** (-rng.uniform(*options.snr_db, n) / 10)
    slope = rng.uniform(-options.tilt_db, options.tilt_db, n) * _DB_TO_NEPERS
    shape = np.exp(slope[:, None] * np.linspace(0.5, -0.5, bands))
    shape /= shape.mean(1, keepdims=True)
    level = (power.mean((1, 2)) * below)[:, None] * shape
    flicker = rng.standard_gamma(4.0, (n, frames, bands)).astype(np.float32) / 4
    together = power + level[:, None, :].astype(np.float32) * flicker
    return np.log(together), power.sum(2) / together.sum(2)


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
