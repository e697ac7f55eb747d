"""How far a face can be trusted: size, sharpness, light, pose and certainty of the mesh."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from .align import align_face

# Sharpness depends on the size of the picture, so it is measured on crops of one size.
CROP_SIDE = 64


@dataclass(frozen=True)
class FaceQuality:
    """`score` 0..1 is the product of how far each of the others lets a face be read.

    `size_px` distance between the eyes; `blur` 0 (sharp) to 1 (no detail left); `brightness` mean
    grey value 0..1; `yaw` degrees; `confidence` of the mesh network 0..1.
    """

    score: float
    size_px: float
    blur: float
    brightness: float
    yaw: float
    confidence: float


@dataclass(frozen=True)
class PixelQuality:
    """What the pixels of an aligned crop say: `blur` 0..1, `brightness` 0..1, `contrast` in grey
    levels. It changes slowly, so a tracker need not measure it in every frame."""

    blur: float
    brightness: float
    contrast: float


def measure_pixels(image_rgb: np.ndarray, mesh: np.ndarray) -> PixelQuality:
    """Sharpness, light and contrast of the face under `mesh` in a (H, W, 3) uint8 image."""
    crop = align_face(image_rgb, mesh, size=CROP_SIDE)
    grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)
    mean, deviation = (float(v[0, 0]) for v in cv2.meanStdDev(grey))
    detail = float(cv2.meanStdDev(cv2.Laplacian(grey, cv2.CV_16S))[1][0, 0])
    # Detail relative to contrast: a dark face is not a blurred one. Sharp faces reach .6 to .9,
    # faces blown up from 24 px .2 to .3, heavily smoothed ones .1.
    return PixelQuality(1 - ramp(detail / max(deviation, 1.0), 0.1, 0.6), mean / 255, deviation)


def face_quality(
    pixels: PixelQuality, *, size_px: float, yaw: float, confidence: float
) -> FaceQuality:
    """Quality of a face from its pixels, size, pose and the mesh's confidence."""
    score = (
        ramp(size_px, 8, 30)
        * ramp(90 - abs(yaw), 20, 60)
        * ramp(pixels.brightness, 0.04, 0.15)
        * ramp(pixels.contrast, 4, 16)
        * ramp(1 - pixels.blur, 0.1, 0.4)
        * ramp(confidence, 0.4, 0.9)
    )
    return FaceQuality(score, size_px, pixels.blur, pixels.brightness, yaw, confidence)


def ramp(value: float, low: float, high: float) -> float:
    """0 up to `low`, 1 from `high` on, straight between."""
    return min(max((value - low) / (high - low), 0.0), 1.0)
