"""Recorded voices in memory, and the batches that the voice network is trained and judged on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from emofuse.core import Clip, LabelSet
from emofuse.media import load_audio
from emofuse.perception.voice import FRONT_ENDS

from .runs import cached_arrays
from .voice_augment import (
    VoiceAugment,
    another_speaker,
    change_speed,
    change_voices,
    punch_holes,
)

SAMPLE_RATE = 16_000
_FULL_SCALE = 32_768


@dataclass(frozen=True)
class Voices:
    """Clips with their sound as 16-bit samples and label numbers (N,).

    `prepared[s][i]` are the log-mel features (before mean and std) of clip i at speed s, float16.
    Training crops them: a crop keeps the level of its clip, where analysis levels each window, and
    random gain covers the difference. Judging computes each window as analysis does.
    """

    clips: tuple[Clip, ...]
    sounds: tuple[np.ndarray, ...]
    prepared: tuple[tuple[np.ndarray, ...], ...]
    labels: np.ndarray
    n_labels: int
    front_end: Mapping
    augment: VoiceAugment

    def samples(self, row: int) -> np.ndarray:
        """(n,) float32 in -1..1."""
        return self.sounds[row].astype(np.float32) / _FULL_SCALE

    def features(self, samples: np.ndarray) -> np.ndarray:
        """(time, bands) as analysis computes them."""
        return FRONT_ENDS["log_mel"](samples, **self.front_end)

    def training_batch(
        self, rows: np.ndarray, rng: np.random.Generator
    ) -> tuple[tuple[Tensor], Tensor]:
        """Changed crops of one length and their label numbers (N,)."""
        options, floor = self.augment, self.front_end["floor"]
        length = round(rng.uniform(*options.crop_seconds) / self.front_end["hop_seconds"])
        speeds = rng.integers(len(self.prepared), size=len(rows))
        crops = [
            another_speaker(
                self.prepared[s][row], length, silence=np.log(floor), options=options, rng=rng
            )
            for s, row in zip(speeds, rows, strict=True)
        ]
        mel = change_voices(np.stack(crops), options=options, floor=floor, rng=rng)
        mel = ((mel - self.front_end["mean"]) / self.front_end["std"]).astype(np.float32)
        mel = punch_holes(mel, options=options, rng=rng)
        return (torch.from_numpy(mel),), torch.from_numpy(self.labels[rows])

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
    """Decode the clips' sound and prepare features at every speed (kept under the runs folder).

    The normalisation in `front_end` is fixed: it does not look at these clips.
    """
    paths = [root / clip.view("audio", "audio_video").path for clip in clips]
    content = [path.read_bytes() for path in paths]
    sounds = _kept("voices", lambda: map(_decode, paths), content, {"sample_rate": SAMPLE_RATE})
    plain = {name: value for name, value in front_end.items() if name not in ("mean", "std")}
    prepared = []
    for speed in augment.speeds:

        def features(speed: float = speed):
            for sound in sounds:
                samples = change_speed(sound.astype(np.float32) / _FULL_SCALE, speed)
                yield FRONT_ENDS["log_mel"](samples, **plain).astype(np.float16)

        prepared.append(_kept("voice-features", features, content, {"speed": speed, **plain}))
    truth = np.array([labels.index(clip.label or "") for clip in clips])
    return Voices(tuple(clips), sounds, tuple(prepared), truth, len(labels), front_end, augment)


def _decode(path: Path) -> np.ndarray:
    scaled = np.round(load_audio(path, sample_rate=SAMPLE_RATE) * _FULL_SCALE)
    return scaled.clip(-_FULL_SCALE, _FULL_SCALE - 1).astype(np.int16)


def _kept(name: str, make, content: list[bytes], settings: Mapping) -> tuple[np.ndarray, ...]:
    """Arrays of different lengths, computed once and stored end to end."""

    def compute() -> dict[str, np.ndarray]:
        parts = list(make())
        return {"values": np.concatenate(parts), "ends": np.cumsum([0, *map(len, parts)])}

    stored = cached_arrays(name, compute, content=content, settings=settings)
    return tuple(stored["values"][a:b] for a, b in pairwise(stored["ends"]))
