"""Torch architectures: one file each, one registry. Function name = model name."""

from __future__ import annotations

from .face_cnn import ARCHITECTURE as FACE_CNN
from .face_cnn import face_cnn
from .registry import Architecture, count_parameters
from .voice_cnn import ARCHITECTURE as VOICE_CNN
from .voice_cnn import voice_cnn

MODELS: dict[str, Architecture] = {entry.name: entry for entry in (FACE_CNN, VOICE_CNN)}

__all__ = ["MODELS", "Architecture", "count_parameters", "face_cnn", "voice_cnn"]
