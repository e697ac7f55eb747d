"""The systems that `emofuse train` knows: one module each, loaded when asked for."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from emofuse.core import InputError

from . import RECIPES

if TYPE_CHECKING:
    from emofuse.training.system import System

# Name -> the module here that holds it as SYSTEM. They need the train extra, so none is imported
# before it is wanted.
SYSTEMS = {
    "au-static": "au_static",
    "au-bilstm": "au_bilstm",
    "xlsr-finetune": "xlsr_finetune",
    "xlsr-static": "xlsr_static",
    "xlsr-au-fusion": "xlsr_au_fusion",
    "mel-transformer": "mel_transformer",
    "av-hybrid-fusion": "av_hybrid_fusion",
    "xlstm-albert-repvgg": "xlstm_albert_repvgg",
    "emonet-lstm": "emonet_lstm",
    "mel-emonet-fusion": "mel_emonet_fusion",
    "two-stream": "two_stream",
}


def system(name: str) -> System:
    """The system called `name`; `InputError` lists those there are, or gives a bundle's command."""
    if name in RECIPES:
        raise InputError(
            name,
            "is a bundle with a recipe of its own",
            f"python -m emofuse.systems {name} --data DIR",
        )
    if name not in SYSTEMS:
        raise InputError(name, "no such system", f"choose one of {', '.join(SYSTEMS)}")
    return import_module(f".{SYSTEMS[name]}", __package__).SYSTEM


def systems() -> tuple[System, ...]:
    """All of them, in the order of the list above."""
    return tuple(system(name) for name in SYSTEMS)
