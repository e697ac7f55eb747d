"""Upright face boxes, as the published systems cut faces: no levelling, one size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import cv2
import numpy as np

from .region import Region, as_rgb, cut_out

Colour = Literal["rgb", "bgr", "grey"]


def box_crop(
    image_rgb: np.ndarray,
    mesh: np.ndarray,
    *,
    size: int,
    margin: float = 1.0,
    square: bool = True,
) -> np.ndarray:
    """(size, size, 3) uint8 of the box around a mesh (468, 3), `margin` times as wide.

    `square` takes the mean side and keeps the shape of the face; otherwise width and height are
    scaled apart. Outside the picture its edge is repeated.
    """
    points = mesh[:, :2].astype(float)
    low, high = points.min(0), points.max(0)
    centre, sides = (low + high) / 2, np.maximum(high - low, 1.0) * margin
    image = as_rgb(image_rgb)
    if square:
        return cut_out(image, Region(*centre.tolist(), float(sides.mean())), side=size, smooth=True)
    scale = sides / size
    # OpenCV counts from pixel middles; points count from pixel corners.
    pixels = np.array(
        [
            [scale[0], 0, centre[0] - sides[0] / 2 + scale[0] / 2 - 0.5],
            [0, scale[1], centre[1] - sides[1] / 2 + scale[1] / 2 - 0.5],
        ]
    )
    return cv2.warpAffine(
        image,
        pixels,
        (size, size),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )


def middle_square(image_rgb: np.ndarray, *, size: int, white_to_black: bool = False) -> np.ndarray:
    """(size, size, 3) uint8 of a picture's middle, bright (background) pixels black if asked."""
    image = as_rgb(image_rgb)
    if white_to_black:
        grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
        image = np.where(grey[..., None] > 220, np.uint8(0), image)
    height, width = image.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return cv2.resize(
        image[top : top + side, left : left + side],
        (size, size),
        interpolation=cv2.INTER_AREA if side > size else cv2.INTER_LINEAR,
    )


def coloured(picture_rgb: np.ndarray, colour: Colour) -> np.ndarray:
    """(H, W, 3) RGB as (H, W, 3) in another order, or (H, W, 1) grey."""
    if colour == "grey":
        return cv2.cvtColor(picture_rgb, cv2.COLOR_RGB2GRAY)[..., None]
    return picture_rgb if colour == "rgb" else np.ascontiguousarray(picture_rgb[..., ::-1])


def planes(
    pictures: np.ndarray,
    *,
    mean: float | Sequence[float] = 0.0,
    std: float | Sequence[float] = 255.0,
) -> np.ndarray:
    """(…, H, W, C) uint8 as (…, C, H, W) float32, less `mean` and over `std` (of 0..255).

    One number for all channels or one each; the defaults give 0..1.
    """
    values = np.ascontiguousarray(np.moveaxis(pictures, -1, -3), np.float32)
    values -= np.asarray(mean, np.float32).reshape(-1, 1, 1)
    values /= np.asarray(std, np.float32).reshape(-1, 1, 1)
    return values


def unit_planes(pictures: np.ndarray) -> np.ndarray:
    """(…, H, W, C) uint8 as (…, C, H, W) float32 in 0..1."""
    return planes(pictures)


def box_input(
    image_rgb: np.ndarray,
    mesh: np.ndarray,
    *,
    size: int,
    margin: float = 1.0,
    square: bool = True,
    colour: Colour = "rgb",
) -> np.ndarray:
    """(C, size, size) float32 in 0..1 of a face box: "face_box"."""
    crop = box_crop(image_rgb, mesh, size=size, margin=margin, square=square)
    return unit_planes(coloured(crop, colour))


def middle_input(
    image_rgb: np.ndarray,
    mesh: np.ndarray,
    *,
    size: int,
    colour: Colour = "rgb",
    white_to_black: bool = False,
    mean: float | Sequence[float] = 0.0,
    std: float | Sequence[float] = 255.0,
) -> np.ndarray:
    """(C, size, size) float32 of the picture's middle, wherever its face is: "middle_square"."""
    picture = middle_square(image_rgb, size=size, white_to_black=white_to_black)
    return planes(coloured(picture, colour), mean=mean, std=std)
