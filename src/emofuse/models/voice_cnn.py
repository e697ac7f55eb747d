"""The default voice network: residual CNN on log-mel, attention-statistics pooling over time."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from .layers import AttentiveStatistics, ResidualBlock, conv_norm, hide, shrink
from .registry import Architecture


class VoiceCNN(nn.Module):
    """(batch, time, bands or more) normalised log-mel to (batch, classes).

    Columns after the bands (a front end's melody) are not looked at: with them it learned the
    speakers (docs/experiments.md).
    Every stage halves time and bands; the remaining bands are mixed into channels, so that
    pitch keeps its place, and only time is pooled.
    """

    def __init__(self, classes: int, *, bands: int, widths: tuple[int, ...], dropout: float):
        super().__init__()
        self.bands = bands
        self.stem = nn.Sequential(conv_norm(1, widths[0], stride=2), nn.ReLU())
        self.blocks = nn.ModuleList(
            ResidualBlock(before, width, stride=2) for before, width in pairwise(widths)
        )
        height = bands
        for _ in widths:
            height = (height + 1) // 2
        channels = widths[-1] * 2
        self.mix = nn.Sequential(
            nn.Conv1d(widths[-1] * height, channels, 1, bias=False),
            nn.BatchNorm1d(channels),
            nn.ReLU(),
        )
        self.pool = AttentiveStatistics(channels)
        self.drop = nn.Dropout(dropout)
        self.head = nn.Linear(2 * channels, classes)

    def forward(self, mel: Tensor, mask: Tensor | None = None) -> Tensor:
        """`mask` (batch, time) is True where a frame is present."""
        x = hide(mel[..., : self.bands].transpose(1, 2)[:, None], mask)
        mask = shrink(mask, 2)
        x = hide(self.stem(x), mask)
        for block in self.blocks:
            x = block(x, mask)
            mask = shrink(mask, 2)
        return self.head(self.drop(self.pool(self.mix(x.flatten(1, 2)), mask)))


class Averaged(nn.Module):
    """The mean of several networks' logits, as one network; `weights` (alike unless given)."""

    def __init__(self, models: Sequence[nn.Module], weights: Sequence[float] | None = None):
        super().__init__()
        self.models = nn.ModuleList(models)
        weights = [1.0] * len(models) if weights is None else list(weights)
        self.shares = [weight / sum(weights) for weight in weights]

    def forward(self, mel: Tensor, mask: Tensor | None = None) -> Tensor:
        answers = [
            share * model(mel, mask) for share, model in zip(self.shares, self.models, strict=True)
        ]
        return torch.stack(answers).sum(0)


def voice_cnn(
    *,
    classes: int = 8,
    bands: int = 64,
    widths: tuple[int, ...] = (24, 48, 96, 128),
    dropout: float = 0.4,
) -> VoiceCNN:
    """One of the networks that the `voice-ravdess` bundle averages."""
    return VoiceCNN(classes, bands=bands, widths=widths, dropout=dropout)


def example(batch: int, length: int, generator: torch.Generator) -> dict[str, Tensor]:
    return {"mel": torch.randn(batch, length, 64, generator=generator)}


ARCHITECTURE = Architecture("voice_cnn", voice_cnn, example, lengths=(125, 40, 233), masked=True)
