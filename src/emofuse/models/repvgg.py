"""RepVGG blocks (Ding et al., CVPR 2021): three branches to train, one convolution to deploy.

`fused` re-parameterises a copy and leaves the network that trains alone. The published trimodal
system fused in place at its first evaluation, after which its video trunk never learned again.
"""

from __future__ import annotations

import copy

import torch
import torch.nn.functional as F
from torch import Tensor, nn

TRUNK_FEATURES = 4608


class RepVGGBlock(nn.Module):
    """relu(BN(conv 3×3) + BN(conv 1×1) + BN(x) where the width stays)."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.wide = _conv_norm(inputs, outputs, 3)
        self.point = _conv_norm(inputs, outputs, 1)
        self.identity = nn.BatchNorm2d(inputs) if inputs == outputs else None

    def forward(self, x: Tensor) -> Tensor:
        total = self.wide(x) + self.point(x)
        return torch.relu(total if self.identity is None else total + self.identity(x))

    def to_conv(self) -> nn.Sequential:
        """The same function (in evaluation mode) as one convolution with bias."""
        parts = [_fold(self.wide[0].weight, self.wide[1])]
        parts.append(_fold(F.pad(self.point[0].weight, [1] * 4), self.point[1]))
        if self.identity is not None:
            unit = torch.zeros_like(self.wide[0].weight)
            unit[range(len(unit)), range(len(unit)), 1, 1] = 1
            parts.append(_fold(unit, self.identity))
        weight, bias = (sum(part) for part in zip(*parts, strict=True))
        conv = nn.Conv2d(weight.shape[1], weight.shape[0], 3, padding=1)
        conv.load_state_dict({"weight": weight, "bias": bias})
        return nn.Sequential(conv, nn.ReLU())


def _conv_norm(inputs: int, outputs: int, kernel: int) -> nn.Sequential:
    conv = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(outputs))


def _fold(weight: Tensor, norm: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    gain = norm.weight / (norm.running_var + norm.eps).sqrt()
    return weight * gain.view(-1, 1, 1, 1), norm.bias - norm.running_mean * gain


def fused(model: nn.Module) -> nn.Module:
    """A copy of `model` in evaluation mode with every RepVGG block as one convolution."""
    model = copy.deepcopy(model).eval()
    for name, module in list(model.named_modules()):
        if isinstance(module, RepVGGBlock):
            parent, _, last = name.rpartition(".")
            setattr(model.get_submodule(parent), last, module.to_conv())
    return model


def face_trunk() -> nn.Sequential:
    """Faces (batch, 3, 48, 48) to (batch, 4608): the trimodal system's own arrangement of blocks.

    1,811,584 weights, 1,628,032 when fused.
    """
    return nn.Sequential(
        nn.Conv2d(3, 64, 5, padding=2),
        nn.BatchNorm2d(64),
        nn.ReLU(),
        nn.MaxPool2d(2),
        RepVGGBlock(64, 64),
        RepVGGBlock(64, 64),
        RepVGGBlock(64, 128),
        nn.MaxPool2d(2),
        RepVGGBlock(128, 256),
        nn.MaxPool2d(2),
        RepVGGBlock(256, 512),
        nn.MaxPool2d(2),
        nn.Flatten(),
    )
