"""Reading weights that the user brings: tensors only, and never half of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from emofuse.core import InputError


def load_weights(
    model: nn.Module, path: Path, *, names: tuple[tuple[str, str | None], ...] = ()
) -> None:
    """Put the state dict stored at `path` into `model`; every weight of `model` must be there.

    `names` are (pattern, replacement) pairs that lead from the file's names to the model's, tried
    in order, all that match; None drops the entry. Accepts a plain state dict or a checkpoint that
    holds one as `state_dict`. `InputError` for what is no such file or does not fit.
    """
    remedy = "give the original checkpoint file of this network"
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch lets through whatever its readers meet in damaged bytes
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(str(path), f"no tensors can be read from it ({reason})", remedy) from error
    if isinstance(found, Mapping) and isinstance(found.get("state_dict"), Mapping):
        found = found["state_dict"]
    if not isinstance(found, Mapping) or not all(isinstance(v, Tensor) for v in found.values()):
        raise InputError(str(path), "is not a state dict", remedy)
    _put(model, _rename(found, names), path, remedy)


def _rename(state: Mapping[str, Tensor], names) -> dict[str, Tensor]:
    renamed = {}
    for name, value in state.items():
        for pattern, replacement in names:
            if re.search(pattern, name):
                name = None if replacement is None else re.sub(pattern, replacement, name)
            if name is None:
                break
        if name is not None:
            renamed[name] = value
    return renamed


def _put(model: nn.Module, state: Mapping[str, Tensor], path: Path, remedy: str) -> None:
    wanted = model.state_dict()
    # Step counters of normalisation layers carry no knowledge and older files lack them.
    needed = {name for name in wanted if not name.endswith("num_batches_tracked")}
    if missing := sorted(needed - set(state)):
        raise InputError(
            str(path), f"lacks {len(missing)} weights, the first is {missing[0]}", remedy
        )
    for name in needed:
        if state[name].shape != wanted[name].shape:
            shapes = f"{tuple(state[name].shape)}, not {tuple(wanted[name].shape)}"
            raise InputError(str(path), f"{name} has shape {shapes}", remedy)
    model.load_state_dict({name: state[name] for name in needed}, strict=False)
