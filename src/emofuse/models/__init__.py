"""Torch architectures: one file each, one registry. Function name = model name."""

from __future__ import annotations

from . import (
    au_bilstm,
    av_honest,
    av_published,
    efficientface,
    emonet,
    emonet_honest,
    emonet_lstm,
    mel_honest,
    mel_transformer,
    two_stream_audio,
    two_stream_face,
    xlsr,
    xlstm_honest,
    xlstm_published,
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
    entry.name: entry
    for entry in (
        FACE_CNN,
        VOICE_CNN,
        FBCCNN,
        EEGNET,
        efficientface.ARCHITECTURE,
        *av_published.ARCHITECTURES,
        *av_honest.ARCHITECTURES,
        au_bilstm.ARCHITECTURE,
        *xlsr.ARCHITECTURES,
        xlstm_published.ARCHITECTURE,
        xlstm_honest.ARCHITECTURE,
        mel_transformer.ARCHITECTURE,
        mel_honest.ARCHITECTURE,
        emonet.ARCHITECTURE,
        *emonet_lstm.ARCHITECTURES,
        *emonet_honest.ARCHITECTURES,
        *two_stream_face.ARCHITECTURES,
        *two_stream_audio.ARCHITECTURES,
    )
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
