"""Frozen frame embeddings of a clip, computed once: a missing frame is a row of NaN."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from emofuse.core import Clip, View, file_sha256
from emofuse.corpora import Manifest
from emofuse.perception.face import unit_planes

from .features_cache import view_features
from .pictures import FILM_VIEWS, FrameOptions, sampled_pictures
from .system import Progress


def frame_embeddings(
    manifest: Manifest,
    frames: FrameOptions,
    encoder: Callable[[], nn.Module],
    encode: Callable[[nn.Module, Tensor], Tensor],
    *,
    identity: str,
    width: int,
    kinds: tuple[str, ...] = FILM_VIEWS,
    progress: Progress | None = None,
) -> list[np.ndarray]:
    """(frames, width) float32 of every clip; length 0 where a clip has no film.

    `encoder()` makes the network, only if the cache lacks a clip; `encode(network, pictures)` is
    given (n, C, size, size) in 0..1. `identity` tells networks apart: other weights, other values.
    """
    network = lru_cache(maxsize=1)(lambda: encoder().eval())
    frames = replace(frames, missing="drop")

    def compute(clip: Clip, view: View) -> np.ndarray:
        pictures = sampled_pictures(manifest, clip, view, frames)
        found = np.full((len(pictures), width), np.nan, np.float32)
        there = [i for i, picture in enumerate(pictures) if picture is not None]
        if there:
            planes = torch.from_numpy(unit_planes(np.stack([pictures[i] for i in there])))
            with torch.inference_mode():
                found[there] = encode(network(), planes).numpy()
        return found

    return view_features(
        manifest,
        kinds,
        compute,
        name="frame-embeddings",
        settings={**asdict(frames), "encoder": identity},
        absent=lambda: np.zeros((0, width), np.float32),
        progress=progress,
    )


def weights_identity(name: str, weights: str, *, seed: int) -> str:
    """What tells frozen networks apart: the file their weights came from, or the seed."""
    return f"{name} {file_sha256(Path(weights))}" if weights else f"{name} random {seed}"
