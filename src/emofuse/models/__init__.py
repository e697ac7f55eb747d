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
from .emonet import LICENCE as EMONET_LICENCE
from .face_cnn import ARCHITECTURE as FACE_CNN
from .face_cnn import MirrorAveraged, face_cnn
from .fbccnn import ARCHITECTURE as FBCCNN
from .fbccnn import fbccnn
from .modality_dropout import MODALITY_DROPOUT
from .registry import Architecture, count_parameters
from .repvgg import fused
from .two_stream_audio import weight_penalty
from .voice_cnn import ARCHITECTURE as VOICE_CNN
from .voice_cnn import voice_cnn
from .weights import load_weights
from .xlsr import local_features
from .xlstm_published import PIXEL_MEAN, PIXEL_STD

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
    "EMONET_LICENCE",
    "MODALITY_DROPOUT",
    "MODELS",
    "PIXEL_MEAN",
    "PIXEL_STD",
    "Architecture",
    "MirrorAveraged",
    "count_parameters",
    "eegnet",
    "face_cnn",
    "fbccnn",
    "fused",
    "load_weights",
    "local_features",
    "voice_cnn",
    "weight_penalty",
]
