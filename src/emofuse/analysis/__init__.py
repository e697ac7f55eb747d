"""`analyse(path)` and `stream(source)`: the same engine, offline and live."""

from .engine import Engine
from .options import MODALITIES, Options
from .run import AnalysisInterrupted, analyse, load_bundles, stream

__all__ = [
    "MODALITIES",
    "AnalysisInterrupted",
    "Engine",
    "Options",
    "analyse",
    "load_bundles",
    "stream",
]
