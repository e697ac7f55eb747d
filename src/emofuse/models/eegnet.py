"""A compact EEG baseline after EEGNet (Lawhern et al. 2018, arXiv 1611.08024)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .registry import Architecture


class EEGNet(nn.Module):
    """(batch, channels, time) EEG, normalised and at `sample_rate`, to (batch, classes) logits.

    A bank of filters in time, electrodes weighed for each filter, a second look in time. Unlike
    the original, the logarithm of each filter's mean power is read (rhythms tell by their
    strength, not their phase) and time is averaged, so any length will do.
    """

    def __init__(self, classes: int, *, channels: int, sample_rate: int, filters: int, depth: int):
        super().__init__()
        width, half = filters * depth, sample_rate // 2
        self.temporal = nn.Sequential(
            nn.Conv2d(1, filters, (1, half | 1), padding=(0, half // 2), bias=False),
            nn.BatchNorm2d(filters),
        )
        self.spatial = nn.Sequential(
            nn.Conv2d(filters, width, (channels, 1), groups=filters, bias=False),
            nn.BatchNorm2d(width),
        )
        self.separable = nn.Sequential(
            nn.Conv2d(width, width, (1, 15), padding=(0, 7), groups=width, bias=False),
            nn.Conv2d(width, width, 1, bias=False),
            nn.BatchNorm2d(width),
        )
        self.drop = nn.Dropout(0.25)
        self.head = nn.Linear(width, classes)

    def forward(self, signal: Tensor) -> Tensor:
        x = self.separable(self.spatial(self.temporal(signal[:, None])))
        power = x.square().mean((2, 3))
        return self.head(self.drop(torch.log(power + 1e-4)))


def eegnet(
    *,
    classes: int = 4,
    channels: int = 62,
    sample_rate: int = 128,
    filters: int = 16,
    depth: int = 2,
) -> EEGNet:
    """The compact baseline; 4,820 values on 62 electrodes."""
    return EEGNet(classes, channels=channels, sample_rate=sample_rate, filters=filters, depth=depth)


def example(batch: int, length: int, generator: torch.Generator) -> dict[str, Tensor]:
    return {"signal": torch.randn(batch, 62, length, generator=generator)}


ARCHITECTURE = Architecture(
    "eegnet",
    eegnet,
    example,
    lengths=(512, 256, 777),
    paper="Lawhern et al. (2018), EEGNet, J. Neural Eng. 15, 056013",
)
