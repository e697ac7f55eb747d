"""`Architecture`: what the registry knows of a network besides its code."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor, nn


@dataclass(frozen=True)
class Architecture:
    """One registered network.

    `build(**sizes)` makes it; `example(batch, length, generator)` makes its inputs, a dict of
    tensors by argument name, at one of `lengths` (the free axis: frames, tokens; pixels where
    there is no other). `masked` says that it takes `mask` (batch, length), True where a value
    is present. An honest network leaves the last three at their defaults; the rebuilt published
    form declares what the original suffers from, and the tests assert exactly that: `inert`
    parameter-name prefixes that never get a gradient, `fixed_shape`, `batch_dependent`.
    """

    name: str
    build: Callable[..., nn.Module]
    example: Callable[..., dict[str, Tensor]]
    lengths: tuple[int, ...]
    masked: bool = False
    form: str = "honest"
    paper: str = ""
    inert: tuple[str, ...] = ()
    fixed_shape: bool = False
    batch_dependent: bool = False

    def parameters(self) -> int:
        """Number of trainable values of the network at its default sizes."""
        return count_parameters(self.build())


def count_parameters(model: nn.Module) -> int:
    """Trainable values of `model`."""
    return sum(p.numel() for p in model.parameters() if p.requires_grad)
