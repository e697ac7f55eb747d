"""A trained network with all that comes before it as ONNX, compared with torch before it goes out."""

from __future__ import annotations

import inspect

import numpy as np
import torch
from torch import Tensor, nn

from emofuse.bundle import InputSpec
from emofuse.core import InputError
from emofuse.models import count_parameters

from .examples import Examples, Named
from .export import export_onnx, largest_difference
from .fed_network import FedNetwork
from .system import Exported

# ONNX Runtime and torch must agree to this, relative to the largest logit where that is above 1.
TOLERANCE = 1e-4
_COMPARED = 3  # clips, each of its own length


def to_onnx(
    model: FedNetwork, examples: Examples, *, single_frame: bool = False, masked: bool = False
) -> Exported:
    """The network as ONNX, with the frozen encoders of its inputs and its normalisation.

    `masked` keeps the masks as inputs, so that a modality may be missing; without it one complete
    recording at a time is answered. `single_frame` takes one picture instead of a film.
    `InputError` when ONNX Runtime and torch differ by more than `TOLERANCE`, at any of several
    lengths and batch sizes, or with a modality missing.
    """
    served = _Served(model, examples, single_frame=single_frame, masked=masked)
    batches = [_shown(examples, row, served) for row in _present(examples)]
    inputs = {name: torch.cat([value, value]) for name, value in batches[0].items()}
    free = _free_axes(examples, served)
    onnx = export_onnx(served, inputs, free_axes=free, positional=True)
    compared = [inputs, *batches, *_lacking(batches[0], served)]
    with torch.inference_mode():
        largest = max(float(served(**batch).abs().max()) for batch in compared)
    difference = max(largest_difference(onnx, served, batch) for batch in compared)
    if not difference <= TOLERANCE * max(1.0, largest):
        raise InputError("export", f"ONNX and torch differ by {difference:.2g}", "report this")
    shapes = {
        name: tuple(free[name].get(axis, size) for axis, size in enumerate(value.shape))
        for name, value in inputs.items()
    }
    checks = {"largest_difference": difference, "largest_logit": largest}
    return Exported(onnx, _specs(examples, shapes), count_parameters(model.network), checks)


class _Served(nn.Module):
    """The network as a bundle runs it: what the front ends give in, logits out."""

    def __init__(self, model: FedNetwork, examples: Examples, *, single_frame: bool, masked: bool):
        super().__init__()
        self.model, self.single_frame = model, single_frame
        self.masks = model.masks if masked else {}
        self.names = [name for name in model.names if masked or name not in model.masks.values()]
        self.encoders = nn.ModuleDict(
            {part.name: part.encoder() for part in examples.inputs if part.encoder is not None}
        )

    def forward(self, *given: Tensor, **inputs: Tensor) -> Tensor:
        """By position in the order of the export, or by name."""
        named = inputs or dict(zip(self.names, given, strict=True))
        if self.single_frame:
            named = {name: value[:, None] for name, value in named.items()}
        for name, encoder in self.encoders.items():
            steps = encoder(named[name].flatten(0, 1))
            named = {**named, name: steps.reshape(*named[name].shape[:2], -1)}
        return self.model.answer({**self._needed_masks(named), **named})

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


def _shown(examples: Examples, row: int, served: _Served) -> Named:
    """One clip as the bundle takes it; noise for the pictures behind an encoder's answers."""
    whole = examples.named_batch(np.array([row]))
    for part in examples.inputs:
        if part.encoder is not None:
            size = part.parameters["size"]
            channels = 1 if part.parameters["colour"] == "grey" else 3
            steps = whole[part.name].shape[1]
            noise = np.random.default_rng(row).standard_normal((1, steps, channels, size, size))
            whole[part.name] = torch.from_numpy(noise.astype(np.float32))
    named = {name: whole[name] for name in served.names}
    return {n: value[:, 0] for n, value in named.items()} if served.single_frame else named


def _lacking(batch: Named, served: _Served) -> list[Named]:
    """The batch without each of its maskable inputs, where it has several."""
    masks = list(served.masks.values())
    if len(masks) < 2:
        return []
    return [{**batch, mask: torch.zeros_like(batch[mask])} for mask in masks]


def _free_axes(examples: Examples, served: _Served) -> dict[str, dict[int, str]]:
    free = {}
    for part in examples.inputs:
        lengths = {1: f"{part.name}_length"} if part.mask and not served.single_frame else {}
        free[part.name] = {0: "batch", **lengths}
        if part.name in served.masks:
            free[part.mask] = free[part.name]
    return free


def _specs(examples: Examples, shapes: dict[str, tuple[int | str, ...]]) -> tuple[InputSpec, ...]:
    """What the bundle says of each input, in the order of the ONNX file."""
    found = []
    for part in examples.inputs:
        found.append(InputSpec(part.name, part.front_end, shapes[part.name], dict(part.parameters)))
        if part.mask in shapes:
            found.append(InputSpec(part.mask, "mask", shapes[part.mask], {"of": part.name}))
    return tuple(found)
