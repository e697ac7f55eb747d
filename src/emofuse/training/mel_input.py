"""Log-mel of a corpus as a network's input: the honest form that several systems share."""

from __future__ import annotations

import numpy as np

from emofuse.corpora import Manifest

from .examples import Augment, Input
from .sounds import ANALYSIS_RATE, sound_features
from .system import Progress
from .voice_augment import VoiceAugment, change_voices, crop_frames, punch_holes

# Speech at one level, 64 bands every 16 ms: what the bundle's front end computes in use, too.
FRONT_END = {"level_db": -26.0, "hop_seconds": 0.016, "n_mels": 64, "floor": 1e-6}


def mel_input(
    manifest: Manifest,
    *,
    name: str = "mel",
    mask: str = "mask",
    augment: VoiceAugment | None = None,
    progress: Progress | None = None,
) -> Input:
    """(time, 64) natural-log mel of every clip, normalised per band by the training part."""
    values = sound_features(
        manifest, "log_mel", FRONT_END, sample_rate=ANALYSIS_RATE, progress=progress
    )
    return Input(
        name,
        values,
        mask=mask,
        normalise=(0,),
        augment=None if augment is None else changed_mel(augment),
        front_end="log_mel",
        parameters=FRONT_END,
    )


def changed_mel(options: VoiceAugment) -> Augment:
    """One clip's (time, bands) cropped, in another room, with holes; drawn anew every time."""

    def change(mel: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        floor = FRONT_END["floor"]
        length = round(rng.uniform(*options.crop_seconds) / FRONT_END["hop_seconds"])
        crop = crop_frames(mel, length, silence=np.log(floor), rng=rng).astype(np.float32)
        crop = change_voices(crop[None], options=options, floor=floor, rng=rng)
        # Holes hold the clip's own mean: the bands' means are known only inside the network.
        mean = crop.mean(1, keepdims=True)
        return (punch_holes(crop - mean, options=options, rng=rng) + mean)[0]

    return change
