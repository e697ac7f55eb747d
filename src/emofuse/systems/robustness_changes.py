"""Worse recordings, made from good ones: sounds in noise, rooms and telephones; pictures blurred,
dark, small, covered, mirrored. Seeded, so that a table can be made again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from scipy.signal import butter, fftconvolve, sosfilt

from emofuse.perception.voice import speech_level_db

SAMPLE_RATE = 16_000
TELEPHONE_HZ = (300, 3400)


@dataclass(frozen=True)
class Change:
    """A condition at one level; `apply(input, rng)` answers the changed input."""

    condition: str
    level: str
    apply: Callable[[np.ndarray, np.random.Generator], np.ndarray]


def add_noise(samples: np.ndarray, rng: np.random.Generator, *, snr_db: float) -> np.ndarray:
    """Pink noise (equal power an octave) so many dB under the speech; pauses get the same noise."""
    spectrum = np.fft.rfft(rng.standard_normal(len(samples)))
    spectrum[1:] /= np.sqrt(np.arange(1, len(spectrum)))
    spectrum[0] = 0
    noise = np.fft.irfft(spectrum, len(samples))
    level = 10 ** ((speech_level_db(samples) - snr_db) / 20)
    return (samples + noise * level / np.sqrt(np.mean(noise**2))).astype(np.float32)


def telephone(samples: np.ndarray, _: np.random.Generator) -> np.ndarray:
    """The band of a telephone line, 300 to 3400 Hz."""
    band = butter(6, TELEPHONE_HZ, "bandpass", fs=SAMPLE_RATE, output="sos")
    return sosfilt(band, samples).astype(np.float32)


def reverberate(
    samples: np.ndarray, rng: np.random.Generator, *, decay_seconds: float
) -> np.ndarray:
    """A room: the direct sound, and noise that falls by 60 dB in `decay_seconds`, as loud as it."""
    seconds = np.arange(round(decay_seconds * SAMPLE_RATE)) / SAMPLE_RATE
    tail = rng.standard_normal(len(seconds)) * 10 ** (-3 * seconds / decay_seconds)
    tail /= np.sqrt((tail**2).sum())
    room = np.concatenate([[1.0], tail])
    return fftconvolve(samples, room)[: len(samples)].astype(np.float32)


def amplify(samples: np.ndarray, _: np.random.Generator, *, gain_db: float) -> np.ndarray:
    """Louder or quieter, as a 16-bit recording holds it: clipped at full scale, and rounded."""
    loud = np.clip(samples * 10 ** (gain_db / 20), -1, 1)
    return (np.round(loud * 32_767) / 32_767).astype(np.float32)


def blur(picture: np.ndarray, _: np.random.Generator, *, pixels: float) -> np.ndarray:
    return cv2.GaussianBlur(picture, (0, 0), pixels)


def darken(picture: np.ndarray, rng: np.random.Generator, *, share: float) -> np.ndarray:
    """So little light, with the noise of a sensor (2 grey levels) that does not get less."""
    dark = picture * share + rng.normal(0, 2, picture.shape)
    return np.clip(np.round(dark), 0, 255).astype(np.uint8)


def shrink(picture: np.ndarray, _: np.random.Generator, *, side: int) -> np.ndarray:
    """As a face of `side` pixels would look."""
    small = cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA)
    return cv2.resize(small, picture.shape[::-1], interpolation=cv2.INTER_CUBIC)


def cover(picture: np.ndarray, _: np.random.Generator, *, part: str) -> np.ndarray:
    """Grey over the mouth (a mask), over the eyes (glasses), or over the left half."""
    height, width = picture.shape
    where = {
        "mouth": (slice(height * 5 // 8, height), slice(None)),
        "eyes": (slice(height // 4, height // 2), slice(None)),
        "left half": (slice(None), slice(0, width // 2)),
    }[part]
    covered = picture.copy()
    covered[where] = 128
    return covered


def mirror(picture: np.ndarray, _: np.random.Generator) -> np.ndarray:
    return np.ascontiguousarray(picture[:, ::-1])


def as_it_is(values: np.ndarray, _: np.random.Generator) -> np.ndarray:
    return values


def _levels(condition: str, change: Callable, unit: str, parameter: str, *values) -> list[Change]:
    def at(value) -> Callable[[np.ndarray, np.random.Generator], np.ndarray]:
        return lambda given, rng: change(given, rng, **{parameter: value})

    return [Change(condition, f"{value}{unit}", at(value)) for value in values]


SOUNDS: tuple[Change, ...] = (
    Change("clean", "", as_it_is),
    *_levels("noise", add_noise, " dB", "snr_db", 20, 10, 0),
    Change("telephone", "300–3400 Hz", telephone),
    *_levels("reverberation", reverberate, " s", "decay_seconds", 0.3, 0.6, 1.0),
    *_levels("loud", amplify, " dB", "gain_db", 20),
    *_levels("quiet", amplify, " dB", "gain_db", -20),
)
PICTURES: tuple[Change, ...] = (
    Change("clean", "", as_it_is),
    *_levels("blur", blur, " px", "pixels", 1, 2, 3),
    *_levels("darkness", darken, " × light", "share", 0.5, 0.2, 0.1),
    *_levels("small", shrink, " px", "side", 32, 24, 16),
    *_levels("covered", cover, "", "part", "mouth", "eyes", "left half"),
    Change("mirrored", "", mirror),
)
