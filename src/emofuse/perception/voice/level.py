"""How loud sound is, and bringing speech to one level (float32 samples in -1..1)."""

from __future__ import annotations

import numpy as np

# Below this RMS a recording holds nothing a person could hear: an idle 16-bit converter's own
# noise lies near -96 dBFS, a quiet room recorded by a phone near -60.
SILENT_DB = -70.0
# Frames this far under the loudest one are pauses, not speech.
_GATE_DB = 25.0
_FRAME = 400


def as_samples(samples: np.ndarray) -> np.ndarray:
    """Mono float32 samples (n,); `ValueError` for other shapes, integers or non-numbers."""
    samples = np.asarray(samples)
    if samples.ndim != 1 or not np.issubdtype(samples.dtype, np.floating):
        raise ValueError(
            f"expected mono float samples (n,) in -1..1, got {samples.dtype} {samples.shape}"
        )
    samples = samples.astype(np.float32, copy=False)
    if not np.isfinite(samples).all():
        raise ValueError("the samples hold values that are not numbers")
    return samples


def loudness_db(samples: np.ndarray) -> float:
    """RMS in dB below full scale (a square wave of ±1 is 0 dBFS); -inf for digital silence."""
    return _to_db(_mean_square(as_samples(samples)))


def is_silent(samples: np.ndarray, *, threshold_db: float = SILENT_DB) -> bool:
    """True when the RMS stays under `threshold_db` (-70 dBFS), and for no samples at all."""
    return loudness_db(samples) < threshold_db


def speech_level_db(samples: np.ndarray) -> float:
    """RMS in dBFS of the louder frames: those within 25 dB of the loudest 400 samples.

    Unlike the plain RMS it does not fall when pauses surround the speech.
    """
    samples = as_samples(samples)
    if len(samples) < _FRAME:
        return loudness_db(samples)
    frames = samples[: len(samples) // _FRAME * _FRAME].reshape(-1, _FRAME)
    energy = np.einsum("ij,ij->i", frames, frames, dtype=float) / _FRAME
    return _to_db(energy[energy >= energy.max() * 10 ** (-_GATE_DB / 10)].mean())


def normalise_level(samples: np.ndarray, *, level_db: float = -26.0) -> np.ndarray:
    """The samples with one gain that brings `speech_level_db` to `level_db`.

    Makes loud and quiet recordings of the same speech equal; silence is left as it is, because
    amplifying it would turn converter noise into sound. May exceed ±1.
    """
    samples = as_samples(samples)
    level = speech_level_db(samples)
    if level < SILENT_DB:
        return samples
    return samples * np.float32(10 ** ((level_db - level) / 20))


def _mean_square(samples: np.ndarray) -> float:
    return float(np.dot(samples, samples)) / len(samples) if len(samples) else 0.0


def _to_db(power: float) -> float:
    return float(10 * np.log10(power)) if power > 0 else float("-inf")
