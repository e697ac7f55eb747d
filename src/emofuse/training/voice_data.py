"""Recorded voices in memory, and the batches that the voice network is trained and judged on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from emofuse.core import Clip, LabelSet
from emofuse.media import load_audio
from emofuse.perception.voice import FRONT_ENDS

from .runs import cached_arrays
from .voice_augment import VoiceAugment, change_sound, change_spectrum, mix_up

SAMPLE_RATE = 16_000
_FULL_SCALE = 32_768


@dataclass(frozen=True)
class Voices:
    """Clips with their sound as 16-bit samples, label numbers (N,) and the front end's settings."""

    clips: tuple[Clip, ...]
    sounds: tuple[np.ndarray, ...]
    labels: np.ndarray
    n_labels: int
    front_end: Mapping
    augment: VoiceAugment = field(default_factory=VoiceAugment)

    def samples(self, row: int) -> np.ndarray:
        """(n,) float32 in -1..1."""
        return self.sounds[row].astype(np.float32) / _FULL_SCALE

    def features(self, samples: np.ndarray) -> np.ndarray:
        """(time, bands) as analysis computes them."""
        return FRONT_ENDS["log_mel"](samples, **self.front_end)

    def training_batch(
        self, rows: np.ndarray, rng: np.random.Generator
    ) -> tuple[tuple[Tensor], Tensor]:
        """Changed crops of one length and their (softened by mixup) targets (N, classes)."""
        length = round(rng.uniform(*self.augment.crop_seconds) * SAMPLE_RATE)
        scale = float(np.mean(self.front_end["std"]))
        changed = []
        for row in rows:
            sound = change_sound(self.samples(row), length=length, options=self.augment, rng=rng)
            changed.append(
                change_spectrum(
                    self.features(sound), options=self.augment, nepers_per_unit=scale, rng=rng
                )
            )
        target = np.eye(self.n_labels, dtype=np.float32)[self.labels[rows]]
        batch, target = mix_up(np.stack(changed), target, alpha=self.augment.mixup, rng=rng)
        return (torch.from_numpy(batch),), torch.from_numpy(target)

    def whole_batch(
        self, rows: np.ndarray, _: np.random.Generator
    ) -> tuple[tuple[Tensor, Tensor], Tensor]:
        """Whole clips, padded and masked."""
        features = [self.features(self.samples(row)) for row in rows]
        longest = max(map(len, features))
        batch = np.zeros((len(rows), longest, features[0].shape[1]), np.float32)
        mask = np.zeros((len(rows), longest), bool)
        for row, part in enumerate(features):
            batch[row, : len(part)], mask[row, : len(part)] = part, True
        inputs = (torch.from_numpy(batch), torch.from_numpy(mask))
        return inputs, torch.from_numpy(self.labels[rows])

    def windows(self, row: int, *, window_seconds: float, hop_seconds: float) -> list[np.ndarray]:
        """Features of the analysis windows that lie inside the clip (at least one)."""
        samples = self.samples(row)
        length, hop = round(window_seconds * SAMPLE_RATE), round(hop_seconds * SAMPLE_RATE)
        starts = range(0, max(len(samples) - length, 0) + 1, hop)
        return [self.features(samples[start : start + length]) for start in starts]


def load_voices(
    clips: Sequence[Clip],
    *,
    root: Path,
    labels: LabelSet,
    front_end: Mapping,
    augment: VoiceAugment,
) -> Voices:
    """Decode the clips' sound (once; kept under the runs folder).

    The normalisation in `front_end` is fixed: it does not look at these clips.
    """
    paths = [root / clip.view("audio", "audio_video").path for clip in clips]

    def compute() -> dict[str, np.ndarray]:
        sounds = [
            np.round(load_audio(path) * _FULL_SCALE).clip(-_FULL_SCALE, _FULL_SCALE - 1)
            for path in paths
        ]
        ends = np.cumsum([0, *map(len, sounds)])
        return {"samples": np.concatenate(sounds).astype(np.int16), "ends": ends}

    stored = cached_arrays(
        "voices",
        compute,
        content=[path.read_bytes() for path in paths],
        settings={"sample_rate": SAMPLE_RATE},
    )
    ends = stored["ends"]
    sounds = tuple(stored["samples"][a:b] for a, b in pairwise(ends))
    truth = np.array([labels.index(clip.label or "") for clip in clips])
    return Voices(tuple(clips), sounds, truth, len(labels), front_end, augment)
