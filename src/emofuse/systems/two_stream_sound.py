"""The sound of the two-stream system: three seconds of mel decibels and their changed copies."""

from __future__ import annotations

import numpy as np
from torch import Tensor, nn

from emofuse.corpora import Manifest
from emofuse.models import weight_penalty as layer_penalty
from emofuse.training.examples import Input
from emofuse.training.sounds import analysis_parameters, sound_features
from emofuse.training.system import Progress
from emofuse.training.voice_augment import change_speed

SAMPLE_RATE, SKIP_SECONDS = 48_000, 0.5
FRONT_END = {
    "sample_rate": SAMPLE_RATE,
    "seconds": 3.0,
    "place": "centre",
    "n_fft": 1024,
    "hop_length": 512,
    "n_mels": 128,
    "fmin": 50.0,
}


def sound_input(
    manifest: Manifest,
    *,
    contour: bool,
    published: bool,
    copies: bool,
    progress: Progress | None = None,
) -> Input:
    """(128, 282) decibels, or with `contour` their (282,) means over bands.

    Published: a mean and spread for each of the 282 time steps. Honest: one for each band (for
    the contour, one for all).
    """
    parameters = {**FRONT_END, "layout": "contour" if contour else "bands"}
    shared = {"sample_rate": SAMPLE_RATE, "skip_seconds": SKIP_SECONDS, "progress": progress}
    bands, steps = 0, 1
    over = ((),) if contour else ((bands,),)
    if not published:
        over = ((0,),) if contour else ((steps,),)
    changes = (with_noise, higher_or_lower, faster_or_slower, shifted) if copies else ()
    return Input(
        "loudness" if contour else "mel",
        sound_features(manifest, "mel_decibels", parameters, **shared),
        normalise=over[0],
        variants=[
            sound_features(manifest, "mel_decibels", parameters, change=change, copy=1, **shared)
            for change in changes
        ],
        front_end="mel_decibels",
        parameters=analysis_parameters(parameters, sample_rate=SAMPLE_RATE),
    )


def weight_penalty(network: nn.Module) -> Tensor:
    """Keras's L2 term of the published recipe."""
    return layer_penalty(network)


def with_noise(samples: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """White noise of an amplitude between .001 and .015 (audiomentations' AddGaussianNoise)."""
    level = rng.uniform(0.001, 0.015)
    return (samples + level * rng.standard_normal(len(samples))).astype(np.float32)


def higher_or_lower(samples: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Up to four semitones up or down, by resampling: the published one kept the tempo."""
    return change_speed(samples, 2 ** (rng.uniform(-4, 4) / 12))


def faster_or_slower(samples: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """.8 to 1.25 times as fast, by resampling: the published one kept the pitch."""
    return change_speed(samples, rng.uniform(0.8, 1.25))


def shifted(samples: np.ndarray, _: np.random.Generator) -> np.ndarray:
    """A quarter of the length later, silence before (audiomentations' Shift, as it was set)."""
    by = len(samples) // 4
    return np.concatenate([np.zeros(by, np.float32), samples[: len(samples) - by]])
