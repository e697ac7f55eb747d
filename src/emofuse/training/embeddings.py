"""Frozen frame embeddings of a clip, computed once: a missing frame is a row of NaN."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from torch import nn

from emofuse.core import Clip, View, file_sha256
from emofuse.corpora import Manifest
from emofuse.perception.face import FrameOptions, arranged, planes

from .examples import Input
from .features_cache import view_features
from .pictures import FILM_VIEWS, clip_pictures, film_parameters
from .system import Progress


def embedded_film(
    name: str,
    manifest: Manifest,
    frames: FrameOptions,
    encoder: Callable[[], nn.Module],
    *,
    identity: str,
    width: int,
    mask: str,
    mean: float | tuple[float, ...] = 0.0,
    std: float | tuple[float, ...] = 255.0,
    kinds: tuple[str, ...] = FILM_VIEWS,
    progress: Progress | None = None,
) -> Input:
    """(frames, width) float32 of every clip as an input; length 0 where a clip has no film.

    `encoder()` makes the frozen network, only if the cache lacks a clip (and for the bundle, whose
    part it becomes); it takes pictures (n, C, size, size), less `mean` over `std` (of 0..255).
    `identity` tells networks apart: other weights, other values.
    """
    network = lru_cache(maxsize=1)(lambda: encoder().eval())
    frames = replace(frames, missing="mask")
    parameters = film_parameters(frames, mean=mean, std=std)

    def compute(clip: Clip, view: View) -> np.ndarray:
        pictures, there = arranged(clip_pictures(manifest, clip, view, frames), frames)
        found = np.full((len(pictures), width), np.nan, np.float32)
        if there.any():
            shown = torch.from_numpy(planes(pictures[there], mean=mean, std=std))
            frozen = network()  # made outside: what is made in inference mode cannot be exported
            with torch.inference_mode():
                found[there] = frozen(shown).numpy()
        return found

    values = view_features(
        manifest,
        kinds,
        compute,
        name="frame-embeddings",
        settings={**parameters, "encoder": identity},
        absent=lambda: np.zeros((0, width), np.float32),
        progress=progress,
    )
    return Input(
        name,
        values,
        mask=mask,
        normalise=(0,),
        front_end="film",
        parameters=parameters,
        encoder=network,
    )


def weights_identity(name: str, weights: str, *, seed: int) -> str:
    """What tells frozen networks apart: the file their weights came from, or the seed."""
    return f"{name} {file_sha256(Path(weights))}" if weights else f"{name} random {seed}"
