"""Seventeen convolutions on the waveform: the audio front of the trimodal system."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

STRIDE = 1024  # samples between two output steps
# (inputs, outputs, kernel, stride, padding) of each convolution; four stages end in pooling by 4.
_STAGES = (
    ((1, 18, 160, 4, 0),),
    ((18, 18, 3, 1, 1),) * 4,
    ((18, 36, 3, 1, 1), *((36, 36, 3, 1, 1),) * 3),
    ((36, 72, 3, 1, 1), *((72, 72, 3, 1, 1),) * 3),
    ((72, 144, 3, 1, 1), *((144, 144, 3, 1, 1),) * 3),
)
WIDTH = 144


class Waveform17(nn.Module):
    """(batch, samples) to (batch, steps, 144); 295,830 weights, 12,060 samples seen by a step.

    Needs at least 1,180 samples for one step.
    """

    def __init__(self, *, dropout: float = 0.15):
        super().__init__()
        self.stages = nn.ModuleList(
            nn.ModuleList(
                nn.Sequential(
                    nn.Conv1d(inputs, outputs, kernel, stride, padding),
                    nn.BatchNorm1d(outputs),
                    nn.LeakyReLU(0.01),
                )
                for inputs, outputs, kernel, stride, padding in stage
            )
            for stage in _STAGES
        )
        self.drop = nn.Dropout(dropout)

    def forward(self, waveform: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """`mask` (batch, samples), padding last; returns the steps and the mask of whole steps."""
        x = waveform[:, None]
        length = None if mask is None else mask.sum(1)
        for number, stage in enumerate(self.stages):
            for layer in stage:
                x = layer(x)
                if length is not None:
                    if number == 0:
                        length = (length - 160).div(4, rounding_mode="floor") + 1
                    x = _hide_after(x, length)
            x = self.drop(x) if number else x
            if number < len(self.stages) - 1:
                x = F.max_pool1d(x, 4)
                length = None if length is None else length.div(4, rounding_mode="floor")
        x = x.transpose(1, 2)
        return x, None if length is None else _steps(x, 1) < length[:, None]


def _steps(x: Tensor, axis: int) -> Tensor:
    """0, 1, 2, … along `axis`, as a row; traced with the length that the input has at run time."""
    return torch.arange(x.shape[axis], device=x.device)[None]


def _hide_after(x: Tensor, length: Tensor) -> Tensor:
    """Zeros beyond each clip's end: what a padded convolution sees of the clip alone."""
    return x * (_steps(x, 2) < length[:, None])[:, None].to(x.dtype)
