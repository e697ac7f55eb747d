"""EmoNet (Toisoul et al., Nature Machine Intelligence 2021): face picture to expression.

A two-stack face-alignment network, frozen, whose features and landmark heat maps feed an emotion
head. Only the architecture is here: the weights are CC BY-NC-ND 4.0, so they may neither be
shipped nor be passed on after fine-tuning; the user brings the original file.
"""

from __future__ import annotations

import warnings
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .registry import Architecture
from .weights import load_weights

LICENCE = (
    "EmoNet weights are CC BY-NC-ND 4.0: non-commercial, no derivatives; "
    "do not share weights that were trained from them"
)
EMBEDDING = 256
SMALL = {"width": 16, "landmarks": 5, "image_size": 64}


class ConvBlock(nn.Module):
    """Three pre-activated convolutions in a row, side by side at the end, plus a shortcut."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        widths = (inputs, outputs // 2, outputs // 4, outputs // 4)
        for i in range(3):
            self.add_module(f"bn{i + 1}", nn.BatchNorm2d(widths[i]))
            self.add_module(
                f"conv{i + 1}", nn.Conv2d(widths[i], widths[i + 1], 3, padding=1, bias=False)
            )
        self.downsample = None
        if inputs != outputs:
            self.downsample = nn.Sequential(
                nn.BatchNorm2d(inputs), nn.ReLU(), nn.Conv2d(inputs, outputs, 1, bias=False)
            )

    def forward(self, x: Tensor) -> Tensor:
        first = self.conv1(self.bn1(x).relu())
        second = self.conv2(self.bn2(first).relu())
        third = self.conv3(self.bn3(second).relu())
        shortcut = x if self.downsample is None else self.downsample(x)
        return torch.cat([first, second, third], 1) + shortcut


class Hourglass(nn.Module):
    """Down four times and up again, adding what each size saw; 13 blocks."""

    def __init__(self, width: int, *, depth: int = 4):
        super().__init__()
        self.depth = depth
        for level in range(depth, 0, -1):
            for part in ("b1", "b2", "b3"):
                self.add_module(f"{part}_{level}", ConvBlock(width, width))
        self.b2_plus_1 = ConvBlock(width, width)

    def forward(self, x: Tensor) -> Tensor:
        return self._level(self.depth, x)

    def _level(self, level: int, x: Tensor) -> Tensor:
        low = getattr(self, f"b2_{level}")(F.max_pool2d(x, 2))
        low = self.b2_plus_1(low) if level == 1 else self._level(level - 1, low)
        low = getattr(self, f"b3_{level}")(low)
        return getattr(self, f"b1_{level}")(x) + F.interpolate(low, scale_factor=2.0)


class EmoNet(nn.Module):
    """(batch, 3, 256, 256) RGB in 0..1 to expression logits (batch, classes).

    Names follow the public file. `train()` lets the frozen part's normalisation use and drift on
    batch statistics, as the published fine-tuning did; keep it in `eval()` otherwise.
    """

    def __init__(self, classes: int, *, width: int, landmarks: int, image_size: int):
        super().__init__()
        self.classes = classes
        quarter, half = width // 4, width // 2
        self.conv1, self.bn1 = nn.Conv2d(3, quarter, 7, 2, 3), nn.BatchNorm2d(quarter)
        self.conv2, self.conv3 = ConvBlock(quarter, half), ConvBlock(half, half)
        self.conv4 = ConvBlock(half, width)
        for stack in range(2):
            self.add_module(f"m{stack}", Hourglass(width))
            self.add_module(f"top_m_{stack}", ConvBlock(width, width))
            self.add_module(f"conv_last{stack}", nn.Conv2d(width, width, 1))
            self.add_module(f"bn_end{stack}", nn.BatchNorm2d(width))
            self.add_module(f"l{stack}", nn.Conv2d(width, landmarks, 1))
        self.bl0, self.al0 = nn.Conv2d(width, width, 1), nn.Conv2d(landmarks, width, 1)
        self.requires_grad_(False)
        self.conv1x1_input_emo_2 = nn.Conv2d(3 * width, width, 1)
        self.emo_net_2 = nn.Sequential(
            *(part for _ in range(4) for part in (ConvBlock(width, width), nn.MaxPool2d(2)))
        )
        self.avg_pool_2 = nn.AvgPool2d(image_size // 64)
        self.emo_fc_2 = nn.Sequential(
            nn.Linear(width, 128), nn.BatchNorm1d(128), nn.ReLU(), nn.Linear(128, classes + 2)
        )

    def align(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """The frozen part: features (batch, 3 × width, size / 4, size / 4) and heat maps."""
        x = self.conv2(self.bn1(self.conv1(image)).relu())
        x = self.conv4(self.conv3(F.max_pool2d(x, 2)))
        first, heat = self._stack(0, x)
        first = self.bl0(first)
        second, heat = self._stack(1, x + first + self.al0(heat))
        shown = torch.cat([first, second], 1) * heat.sum(1, keepdim=True)
        return torch.cat([x, shown], 1), heat

    def _stack(self, number: int, x: Tensor) -> tuple[Tensor, Tensor]:
        x = getattr(self, f"top_m_{number}")(getattr(self, f"m{number}")(x))
        x = getattr(self, f"bn_end{number}")(getattr(self, f"conv_last{number}")(x)).relu()
        return x, getattr(self, f"l{number}")(x)

    def embed(self, image: Tensor) -> Tensor:
        """(batch, 256): what the last classifier sees; worth caching, 17 GMAC a face."""
        features, _ = self.align(image)
        return self.avg_pool_2(self.emo_net_2(self.conv1x1_input_emo_2(features))).flatten(1)

    def affect(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Expression logits (batch, classes), valence and arousal (batch,), unbounded."""
        out = self.emo_fc_2(self.embed(image))
        return out[:, : self.classes], out[:, -2], out[:, -1]

    def forward(self, image: Tensor) -> Tensor:
        return self.affect(image)[0]


def emonet(
    *,
    classes: int = 8,
    width: int = 256,
    landmarks: int = 68,
    image_size: int = 256,
    weights: Path | None = None,
) -> EmoNet:
    """EmoNet; `weights` is the user's own copy of the original file, used with a warning."""
    model = EmoNet(classes, width=width, landmarks=landmarks, image_size=image_size)
    if weights is not None:
        warnings.warn(LICENCE, stacklevel=2)
        load_weights(model, weights, names=((r"^module\.", ""),))
    return model


def example(batch: int, length: int, generator: torch.Generator) -> dict[str, Tensor]:
    return {"image": torch.rand(batch, 3, length, length, generator=generator)}


ARCHITECTURE = Architecture(
    "emonet",
    emonet,
    example,
    lengths=(SMALL["image_size"],),
    small=SMALL,
    form="published",
    paper="Toisoul et al. 2021, 10.1038/s42256-020-00280-0",
    fixed_shape=True,
)
