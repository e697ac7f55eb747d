"""Counting a network's values without making them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from emofuse.models import count_parameters


def parameters_of(build: Callable[[Any, int], nn.Module], options: Any, *, classes: int = 8) -> int:
    """Trainable values of `build(options, classes)`; nothing is allocated, however large it is."""
    with torch.device("meta"):
        return count_parameters(build(options, classes))
