"""`analyse(path)` and `stream(source)`: the same engine, offline and live."""

from .engine import Engine
from .explain import Explanation, explain
from .live import LiveLimits, LiveSession, Mark, Sight, Step, stream_live
from .lsl_markers import as_lsl_markers
from .options import ALL_MODALITIES, MODALITIES, Options
from .run import AnalysisInterrupted, analyse, load_bundles, stream

__all__ = [
    "ALL_MODALITIES",
    "MODALITIES",
    "AnalysisInterrupted",
    "Engine",
    "Explanation",
    "LiveLimits",
    "LiveSession",
    "Mark",
    "Options",
    "Sight",
    "Step",
    "analyse",
    "as_lsl_markers",
    "explain",
    "load_bundles",
    "stream",
    "stream_live",
]
