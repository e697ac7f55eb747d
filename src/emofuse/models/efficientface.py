"""EfficientFace: frame to embedding (Zhao et al., AAAI 2021), as the audio-video systems use it.

ShuffleNetV2-like trunk, a local extractor over the four quadrants and a channel-spatial modulator.
No weights are shipped: `efficientface(weights=PATH)` reads the public AffectNet-7 file.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from .registry import Architecture
from .weights import load_weights

EMBEDDING = 1024
# The public weights saw RGB scaled to 0..1 and normalised by these; the published audio-video
# systems fed BGR without normalising.
MEAN, STD = (0.5754, 0.4493, 0.4008), (0.2074, 0.1898, 0.1813)
_STEM, _WIDTHS, _DEPTHS = 29, (116, 232, 464), (4, 8, 4)
_QUADRANT = 28  # hard-coded in the original: half of the stem's map for 224 pixels
# What the public file calls the parts that are grouped otherwise here.
_PUBLIC_NAMES = (
    (r"^module\.", ""),
    (r"^fc\..*", None),
    (r"^modulator\.channel_att\.gate_c\.gate_c_fc_0\.", "modulator.channel.0."),
    (r"^modulator\.channel_att\.gate_c\.gate_c_bn_1\.", "modulator.channel.1."),
    (r"^modulator\.channel_att\.gate_c\.gate_c_fc_final\.", "modulator.channel.3."),
    (r"^modulator\.spatial_att\.gate_s\.gate_s_conv_reduce0\.", "modulator.spatial.0."),
    (r"^modulator\.spatial_att\.gate_s\.gate_s_bn_reduce0\.", "modulator.spatial.1."),
    (r"^modulator\.spatial_att\.gate_s\.gate_s_conv_di_0\.", "modulator.spatial.3."),
    (r"^modulator\.spatial_att\.gate_s\.gate_s_bn_di_0\.", "modulator.spatial.4."),
    (r"^modulator\.spatial_att\.gate_s\.gate_s_conv_di_1\.", "modulator.spatial.6."),
    (r"^modulator\.spatial_att\.gate_s\.gate_s_bn_di_1\.", "modulator.spatial.7."),
    (r"^modulator\.spatial_att\.gate_s\.gate_s_conv_final\.", "modulator.spatial.9."),
    *(
        (rf"^local\.{kind}{quadrant + 1}_{part + 1}\.", f"local.{quadrant}.layers.{index}.")
        for quadrant in range(4)
        for part in range(2)
        for kind, index in (("conv", 3 * part), ("bn", 3 * part + 1))
    ),
)


def _conv(inputs: int, outputs: int, kernel: int = 1, *, stride: int = 1, groups: int = 1):
    return nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False)


class ShuffleUnit(nn.Module):
    """ShuffleNetV2 unit: half of the channels pass, half are convolved, then both are mixed."""

    def __init__(self, inputs: int, outputs: int, *, stride: int):
        super().__init__()
        half = outputs // 2
        self.branch1 = None
        if stride == 2:
            self.branch1 = nn.Sequential(
                _conv(inputs, inputs, 3, stride=2, groups=inputs),
                nn.BatchNorm2d(inputs),
                _conv(inputs, half),
                nn.BatchNorm2d(half),
                nn.ReLU(),
            )
        self.branch2 = nn.Sequential(
            _conv(inputs if stride == 2 else half, half),
            nn.BatchNorm2d(half),
            nn.ReLU(),
            _conv(half, half, 3, stride=stride, groups=half),
            nn.BatchNorm2d(half),
            _conv(half, half),
            nn.BatchNorm2d(half),
            nn.ReLU(),
        )

    def forward(self, x: Tensor) -> Tensor:
        if self.branch1 is None:
            kept, rest = x.chunk(2, 1)
            x = torch.cat([kept, self.branch2(rest)], 1)
        else:
            x = torch.cat([self.branch1(x), self.branch2(x)], 1)
        return x.unflatten(1, (2, -1)).transpose(1, 2).flatten(1, 2)  # channel shuffle, 2 groups


class Quadrant(nn.Module):
    """Local extractor of one quadrant: grouped 29 to 116 at half size, then depthwise."""

    def __init__(self):
        super().__init__()
        width = _WIDTHS[0]
        self.layers = nn.Sequential(
            _conv(_STEM, width, 3, stride=2, groups=_STEM),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            _conv(width, width, 3, groups=width),
            nn.BatchNorm2d(width),
            nn.ReLU(),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)


class Modulator(nn.Module):
    """Attention sigmoid(channel logit × spatial logit); its convolutions have biases."""

    def __init__(self, channels: int):
        super().__init__()
        reduced = channels // 16
        self.channel = nn.Sequential(
            nn.Linear(channels, reduced),
            nn.BatchNorm1d(reduced),
            nn.ReLU(),
            nn.Linear(reduced, channels),
        )
        layers: list[nn.Module] = [nn.Conv2d(channels, reduced, 1)]
        for _ in range(2):
            layers += [nn.BatchNorm2d(reduced), nn.ReLU()]
            layers += [nn.Conv2d(reduced, reduced, 3, padding=4, dilation=4)]
        layers += [nn.BatchNorm2d(reduced), nn.ReLU(), nn.Conv2d(reduced, 1, 1)]
        self.spatial = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        channel = self.channel(x.mean((2, 3)))[:, :, None, None]
        return x * torch.sigmoid(channel * self.spatial(x))


class EfficientFace(nn.Module):
    """(batch, 3, height, width) to embeddings (batch, 1024).

    The published quadrant bounds fit sizes from 120 to 224 pixels (multiples of 8) only.
    """

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Sequential(_conv(3, _STEM, 3, stride=2), nn.BatchNorm2d(_STEM), nn.ReLU())
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        before, stages = _STEM, []
        for width, depth in zip(_WIDTHS, _DEPTHS, strict=True):
            units = [ShuffleUnit(before, width, stride=2)]
            units += [ShuffleUnit(width, width, stride=1) for _ in range(depth - 1)]
            stages.append(nn.Sequential(*units))
            before = width
        self.stage2, self.stage3, self.stage4 = stages
        self.local = nn.ModuleList(Quadrant() for _ in range(4))
        self.modulator = Modulator(_WIDTHS[0])
        self.conv5 = nn.Sequential(_conv(before, EMBEDDING), nn.BatchNorm2d(EMBEDDING), nn.ReLU())

    def forward(self, image: Tensor) -> Tensor:
        x = self.maxpool(self.conv1(image))
        x = self.modulator(self.stage2(x)) + self._quadrants(x)
        return self.conv5(self.stage4(self.stage3(x))).mean((2, 3))

    def _quadrants(self, x: Tensor) -> Tensor:
        near, far = slice(0, _QUADRANT), slice(_QUADRANT, 2 * _QUADRANT)
        places = [(near, near), (far, near), (near, far), (far, far)]
        parts = [
            quadrant(x[:, :, rows, columns])
            for quadrant, (rows, columns) in zip(self.local, places, strict=True)
        ]
        return torch.cat([torch.cat(parts[:2], 2), torch.cat(parts[2:], 2)], 3)


def efficientface(*, weights: Path | None = None) -> EfficientFace:
    """The published frame encoder; `image` is RGB (or, as published, BGR) in 0..1.

    `weights` is the user's own copy of `EfficientFace_Trained_on_AffectNet7.pth.tar`.
    """
    model = EfficientFace()
    if weights is not None:
        load_weights(model, weights, names=_PUBLIC_NAMES)
    return model


def example(batch: int, length: int, generator: torch.Generator) -> dict[str, Tensor]:
    return {"image": torch.rand(batch, 3, length, length, generator=generator)}


ARCHITECTURE = Architecture(
    "efficientface",
    efficientface,
    example,
    lengths=(120,),
    form="published",
    paper="Zhao, Liu, Zhou, AAAI 2021",
    fixed_shape=True,
)
