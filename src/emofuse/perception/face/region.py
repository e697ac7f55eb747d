"""Square, rotated regions of an image, and cutting them out."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np


@dataclass(frozen=True)
class Region:
    """A square of side `size` px around (`x`, `y`), its top edge turned by `angle` radians.

    A positive angle is clockwise as seen in the image (whose y axis points down).
    """

    x: float
    y: float
    size: float
    angle: float = 0.0

    def to_image(self, *, side: int) -> np.ndarray:
        """(2, 3) affine map from points of a `side` x `side` cut-out to points of the image.

        Points, not pixel numbers: the middle of the first pixel is (.5, .5) on both sides.
        """
        scale = self.size / side
        cos, sin = scale * np.cos(self.angle), scale * np.sin(self.angle)
        half = side / 2
        return np.array(
            [
                [cos, -sin, self.x - half * (cos - sin)],
                [sin, cos, self.y - half * (sin + cos)],
            ]
        )


def as_rgb(image: np.ndarray) -> np.ndarray:
    """(H, W), (H, W, 1), (H, W, 3) or (H, W, 4) uint8 as (H, W, 3); grey is repeated.

    Raises `ValueError` for other shapes and types, and for an image without pixels.
    """
    if image.dtype != np.uint8 or image.ndim not in (2, 3) or not image.size:
        raise ValueError(f"expected a uint8 image, got {image.dtype} of shape {image.shape}")
    if image.ndim == 2:
        image = image[..., None]
    if image.shape[2] == 1:
        return np.repeat(image, 3, axis=2)
    if image.shape[2] == 3:
        return image
    if image.shape[2] == 4:
        return np.ascontiguousarray(image[..., :3])
    raise ValueError(f"expected 1, 3 or 4 channels, got {image.shape[2]}")


def cut_out(image: np.ndarray, region: Region, *, side: int, smooth: bool = False) -> np.ndarray:
    """The region as a (side, side[, C]) image; outside the picture the edge is repeated.

    `smooth` samples large regions twice as finely and averages: fine detail, which bilinear
    sampling alone turns into false patterns, matters to expression and sharpness.
    """
    finer = 2 if smooth and region.size > 2 * side else 1
    pixels = region.to_image(side=side * finer)
    pixels[:, 2] += pixels[:, :2].sum(axis=1) / 2 - 0.5  # OpenCV counts from pixel middles
    cut = cv2.warpAffine(
        image,
        pixels,
        (side * finer, side * finer),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return cut if finer == 1 else cv2.resize(cut, (side, side), interpolation=cv2.INTER_AREA)
