"""Corpora that hold one side of the trimodal system, or features and no media.

Text (MELD, GoEmotions), single faces (FER2013) and the CMU-MOSI features of bc-LSTM.
"""

from __future__ import annotations

import csv
from functools import partial

import numpy as np

from emofuse.core import InputError
from emofuse.corpora import Manifest
from emofuse.models import MODELS, PIXEL_MEAN, PIXEL_STD
from emofuse.perception.face import planes
from emofuse.perception.text import token_ids
from emofuse.training.examples import Input

from .stills import as_frames, still_pictures

FACE_SIZE = 48
FEATURES = ("audio", "text", "video")
# What is read -> the network that reads it, and the modality of its bundle.
ALONE = {
    "text": ("xlstm_words", "text"),
    "faces": ("xlstm_faces", "video"),
    "features": ("xlstm_features", "features"),
}


def word_input(manifest: Manifest, *, checkpoint: str, vocabulary: int, mask: str) -> Input:
    """Token ids of every clip's words."""
    parameters = {"checkpoint": checkpoint, "vocabulary": vocabulary}
    return Input(
        "tokens",
        [token_ids(clip.text or "", **parameters) for clip in manifest.clips],
        mask=mask,
        integer=True,
        front_end="tokens",
        parameters=parameters,
    )


def still_faces(manifest: Manifest) -> Input:
    """(1, 3, 48, 48) of every clip, each channel the grey face by the published numbers."""
    finish = partial(planes, mean=PIXEL_MEAN, std=PIXEL_STD)
    return Input(
        "faces",
        still_pictures(manifest),
        mask="mask",
        augment=_mirrored,
        finish=as_frames(finish, size=FACE_SIZE, channels=3),
    )


def _mirrored(frames: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return frames[:, :, ::-1] if rng.random() < 0.5 else frames


def feature_inputs(manifest: Manifest) -> tuple[Input, ...]:
    """Three rows of numbers a clip as three sequences of one step, z-scored by the training part.

    `InputError` where a clip has no three views of features.
    """
    tables: dict[str, list] = {}
    found: dict[str, list[np.ndarray]] = {name: [] for name in FEATURES}
    for clip in manifest.clips:
        views = [view for view in clip.views if view.kind == "features"]
        if len(views) != len(FEATURES):
            raise InputError(
                clip.id, f"has no features of {', '.join(FEATURES)}", "use mosi-features"
            )
        for name, view in zip(FEATURES, views, strict=True):
            if view.path not in tables:
                with open(manifest.root / view.path, newline="", encoding="utf-8") as file:
                    tables[view.path] = [row for row in csv.reader(file) if row]
            # The last column is the label.
            found[name].append(np.array([tables[view.path][view.row][:-1]], np.float32))
    return tuple(
        Input(name, values, mask=f"{name}_mask", normalise=(0,)) for name, values in found.items()
    )


def build_alone(reads: str, *, classes: int, dim: int, text: dict):
    """The network that reads `reads`; `text` is the text net's checkpoint and shape."""
    sizes = {"text": text, "faces": {}, "features": {"dim": dim}}[reads]
    return MODELS[ALONE[reads][0]].build(classes=classes, **sizes)
