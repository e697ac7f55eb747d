"""Making one face picture look like many: mirrored, turned, moved, relit, partly covered."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True)
class FaceAugment:
    """How far training crops stray from aligned ones; each range is drawn anew for each picture.

    `degrees` turns, `shift` moves (share of the side), `scale` zooms, `squeeze` changes the ratio
    of width to height; `gamma` and `blur` relight and unsharpen; `cover` is the probability of a
    grey patch (Zhong et al. 2020, "Random erasing", arXiv 1708.04896).
    """

    degrees: float = 12.0
    shift: float = 0.06
    scale: float = 0.12
    squeeze: float = 0.06
    gamma: float = 0.35
    blur: float = 0.25
    cover: float = 0.5


def change_faces(
    pixels: Tensor, options: FaceAugment, rng: np.random.Generator, *, side: int | None = None
) -> Tensor:
    """(N, 1, H, W) float grey values 0..255 to changed ones, of `side` pixels where it is given."""
    faces = _moved(pixels, options, rng, side or pixels.shape[-1])
    power = torch.from_numpy(np.exp(rng.normal(0, options.gamma, len(faces))).astype(np.float32))
    faces = 255 * (faces / 255).clamp(0, 1) ** power[:, None, None, None]
    soft = torch.from_numpy(rng.random(len(faces)) < options.blur)
    if soft.any():
        faces[soft] = functional.avg_pool2d(faces[soft], 3, 1, 1, count_include_pad=False)
    return _covered(faces, options.cover, rng)


def _moved(pixels: Tensor, options: FaceAugment, rng: np.random.Generator, side: int) -> Tensor:
    n = len(pixels)
    angle = np.deg2rad(rng.uniform(-options.degrees, options.degrees, n))
    zoom = np.exp(rng.uniform(-options.scale, options.scale, n))
    squeeze = np.exp(rng.uniform(-options.squeeze, options.squeeze, n))
    mirror = rng.choice([-1.0, 1.0], n)
    shift = rng.uniform(-2 * options.shift, 2 * options.shift, (2, n))
    matrix = np.zeros((n, 2, 3), np.float32)
    matrix[:, 0, 0], matrix[:, 0, 1] = (
        np.cos(angle) * zoom * squeeze * mirror,
        -np.sin(angle) * zoom,
    )
    matrix[:, 1, 0], matrix[:, 1, 1] = np.sin(angle) * zoom * mirror, np.cos(angle) * zoom / squeeze
    matrix[:, :, 2] = shift.T
    shape = [n, 1, side, side]
    grid = functional.affine_grid(torch.from_numpy(matrix), shape, align_corners=False)
    return functional.grid_sample(pixels, grid, padding_mode="border", align_corners=False)


def _covered(faces: Tensor, probability: float, rng: np.random.Generator) -> Tensor:
    side = faces.shape[-1]
    for row in np.flatnonzero(rng.random(len(faces)) < probability):
        height, width = rng.integers(side // 8, side // 2, 2)
        top, left = rng.integers(0, side - height), rng.integers(0, side - width)
        faces[row, :, top : top + height, left : left + width] = faces[row].mean()
    return faces
