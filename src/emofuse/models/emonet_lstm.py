"""Face video through EmoNet and a bi-LSTM, alone and beside speech, as published (qjiang002).

Kept as published: 90 frames only, 8 logits a frame instead of features, two linear layers with
nothing between them, absent frames as black pictures, and a fusion that learns on concatenated
logits in two different label orders. Reads and trains as the original did; see the honest forms
for anything else.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from .emonet import SMALL, emonet
from .mel_transformer import BANDS, mel_transformer
from .mel_transformer import FRAMES as MEL_FRAMES
from .registry import Architecture

FRAMES = 90


class EmoNetLSTM(nn.Module):
    """(batch, 90, 3, 256, 256) to (batch, classes) in EmoNet's label order."""

    def __init__(self, classes: int, *, frames: int, weights: Path | None, **emonet_sizes):
        super().__init__()
        self.emonet = emonet(classes=classes, weights=weights, **emonet_sizes)
        self.lstm = nn.LSTM(classes, 64, 2, batch_first=True, dropout=0.2, bidirectional=True)
        self.head = nn.Sequential(nn.Linear(frames * 128, 64), nn.Linear(64, classes))

    def forward(self, video: Tensor) -> Tensor:
        logits = self.emonet(video.flatten(0, 1)).reshape(video.shape[0], video.shape[1], -1)
        return self.head(self.lstm(logits)[0].flatten(1))


class MelEmoNetFusion(nn.Module):
    """Log-mel and face video to logits: one linear layer on both systems' logits."""

    def __init__(self, classes: int, **video_sizes):
        super().__init__()
        self.video = EmoNetLSTM(classes, **video_sizes)
        self.speech = mel_transformer(classes=classes)
        self.fuse = nn.Linear(2 * classes, classes)

    def forward(self, mel: Tensor, video: Tensor) -> Tensor:
        return self.fuse(torch.cat([self.video(video), self.speech(mel)], 1))


def emonet_lstm(
    *, classes: int = 8, frames: int = FRAMES, weights: Path | None = None, **emonet_sizes
) -> EmoNetLSTM:
    """The published video model; `weights` is the user's own EmoNet file."""
    return EmoNetLSTM(classes, frames=frames, weights=weights, **emonet_sizes)


def mel_emonet_fusion(
    *, classes: int = 8, frames: int = FRAMES, weights: Path | None = None, **emonet_sizes
) -> MelEmoNetFusion:
    """The published fused model; `weights` is the user's own EmoNet file."""
    return MelEmoNetFusion(classes, frames=frames, weights=weights, **emonet_sizes)


def example(batch: int, length: int, generator: torch.Generator) -> dict[str, Tensor]:
    size = SMALL["image_size"]
    return {"video": torch.rand(batch, length, 3, size, size, generator=generator)}


def example_fused(batch: int, length: int, generator: torch.Generator) -> dict[str, Tensor]:
    mel = torch.randn(batch, 1, BANDS, MEL_FRAMES, generator=generator)
    return {"mel": mel} | example(batch, length, generator)


ARCHITECTURES = tuple(
    Architecture(
        build.__name__,
        build,
        inputs,
        lengths=(3,),
        small={**SMALL, "frames": 3},
        form="published",
        paper="qjiang002/Multimodal-Emotion-Detection",
        fixed_shape=True,
    )
    for build, inputs in ((emonet_lstm, example), (mel_emonet_fusion, example_fused))
)
