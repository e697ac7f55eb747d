"""`Architecture`: what the registry knows of a network besides its code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor, nn


@dataclass(frozen=True)
class Architecture:
    """One registered network.

    `build(**sizes)` makes it; `example(batch, length, generator)` makes its inputs, a dict of
    tensors by argument name, at one of `lengths` (the free axis: frames, tokens; pixels where
    there is no other). `masked` says that it takes `mask` (batch, length), True where a value
    is present; with several inputs, `example` holds a mask `<name>_mask` for each. `small` are
    sizes at which big networks are tested; `example` and `lengths` then fit those. An honest
    network leaves the last three at their defaults; the rebuilt published form declares what the
    original suffers from, and the tests assert exactly that: `inert` parameter-name prefixes
    that never get a gradient, `fixed_shape` (another length is an error), `batch_dependent`
    (a clip's answer depends on the others of its batch).
    """

    name: str
    build: Callable[..., nn.Module]
    example: Callable[..., dict[str, Tensor]]
    lengths: tuple[int, ...]
    small: Mapping[str, Any] = field(default_factory=dict)
    masked: bool = False
    form: str = "honest"
    paper: str = ""
    inert: tuple[str, ...] = ()
    fixed_shape: bool = False
    batch_dependent: bool = False

    def parameters(self) -> int:
        """Number of weights of the network at its default sizes, frozen ones included."""
        import torch

        with torch.device("meta"):  # counted without being filled: some are large
            return count_parameters(self.build())


def count_parameters(model: nn.Module) -> int:
    """Weights of `model`, frozen ones included, running statistics excluded."""
    return sum(p.numel() for p in model.parameters())
