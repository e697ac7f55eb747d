"""Layers that several of our networks share, all of them blind to what a mask hides."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def conv_norm(inputs: int, outputs: int, *, kernel: int = 3, stride: int = 1) -> nn.Sequential:
    """Convolution without bias and batch normalisation, "same" padding for odd kernels."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False),
        nn.BatchNorm2d(outputs),
    )


class SqueezeExcite(nn.Module):
    """Channel gates from the (masked) mean over space (Hu et al. 2018, arXiv 1709.01507)."""

    def __init__(self, channels: int, *, reduction: int = 8):
        super().__init__()
        self.gate = nn.Sequential(
            nn.Linear(channels, channels // reduction),
            nn.ReLU(),
            nn.Linear(channels // reduction, channels),
            nn.Sigmoid(),
        )

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """`x` (batch, channels, height, width); `mask` (batch, width)."""
        if mask is None:
            mean = x.mean((2, 3))
        else:
            weight = mask[:, None, :].to(x.dtype)
            mean = (x.mean(2) * weight).sum(2) / weight.sum(2).clamp(min=1)
        return x * self.gate(mean)[:, :, None, None]


class ResidualBlock(nn.Module):
    """Two 3×3 convolutions, channel gates and a shortcut (He et al. 2016).

    `stride` halves both axes. The last normalisation starts at zero, so that a block starts as
    its shortcut and deep stacks train at once.
    """

    def __init__(self, inputs: int, outputs: int, *, stride: int = 1):
        super().__init__()
        self.first = conv_norm(inputs, outputs, stride=stride)
        self.second = conv_norm(outputs, outputs)
        self.gate = SqueezeExcite(outputs)
        same = inputs == outputs and stride == 1
        self.shortcut = None if same else conv_norm(inputs, outputs, kernel=1, stride=stride)
        self.stride = stride
        nn.init.zeros_(self.second[1].weight)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """`x` is zero wherever `mask` (batch, width) is False, and so is the answer."""
        mask = shrink(mask, self.stride)
        hidden = hide(torch.relu(self.first(x)), mask)
        hidden = self.gate(self.second(hidden), mask)
        shortcut = x if self.shortcut is None else self.shortcut(x)
        return hide(torch.relu(shortcut + hidden), mask)


def shrink(mask: Tensor | None, stride: int) -> Tensor | None:
    """The mask of a "same"-padded convolution's output along its last axis."""
    return None if mask is None else mask[:, ::stride]


def hide(x: Tensor, mask: Tensor | None) -> Tensor:
    """Zero where `mask` (batch, width) is False: what a convolution sees beyond the true end."""
    return x if mask is None else x * mask[:, None, None, :].to(x.dtype)


class AttentiveStatistics(nn.Module):
    """Weighted mean and standard deviation over time (Okabe et al. 2018, arXiv 1803.10963).

    (batch, channels, time) to (batch, 2 × channels); masked moments get no weight.
    """

    def __init__(self, channels: int, *, hidden: int = 64):
        super().__init__()
        self.score = nn.Sequential(
            nn.Conv1d(channels, hidden, 1), nn.Tanh(), nn.Conv1d(hidden, channels, 1)
        )

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        score = self.score(x)
        if mask is not None:
            score = score.masked_fill(~mask[:, None, :], torch.finfo(score.dtype).min)
        weight = score.softmax(-1)
        mean = (weight * x).sum(-1)
        variance = (weight * (x - mean[:, :, None]).square()).sum(-1)
        return torch.cat([mean, (variance + 1e-5).sqrt()], dim=1)
