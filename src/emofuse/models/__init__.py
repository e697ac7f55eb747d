"""Torch architectures: one file each, one registry. Function name = model name."""

from __future__ import annotations

from . import (
    au_bilstm,
    av_honest,
    av_published,
    efficientface,
    xlsr,
)
from .eegnet import ARCHITECTURE as EEGNET
from .eegnet import eegnet
from .face_cnn import ARCHITECTURE as FACE_CNN
from .face_cnn import face_cnn
from .fbccnn import ARCHITECTURE as FBCCNN
from .fbccnn import fbccnn
from .registry import Architecture, count_parameters
from .voice_cnn import ARCHITECTURE as VOICE_CNN
from .voice_cnn import voice_cnn

MODELS: dict[str, Architecture] = {
    entry.name: entry for entry in (FACE_CNN, VOICE_CNN, FBCCNN, EEGNET)
}

__all__ = [
    "MODELS",
    "Architecture",
    "count_parameters",
    "eegnet",
    "face_cnn",
    "fbccnn",
    "voice_cnn",
]
