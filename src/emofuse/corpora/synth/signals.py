"""The signals: a digit as the resonance of a voice, the stripes of a picture, a word, a rhythm."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .draw import Person

# A pair of words a digit. None of them is emotional: what they mean here is learnt from labels.
_WORDS = [
    "apple",
    "river",
    "stone",
    "window",
    "paper",
    "garden",
    "table",
    "bridge",
    "candle",
    "forest",
    "silver",
    "engine",
    "basket",
    "mirror",
    "pencil",
    "harbor",
    "ladder",
    "meadow",
    "button",
    "carpet",
    "lantern",
    "orchard",
    "pebble",
    "quilt",
    "ribbon",
    "saddle",
    "teapot",
    "umbrella",
    "valley",
    "wagon",
    "anchor",
    "barrel",
    "canyon",
    "drawer",
    "easel",
    "feather",
    "glove",
    "hammer",
    "island",
    "jacket",
    "kettle",
    "lemon",
    "magnet",
    "needle",
    "olive",
    "parcel",
    "quarry",
    "rocket",
    "sandal",
    "tunnel",
    "vessel",
    "walnut",
    "yarn",
    "zipper",
    "acorn",
    "bucket",
]
_FILLERS = ["well", "so", "look", "listen", "okay", "right", "anyway", "actually"]
LONGEST = len(_WORDS) // 2  # digits that words can show


def voice(
    digit: int, person: Person, rng: np.random.Generator, *, seconds: float, sample_rate: int
) -> np.ndarray:
    """Harmonics of the person's pitch around a resonance at 350 · 1.5^digit Hz; float32, -1..1.

    Loudness, pitch and noise are the person's own; the syllable rhythm is random.
    """
    count = round(seconds * sample_rate)
    frequencies = np.fft.rfftfreq(count, 1 / sample_rate)
    pitch = person.pitch_hz * rng.uniform(0.95, 1.05)
    lines = np.unique(np.round(np.arange(pitch, 7000, pitch) * seconds).astype(int))
    lines = lines[lines < len(frequencies)]
    octaves = np.log2(frequencies[lines] / (350 * 1.5**digit))
    spectrum = np.zeros(len(frequencies), complex)
    spectrum[lines] = np.exp(-((octaves / 0.3) ** 2) + 1j * rng.uniform(0, 2 * np.pi, len(lines)))
    tone = np.fft.irfft(spectrum, count)
    tone /= np.abs(tone).max() + 1e-12
    syllables = 0.6 + 0.4 * np.sin(
        2 * np.pi * rng.uniform(3, 5) * np.arange(count) / sample_rate + rng.uniform(0, 6)
    )
    samples = person.gain * tone * syllables + rng.normal(0, 0.005, count)
    return np.clip(samples, -1, 1).astype(np.float32)


def picture(
    digit: int, person: Person, rng: np.random.Generator, *, size: int = 96, phase: float = 0.0
) -> np.ndarray:
    """A square crop (size, size, 3) uint8 with 2 + 2·digit horizontal stripes.

    Stripes survive mirroring, scaling and encoding. The person's brightness, their vertical
    texture and noise are a nuisance. No face is drawn: face detectors find nothing here.
    """
    down, across = np.mgrid[0:size, 0:size] / size
    stripes = np.sin(2 * np.pi * ((2 + 2 * digit) * down + phase))
    texture = np.sin(2 * np.pi * ((1 + person.habit % 5) * across + person.habit % 7))
    grey = person.brightness + 45 * stripes + 8 * texture + rng.normal(0, 4, (size, size))
    return np.repeat(np.clip(grey, 0, 255).astype(np.uint8)[..., None], 3, axis=2)


def film(
    digit: int, person: Person, rng: np.random.Generator, *, frames: int, size: int = 96
) -> list[np.ndarray]:
    """`frames` pictures whose stripes drift."""
    drift = rng.uniform(-0.1, 0.1)
    return [picture(digit, person, rng, size=size, phase=drift * i) for i in range(frames)]


def sentence(digits: Sequence[int], person: Person, rng: np.random.Generator) -> str:
    """A line with a word of each digit, the person's filler word and two words by chance."""
    filler = _FILLERS[person.habit % len(_FILLERS)]
    words = [_WORDS[2 * digit + int(rng.integers(2))] for digit in digits]
    words += [f"number {rng.integers(1000)}", f"page {rng.integers(1000)}"]
    return f"{filler}, the {' and the '.join(rng.permutation(words))}."


def brain(
    digit: int,
    nuisance: np.ndarray,
    rng: np.random.Generator,
    *,
    channels: int,
    seconds: float,
    sample_rate: float,
    class_effect: float = 1.0,
) -> np.ndarray:
    """EEG (channels, n) in µV: noise, and a rhythm whose frequency tells the digit.

    Rhythms lie at 6, 10, 20 and 36 Hz. `nuisance` (channels, 4) is what person and trial add to
    the log-amplitude of each rhythm; `class_effect` what the class adds to its own.
    """
    count = round(seconds * sample_rate)
    times = np.arange(count) / sample_rate
    log_amplitude = np.array(nuisance, dtype=float)
    log_amplitude[:, digit % len(RHYTHMS_HZ)] += class_effect
    phases = rng.uniform(0, 2 * np.pi, (len(RHYTHMS_HZ), 1))
    waves = np.sin(2 * np.pi * np.array(RHYTHMS_HZ)[:, None] * times + phases)
    return 4 * np.exp(log_amplitude) @ waves + rng.normal(0, 5, (channels, count))


RHYTHMS_HZ = (6.0, 10.0, 20.0, 36.0)
