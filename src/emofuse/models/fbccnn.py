"""FBCCNN as published: seven convolutions on a 9×9 map of band features (Pan & Zheng 2021)."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from .registry import Architecture

WIDTHS = (12, 32, 64, 128, 256, 128, 32)


class FBCCNN(nn.Module):
    """(batch, bands, rows, columns) maps to (batch, classes) logits.

    Nothing is pooled and nothing dropped out: two thirds of its values sit in the first dense
    layer. Normalisation comes after the activation, as published.
    """

    def __init__(self, classes: int, *, bands: int, grid: tuple[int, int]):
        super().__init__()
        layers: list[nn.Module] = []
        for before, width in pairwise((bands, *WIDTHS)):
            layers += [nn.Conv2d(before, width, 3, padding=1), nn.ReLU(), nn.BatchNorm2d(width)]
        self.blocks = nn.Sequential(*layers)
        self.head = nn.Sequential(
            nn.Linear(WIDTHS[-1] * grid[0] * grid[1], 512),
            nn.ReLU(),
            nn.Linear(512, 128),
            nn.ReLU(),
            nn.Linear(128, classes),
        )

    def forward(self, features: Tensor) -> Tensor:
        return self.head(self.blocks(features).flatten(1))


def fbccnn(*, classes: int = 4, bands: int = 4, grid: tuple[int, int] = (9, 9)) -> FBCCNN:
    """The EEG network of the published audio-video and EEG cascade; 2,118,488 values."""
    return FBCCNN(classes, bands=bands, grid=grid)


def example(batch: int, length: int, generator: torch.Generator) -> dict[str, Tensor]:
    return {"features": torch.randn(batch, 4, length, length, generator=generator)}


ARCHITECTURE = Architecture(
    "fbccnn",
    fbccnn,
    example,
    lengths=(9,),
    form="published",
    paper="Pan & Zheng (2021), Emotion Recognition Based on EEG Using Generative Adversarial Nets "
    "and Convolutional Neural Network; as in torcheeg 1.1",
    fixed_shape=True,
)
