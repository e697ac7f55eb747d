"""Training with modalities taken away, so that a net learns to do without them.

The published recipe (Chumachenko et al. 2022) repeats each batch with changed inputs, which makes
the frame encoder work four times. The same functions on encoded features cost next to nothing,
and `present` tells our honest forms which modality is gone, so that a learned token stands in.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

# (first modality, second modality, target, generator) to the same three and present (batch, 2).
Dropout = Callable[[Tensor, Tensor, Tensor, torch.Generator], tuple[Tensor, Tensor, Tensor, Tensor]]


def none(first: Tensor, second: Tensor, target: Tensor, generator: torch.Generator):
    """Both modalities as they are."""
    return first, second, target, torch.ones(len(target), 2, dtype=torch.bool)


def softhard(first: Tensor, second: Tensor, target: Tensor, generator: torch.Generator):
    """Four times the batch, shuffled: both; both scaled by c and 1 − c; either one alone.

    c is drawn per clip from 0, 0.01, …, 0.99. An absent modality is all zeros.
    """
    share = torch.randint(0, 100, (len(target),), generator=generator) / 100
    gone_first, gone_second = torch.zeros_like(first), torch.zeros_like(second)
    return _shuffled(
        [first, _scaled(first, share), gone_first, first],
        [second, _scaled(second, 1 - share), second, gone_second],
        target,
        present=[(True, True), (True, True), (False, True), (True, False)],
        generator=generator,
    )


def noise(first: Tensor, second: Tensor, target: Tensor, generator: torch.Generator):
    """Three times the batch, shuffled: both; either one replaced by standard normal noise."""
    return _shuffled(
        [first, _noise_like(first, generator), first],
        [second, second, _noise_like(second, generator)],
        target,
        present=[(True, True), (False, True), (True, False)],
        generator=generator,
    )


MODALITY_DROPOUT: dict[str, Dropout] = {"softhard": softhard, "noise": noise, "none": none}


def _scaled(x: Tensor, share: Tensor) -> Tensor:
    return x * share.to(x.dtype).view(-1, *[1] * (x.ndim - 1))


def _noise_like(x: Tensor, generator: torch.Generator) -> Tensor:
    return torch.randn(x.shape, generator=generator, dtype=x.dtype)


def _shuffled(first, second, target: Tensor, *, present, generator: torch.Generator):
    order = torch.randperm(len(first) * len(target), generator=generator)
    here = torch.tensor(present).repeat_interleave(len(target), 0)
    targets = torch.cat([target] * len(first))
    return torch.cat(first)[order], torch.cat(second)[order], targets[order], here[order]
