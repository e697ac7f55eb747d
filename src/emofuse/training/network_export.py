"""A trained network with its normalisation as ONNX, compared with torch before it is let out."""

from __future__ import annotations

import inspect

import numpy as np
import torch
from torch import Tensor, nn

from emofuse.bundle import InputSpec
from emofuse.core import InputError
from emofuse.models import count_parameters

from .examples import Examples, Input, Named
from .export import export_onnx, largest_difference
from .fed_network import FedNetwork
from .system import Exported

# ONNX Runtime and torch must agree to this, relative to the largest logit where that is above 1.
TOLERANCE = 1e-4
_COMPARED = 3  # clips, each of its own length


def to_onnx(model: FedNetwork, examples: Examples, *, single_frame: bool = False) -> Exported:
    """The network as ONNX without masks: one recording at a time needs no padding.

    `single_frame` takes one picture instead of a film. `InputError` when ONNX Runtime and torch
    differ by more than `TOLERANCE`, at any of several lengths and batch sizes.
    """
    bare = _Unmasked(model, single_frame=single_frame)
    batches = [_shown(examples, row, single_frame) for row in _present(examples)]
    inputs = {name: torch.cat([value, value]) for name, value in batches[0].items()}
    free = {part.name: _free_axes(part, single_frame) for part in examples.inputs}
    onnx = export_onnx(bare, inputs, free_axes=free, positional=True)
    with torch.inference_mode():
        largest = max(float(bare(**batch).abs().max()) for batch in batches)
    difference = max(largest_difference(onnx, bare, batch) for batch in (inputs, *batches))
    if not difference <= TOLERANCE * max(1.0, largest):
        raise InputError("export", f"ONNX and torch differ by {difference:.2g}", "report this")
    specs = tuple(
        InputSpec(
            part.name,
            part.front_end,
            tuple(
                free[part.name].get(axis, size) for axis, size in enumerate(inputs[part.name].shape)
            ),
            dict(part.parameters),
        )
        for part in examples.inputs
    )
    checks = {"largest_difference": difference, "largest_logit": largest}
    return Exported(onnx, specs, count_parameters(model.network), checks)


class _Unmasked(nn.Module):
    """The network for one recording at a time: everything in it is present."""

    def __init__(self, model: FedNetwork, *, single_frame: bool):
        super().__init__()
        self.model, self.single_frame = model, single_frame
        self.names = [name for name in model.names if name not in model.masks.values()]

    def forward(self, *given: Tensor, **inputs: Tensor) -> Tensor:
        """By position in the order of the export, or by name."""
        named = inputs or dict(zip(self.names, given, strict=True))
        if self.single_frame:
            named = {name: value[:, None] for name, value in named.items()}
        return self.model.answer({**named, **self._needed_masks(named)})

    def _needed_masks(self, named: Named) -> Named:
        """All-true masks for networks that cannot do without."""
        wanted = inspect.signature(self.model.network.forward).parameters
        return {
            mask: torch.ones(named[name].shape[:2], dtype=torch.bool)
            for name, mask in self.model.masks.items()
            if mask in wanted and wanted[mask].default is inspect.Parameter.empty
        }


def _present(examples: Examples) -> list[int]:
    """Rows of a few clips that lack nothing; `InputError` where there is none."""
    rows = [
        row
        for row in range(len(examples.clips))
        if all(not part.mask or len(part.values[row]) for part in examples.inputs)
    ]
    if not rows:
        raise InputError("export", "every clip lacks a modality", "train on other clips")
    return rows[:: max(1, len(rows) // _COMPARED)][:_COMPARED]


def _shown(examples: Examples, row: int, single_frame: bool) -> Named:
    whole = examples.named_batch(np.array([row]))
    named = {part.name: whole[part.name] for part in examples.inputs}
    return {name: value[:, 0] for name, value in named.items()} if single_frame else named


def _free_axes(part: Input, single_frame: bool) -> dict[int, str]:
    if part.mask and not single_frame:
        return {0: "batch", 1: f"{part.name}_length"}
    return {0: "batch"}
