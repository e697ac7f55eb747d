"""Writers and readers as functions of a `core.Timeline`."""

from importlib import import_module

from .json_file import dumps
from .palette import colours, modality_colours
from .registry import FORMATS, Format, find_format, load, read_segments, save

# Loaded on first use: drawing on video needs OpenCV and a decoder, everything else does not.
_LAZY = {
    "blur": ".drawing",
    "draw_moment": ".overlay",
    "save_explanation": ".explanation_figure",
    "save_overlay": ".overlay",
}
__all__ = [
    "FORMATS",
    "Format",
    "blur",
    "colours",
    "draw_moment",
    "dumps",
    "find_format",
    "load",
    "modality_colours",
    "read_segments",
    "save",
    "save_explanation",
    "save_overlay",
]


def __getattr__(name: str):
    if name in _LAZY:
        return getattr(import_module(_LAZY[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
