"""Frame classifiers of the two-stream system (gianscuri): a small CNN, and ResNet-50 frozen.

A clip's answer is the mean of its frames' probabilities. As published both take one picture size.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from .registry import Architecture

Order = Literal["shipped", "notebook"]
_STAGES = ((1, 32, 5), (32, 64, 5), (64, 128, 3), (128, 256, 3))
_EPSILON, _MOMENTUM = 1e-3, 0.01  # Keras's defaults, where the published weights come from


def _normalise(kind: type[nn.Module], width: int, epsilon: float = _EPSILON) -> nn.Module:
    return kind(width, eps=epsilon, momentum=_MOMENTUM)


def _finish(kind: type[nn.Module], width: int, *, norm_last: bool) -> list[nn.Module]:
    norm = _normalise(kind, width)
    return [nn.ELU(), norm] if norm_last else [norm, nn.ELU()]


class DCNN(nn.Module):
    """Grey pictures (batch, 1, 112, 112) in 0..1 (minus the mean face, or not) to logits.

    `order` "shipped" is the network whose numbers were published: ELU before the normalisation
    everywhere but in the first stage; "notebook" is the repository's last state.
    """

    def __init__(self, classes: int, *, drops: tuple[float, ...], order: Order, image_size: int):
        super().__init__()
        layers: list[nn.Module] = []
        for stage, (inputs, outputs, kernel) in enumerate(_STAGES):
            norm_last = order == "shipped" and stage > 0
            layers.append(nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2))
            layers += _finish(nn.BatchNorm2d, outputs, norm_last=norm_last)
            layers.append(nn.MaxPool2d(2))
            if stage:
                layers.append(nn.Dropout(drops[stage - 1]))
        layers += [nn.Flatten(), nn.Linear(256 * (image_size // 16) ** 2, 128)]
        layers += _finish(nn.BatchNorm1d, 128, norm_last=order == "shipped")
        layers += [nn.Dropout(drops[3]), nn.Linear(128, classes)]
        self.layers = nn.Sequential(*layers)
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                nn.init.kaiming_normal_(module.weight)
                nn.init.zeros_(module.bias)

    def forward(self, image: Tensor) -> Tensor:
        return self.layers(image)


class Bottleneck(nn.Module):
    """ResNet's three convolutions as in Keras: with biases, the stride in the first."""

    def __init__(self, inputs: int, width: int, *, stride: int):
        super().__init__()
        outputs = 4 * width
        self.main = nn.Sequential(
            *_conv_norm(inputs, width, 1, stride=stride),
            nn.ReLU(),
            *_conv_norm(width, width, 3),
            nn.ReLU(),
            *_conv_norm(width, outputs, 1),
        )
        self.shortcut = None
        if inputs != outputs:
            self.shortcut = nn.Sequential(*_conv_norm(inputs, outputs, 1, stride=stride))

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.main(x) + (x if self.shortcut is None else self.shortcut(x)))


def _conv_norm(inputs: int, outputs: int, kernel: int, *, stride: int = 1) -> list[nn.Module]:
    conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2)
    return [conv, _normalise(nn.BatchNorm2d, outputs, 1.001e-5)]


class StreamResNet50(nn.Module):
    """RGB (batch, 3, 224, 224) to logits; the trunk is frozen and stays in evaluation mode.

    The published run scaled pictures to 0..1 and then subtracted means meant for 0..255, which
    left 1/255 of the contrast: its result says nothing about transfer learning.
    """

    def __init__(self, classes: int):
        super().__init__()
        layers = [*_conv_norm(3, 64, 7, stride=2), nn.ReLU(), nn.MaxPool2d(3, 2, 1)]
        inputs = 64
        for stage, depth in enumerate((3, 4, 6, 3)):
            width = 64 * 2**stage
            for block in range(depth):
                stride = 2 if stage and block == 0 else 1
                layers.append(Bottleneck(inputs, width, stride=stride))
                inputs = 4 * width
        self.trunk = nn.Sequential(*layers).requires_grad_(False)
        self.head = nn.Sequential(nn.Linear(inputs, 512), nn.ReLU(), nn.Linear(512, classes))

    def train(self, mode: bool = True) -> StreamResNet50:
        super().train(mode)
        self.trunk.eval()
        return self

    def forward(self, image: Tensor) -> Tensor:
        return self.head(self.trunk(image).mean((2, 3)))


def stream_dcnn(
    *,
    classes: int = 7,
    drops: tuple[float, ...] = (0.4, 0.4, 0.5, 0.6),
    order: Order = "shipped",
    image_size: int = 112,
) -> DCNN:
    """Published video nets 3 to 5 (full frame, face, face minus mean face)."""
    return DCNN(classes, drops=drops, order=order, image_size=image_size)


def stream_resnet50(*, classes: int = 7) -> StreamResNet50:
    """Published video nets 1 and 2 (colour, full or black background)."""
    return StreamResNet50(classes)


def example_grey(batch: int, length: int, generator: torch.Generator) -> dict[str, Tensor]:
    return {"image": torch.rand(batch, 1, length, length, generator=generator)}


def example_colour(batch: int, length: int, generator: torch.Generator) -> dict[str, Tensor]:
    return {"image": torch.rand(batch, 3, length, length, generator=generator)}


_PAPER = "gianscuri/Emotion-Recognition_SER-FER_RAVDESS"
ARCHITECTURES = (
    Architecture(
        "stream_dcnn",
        stream_dcnn,
        example_grey,
        lengths=(112,),
        form="published",
        paper=_PAPER,
        fixed_shape=True,
    ),
    Architecture(
        "stream_resnet50",
        stream_resnet50,
        example_colour,
        lengths=(64, 48, 96),
        form="published",
        paper=_PAPER,
    ),
)
