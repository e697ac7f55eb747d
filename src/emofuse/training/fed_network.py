"""A network with what must happen to its inputs first."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn

from .examples import Examples


class FedNetwork(nn.Module):
    """A network whose inputs are normalised by numbers of the training part.

    Takes the inputs by position, in the order of `names`, and gives logits (batch, classes). The
    numbers are buffers: checkpoint and ONNX file carry them, so they cannot get lost.
    """

    def __init__(self, network: nn.Module, examples: Examples, rows: np.ndarray | None):
        """`rows` are those the numbers are taken from; None where a checkpoint brings them."""
        super().__init__()
        self.network, self.names = network, examples.names
        self.normalised = tuple(p.name for p in examples.inputs if p.normalise is not None)
        for part in examples.inputs:
            if part.normalise is not None:
                mean, spread = part.statistics(np.arange(1) if rows is None else rows)
                self.register_buffer(f"{part.name}_mean", torch.from_numpy(mean))
                self.register_buffer(f"{part.name}_spread", torch.from_numpy(spread))
        self.masks = {p.name: p.mask for p in examples.inputs if p.mask}

    def forward(self, *inputs: Tensor) -> Tensor:
        return self.answer(dict(zip(self.names, inputs, strict=True)))

    def answer(self, named: Mapping[str, Tensor]) -> Tensor:
        """Logits of inputs by name; masks may be left out where everything is present."""
        fed = dict(named)
        for name in self.normalised:
            value = (fed[name] - getattr(self, f"{name}_mean")) / getattr(self, f"{name}_spread")
            fed[name] = _hidden(value, fed.get(self.masks.get(name, "")))
        return self.network(**fed)


def _hidden(value: Tensor, mask: Tensor | None) -> Tensor:
    """Zero where `mask` (batch, length) is False: what a network sees beyond the true end."""
    if mask is None:
        return value
    return value * mask.view(*mask.shape, *[1] * (value.ndim - 2)).to(value.dtype)
