"""The default face network: a small residual CNN on aligned grey crops."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .layers import ResidualBlock, conv_norm
from .registry import Architecture


class FaceCNN(nn.Module):
    """(batch, 1, height, width) grey values, zero mean and unit variance, to (batch, classes).

    A strided stem and one to two residual blocks a stage keep it under 3 ms on one core.
    """

    def __init__(self, classes: int, *, widths: tuple[int, ...], depths: tuple[int, ...]):
        super().__init__()
        self.stem = nn.Sequential(conv_norm(1, widths[0], kernel=5, stride=2), nn.ReLU())
        blocks: list[nn.Module] = []
        for stage, (width, depth) in enumerate(zip(widths, depths, strict=True)):
            for index in range(depth):
                before = widths[max(stage - 1, 0)] if index == 0 else width
                stride = 2 if stage and index == 0 else 1
                blocks.append(ResidualBlock(before, width, stride=stride))
        self.blocks = nn.Sequential(*blocks)
        self.drop = nn.Dropout(0.3)
        self.head = nn.Linear(widths[-1], classes)

    def forward(self, image: Tensor) -> Tensor:
        return self.head(self.drop(self.blocks(self.stem(image)).mean((2, 3))))


class MirrorAveraged(nn.Module):
    """The mean of a network's logits on a face and on its mirror image.

    A mirrored face then gets the same answer by construction.
    """

    def __init__(self, model: nn.Module):
        super().__init__()
        self.model = model

    def forward(self, image: Tensor) -> Tensor:
        return (self.model(image) + self.model(image.flip(-1))) / 2


def face_cnn(
    *,
    classes: int = 7,
    widths: tuple[int, ...] = (32, 64, 128, 192),
    depths: tuple[int, ...] = (1, 2, 1, 1),
) -> FaceCNN:
    """The network of the `face-fer` bundle."""
    return FaceCNN(classes, widths=widths, depths=depths)


def example(batch: int, length: int, generator: torch.Generator) -> dict[str, Tensor]:
    return {"image": torch.randn(batch, 1, length, length, generator=generator)}


ARCHITECTURE = Architecture("face_cnn", face_cnn, example, lengths=(48, 64, 80))
