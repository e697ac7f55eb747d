"""Corpora of single face pictures (FER2013) as films of one frame."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from emofuse.core import InputError
from emofuse.corpora import Manifest


def holds_stills(manifest: Manifest) -> bool:
    """Whether the clips are single pictures, not films."""
    return bool(manifest.clips) and manifest.clips[0].view("image") is not None


def still_pictures(manifest: Manifest) -> list[np.ndarray]:
    """(1, 48, 48, 1) grey uint8 of every clip, rows of one array file. `InputError` for others."""
    path = manifest.root / manifest.clips[0].view("image").path
    if path.suffix != ".npz":
        raise InputError(path, "is not an array file of pictures", "use fer2013.npz")
    with np.load(path, allow_pickle=False) as stored:
        pictures = stored["x"]
    return [pictures[clip.view("image").row][None, :, :, None] for clip in manifest.clips]


def as_frames(
    finish: Callable[[np.ndarray], np.ndarray], *, size: int, channels: int
) -> Callable[[np.ndarray], np.ndarray]:
    """`finish` of grey frames (n, H, W, 1) brought to `size` pixels and as many `channels`."""

    def finished(frames: np.ndarray) -> np.ndarray:
        found = [cv2.resize(frame[..., 0], (size, size)) for frame in frames]
        return finish(np.repeat(np.stack(found)[..., None], channels, -1))

    return finished
