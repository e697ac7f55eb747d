"""EEG: reading, channel quality, bands, differential entropy, grids, live streams."""

from .bands import (
    BANDS,
    CONTEXT_SECONDS,
    DELTA,
    FOUR_BANDS,
    PUBLISHED_RATE_HZ,
    published_filter,
    require_rate,
    resampled,
    zero_phase,
)
from .chunk import EegChunk, chunks
from .features import (
    WINDOW_SECONDS,
    asymmetry,
    band_variance,
    differential_entropy,
    entropy,
    grid,
    window_features,
)
from .front_ends import FRONT_ENDS, Stretch, laid_out
from .lsl import lsl_eeg, lsl_library
from .matlab import read_seediv_features
from .montage import EPOC14, GRID, GRID_SIZE, SEED62, pairs, standard_name
from .normalise import Normaliser, fit_normaliser
from .quality import bridge, channel_states
from .read import SUFFIXES, read_eeg
from .recording import EegRecording, Marker, make_recording

__all__ = [
    "BANDS",
    "CONTEXT_SECONDS",
    "DELTA",
    "EPOC14",
    "FOUR_BANDS",
    "FRONT_ENDS",
    "GRID",
    "GRID_SIZE",
    "PUBLISHED_RATE_HZ",
    "SEED62",
    "SUFFIXES",
    "WINDOW_SECONDS",
    "EegChunk",
    "EegRecording",
    "Marker",
    "Normaliser",
    "Stretch",
    "asymmetry",
    "band_variance",
    "bridge",
    "channel_states",
    "chunks",
    "differential_entropy",
    "entropy",
    "fit_normaliser",
    "grid",
    "laid_out",
    "lsl_eeg",
    "lsl_library",
    "make_recording",
    "pairs",
    "published_filter",
    "read_eeg",
    "read_seediv_features",
    "require_rate",
    "resampled",
    "standard_name",
    "window_features",
    "zero_phase",
]
