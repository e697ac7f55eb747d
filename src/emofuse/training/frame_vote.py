"""A picture classifier as a classifier of clips: the mean of its frames' probabilities."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from .examples import Augment


class FrameVote(nn.Module):
    """(batch, frames, C, H, W) and their mask to log-probabilities (batch, classes).

    Trained with one frame a clip it is the picture classifier itself. A clip without a frame gets
    equal probabilities.
    """

    def __init__(self, network: nn.Module):
        super().__init__()
        self.network = network

    def forward(self, image: Tensor, mask: Tensor | None = None) -> Tensor:
        logits = self.network(image.flatten(0, 1)).unflatten(0, image.shape[:2])
        if mask is None:
            return logits.log_softmax(-1).logsumexp(1) - float(np.log(image.shape[1]))
        lowest = torch.finfo(logits.dtype).min
        votes = logits.log_softmax(-1).masked_fill(~mask[:, :, None], lowest)
        mean = votes.logsumexp(1) - mask.sum(1, keepdim=True).clamp(min=1).log()
        return torch.where(mask.any(1, keepdim=True), mean, torch.zeros_like(mean)).log_softmax(-1)


def one_frame(*, mirror: bool = True, cut: float = 0.0) -> Augment:
    """Takes one of (frames, H, W, C) uint8 at random, mirrors it and blackens a square of it.

    `cut` is the side of the square in shares of the picture's (the published RandomCutout: 0.4).
    """

    def change(frames: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        frame = np.array(frames[rng.integers(len(frames))])
        if mirror and rng.random() < 0.5:
            frame = frame[:, ::-1]
        if cut:
            side = round(cut * len(frame))
            top, left = rng.integers(0, len(frame) - side + 1, 2)
            frame = np.array(frame)
            frame[top : top + side, left : left + side] = 0
        return frame[None]

    return change
