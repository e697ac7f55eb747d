"""The sound of a corpus as front-end features, with noisy copies where a recipe asks for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from emofuse.core import Clip, View
from emofuse.corpora import Manifest
from emofuse.media import load_audio, probe
from emofuse.perception.voice import FRONT_ENDS
from emofuse.protocols import Stamp

from .features_cache import view_features
from .system import Progress

# A clip's sound: its own file where there is one, else the film's.
SOUND_VIEWS = ("audio", "audio_video")
# Analysis hands windows at this rate to every front end.
ANALYSIS_RATE = 16_000
Change = Callable[[np.ndarray, np.random.Generator], np.ndarray]


def clip_sound(
    manifest: Manifest, clip: Clip, view: View, *, sample_rate: int, skip_seconds: float = 0.0
) -> np.ndarray:
    """(n,) mono samples of a clip: its own part where the file is a whole dialogue."""
    samples = load_audio(manifest.root / view.path, sample_rate=sample_rate)
    if view.kind != "audio" and clip.start_seconds is not None:
        first, last = (
            None if t is None else round(t * sample_rate)
            for t in (clip.start_seconds, clip.end_seconds)
        )
        samples = samples[first:last]
    return samples[round(skip_seconds * sample_rate) :]


def sound_features(
    manifest: Manifest,
    front_end: str,
    parameters: Mapping[str, object],
    *,
    sample_rate: int,
    skip_seconds: float = 0.0,
    change: Change | None = None,
    copy: int = 0,
    progress: Progress | None = None,
) -> list[np.ndarray]:
    """`front_end` of every clip's sound, kept. `change` makes copy number `copy` of a clip.

    A copy's randomness comes from its clip's name and number, so it is the same in every run.
    """

    def compute(clip: Clip, view: View) -> np.ndarray:
        samples = clip_sound(
            manifest, clip, view, sample_rate=sample_rate, skip_seconds=skip_seconds
        )
        if change is not None:
            samples = change(samples, np.random.default_rng([copy, *clip.id.encode()]))
        return FRONT_ENDS[front_end](samples, **parameters)

    settings = {**parameters, "rate": sample_rate, "skip_seconds": skip_seconds}
    if change is not None:
        settings |= {"copy": copy, "change": getattr(change, "__name__", repr(change))}
    return view_features(
        manifest, SOUND_VIEWS, compute, name=front_end, settings=settings, progress=progress
    )


def noisy(
    samples: np.ndarray, rng: np.random.Generator, *, snr_db: tuple[int, int] = (15, 29)
) -> np.ndarray:
    """White noise at a whole number of decibels under the clip's mean power."""
    power = float(np.mean(samples**2)) if len(samples) else 0.0
    level = np.sqrt(power * 10 ** (-rng.integers(snr_db[0], snr_db[1] + 1) / 10))
    return (samples + rng.standard_normal(len(samples)) * level).astype(np.float32)


def analysis_parameters(parameters: Mapping[str, object], *, sample_rate: int) -> dict:
    """The front end's parameters for analysis, which resamples its windows to the recipe's rate."""
    if sample_rate == ANALYSIS_RATE:
        return dict(parameters)
    return {**parameters, "source_rate": ANALYSIS_RATE}


def band_limited(manifest: Manifest, *, sample_rate: int) -> tuple[str, ...]:
    """The BAND-LIMITED stamp where the corpus was recorded at less than the recipe's rate."""
    for clip in manifest.clips[:1]:
        view = clip.view(*SOUND_VIEWS)
        if view is not None and probe(manifest.root / view.path).audio_rate_hz < sample_rate:
            return (str(Stamp.BAND_LIMITED),)
    return ()
