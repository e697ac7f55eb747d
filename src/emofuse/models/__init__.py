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
    xlstm_alone,
    xlstm_honest,
    xlstm_published,
)
from .eegnet import ARCHITECTURE as EEGNET
from .eegnet import eegnet
from .efficientface import EMBEDDING as EFFICIENTFACE_EMBEDDING
from .efficientface import MEAN as EFFICIENTFACE_MEAN
from .efficientface import STD as EFFICIENTFACE_STD
from .emonet import EMBEDDING as EMONET_EMBEDDING
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
from .voice_cnn import Averaged, voice_cnn
from .voice_functionals import ARCHITECTURE as VOICE_FUNCTIONALS
from .voice_functionals import voice_functionals
from .weights import load_weights
from .xlsr import local_features, wav2vec2
from .xlstm_published import PIXEL_MEAN, PIXEL_STD
from .xlstm_published import SAMPLES as PUBLISHED_SAMPLES

MODELS: dict[str, Architecture] = {
    entry.name: entry
    for entry in (
        FACE_CNN,
        VOICE_CNN,
        VOICE_FUNCTIONALS,
        FBCCNN,
        EEGNET,
        efficientface.ARCHITECTURE,
        *av_published.ARCHITECTURES,
        *av_honest.ARCHITECTURES,
        au_bilstm.ARCHITECTURE,
        *xlsr.ARCHITECTURES,
        xlstm_published.ARCHITECTURE,
        xlstm_honest.ARCHITECTURE,
        *xlstm_alone.ARCHITECTURES,
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
    "EFFICIENTFACE_EMBEDDING",
    "EFFICIENTFACE_MEAN",
    "EFFICIENTFACE_STD",
    "EMONET_EMBEDDING",
    "EMONET_LICENCE",
    "MODALITY_DROPOUT",
    "MODELS",
    "PIXEL_MEAN",
    "PIXEL_STD",
    "PUBLISHED_SAMPLES",
    "Architecture",
    "Averaged",
    "MirrorAveraged",
    "count_parameters",
    "eegnet",
    "face_cnn",
    "fbccnn",
    "fused",
    "load_weights",
    "local_features",
    "voice_cnn",
    "voice_functionals",
    "wav2vec2",
    "weight_penalty",
]
