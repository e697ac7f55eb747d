"""Recorded voices in memory, and the batches that the voice network is trained and judged on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
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
FRONT_END_NAME = "mel_and_melody"
_FULL_SCALE = 32_768


@dataclass(frozen=True)
class Voices:
    """Clips with their sound as 16-bit samples and label numbers (N,).

    `prepared[s][i]` are the features (log-mel before mean and std) of clip i at speed s, float16.
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
        """(time, bands + pitches) as analysis computes them."""
        return FRONT_ENDS[FRONT_END_NAME](samples, **self.front_end)

    def training_batch(
        self, rows: np.ndarray, rng: np.random.Generator
    ) -> tuple[tuple[Tensor], Tensor]:
        """Changed crops of one length and their label numbers (N,)."""
        options, floor, bands = self.augment, self.front_end["floor"], self.front_end["n_mels"]
        length = round(rng.uniform(*options.crop_seconds) / self.front_end["hop_seconds"])
        silence = np.zeros(self.prepared[0][0].shape[1], np.float32)
        silence[:bands] = np.log(floor)
        speeds = rng.integers(len(self.prepared), size=len(rows))
        crops = [
            another_speaker(
                self.prepared[s][row],
                length,
                bands=bands,
                silence=silence,
                options=options,
                rng=rng,
            )
            for s, row in zip(speeds, rows, strict=True)
        ]
        features = np.stack(crops)
        mel, melody = features[..., :bands], features[..., bands:]
        mel[:] = change_voices(mel, options=options, floor=floor, rng=rng, melody=melody)
        features = self._normalised(features)
        punch_holes(features[..., :bands], options=options, rng=rng)
        return (torch.from_numpy(features),), torch.from_numpy(self.labels[rows])

    def _normalised(self, features: np.ndarray) -> np.ndarray:
        """float32 with the mel columns brought to about mean 0 and spread 1."""
        features = features.astype(np.float32)
        mel = features[..., : self.front_end["n_mels"]]
        mel -= self.front_end["mean"]
        mel /= self.front_end["std"]
        return features

    def whole_batches(self) -> Iterator[tuple[np.ndarray, Tensor]]:
        """Every clip at every prepared speed, whole and unchanged: (row (1,), features)."""
        for clips in self.prepared:
            for row, features in enumerate(clips):
                yield np.array([row]), torch.from_numpy(self._normalised(features))[None]

    def windows(self, row: int, *, window_seconds: float, hop_seconds: float) -> list[np.ndarray]:
        """Features of the analysis windows that lie inside the clip (at least one)."""
        samples = self.samples(row)
        length, hop = round(window_seconds * SAMPLE_RATE), round(hop_seconds * SAMPLE_RATE)
        starts = range(0, max(len(samples) - length, 0) + 1, hop)
        return [self.features(samples[start : start + length]) for start in starts]


def functionals_table(
    voices: Voices, functionals: Callable[[Tensor], Tensor], *, passes: int, seed: int = 0
) -> tuple[Tensor, np.ndarray]:
    """`functionals` (n, d) of every clip whole and of `passes` changed crops of it, with its row.

    They learn nothing, so one table serves all folds and seeds.
    """
    rng, everyone = np.random.default_rng(seed), np.arange(len(voices.clips))
    parts = list(voices.whole_batches())
    for _ in range(passes):
        for rows in np.array_split(everyone, range(128, len(everyone), 128)):
            (crops,), _ = voices.training_batch(rows, rng)
            parts.append((rows, crops))
    with torch.inference_mode():
        values = [functionals(features) for _, features in parts]
    return torch.cat(values).clone(), np.concatenate([rows for rows, _ in parts])


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
                yield FRONT_ENDS[FRONT_END_NAME](samples, **plain).astype(np.float16)

        settings = {"front_end": FRONT_END_NAME, "speed": speed, **plain}
        prepared.append(_kept("voice-features", features, content, settings))
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
