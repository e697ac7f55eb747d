"""`analyse(path)` and `stream(source)`: the same engine, offline and live."""

from .engine import Engine
from .live import LiveLimits, LiveSession, Mark, Sight, Step, stream_live
from .options import MODALITIES, Options
from .run import AnalysisInterrupted, analyse, load_bundles, stream

__all__ = [
    "MODALITIES",
    "AnalysisInterrupted",
    "Engine",
    "LiveLimits",
    "LiveSession",
    "Mark",
    "Options",
    "Sight",
    "Step",
    "analyse",
    "load_bundles",
    "stream",
    "stream_live",
]
