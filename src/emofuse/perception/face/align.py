"""Level, equally scaled face crops: the pictures that expression models are fed."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from .box import box_input, middle_input
from .mesh import LEFT_EYE_OUTER, RIGHT_EYE_OUTER
from .region import Region, as_rgb, cut_out

LEFT_EYE = (LEFT_EYE_OUTER, 362, 386, 374)
RIGHT_EYE = (RIGHT_EYE_OUTER, 133, 159, 145)
MOUTH_CORNERS = (61, 291)


def align_region(mesh: np.ndarray, *, margin: float = 1.0) -> Region:
    """The square from above the brows to the chin, level with the eyes, of a mesh (468, 3).

    Its side follows the larger of eye distance and eye-to-mouth distance, as turning the head
    shortens one of them but hardly the other. `margin` widens it.
    """
    points = mesh[:, :2].astype(float)
    right, left = points[list(RIGHT_EYE)].mean(axis=0), points[list(LEFT_EYE)].mean(axis=0)
    eyes, mouth = (left + right) / 2, points[list(MOUTH_CORNERS)].mean(axis=0)
    across, down = left - right, mouth - eyes
    unit = max(float(np.hypot(*across)), 0.92 * float(np.hypot(*down)))
    centre = eyes + 0.45 * down
    size = max(2.5 * unit * margin, 1.0)
    return Region(*centre.tolist(), size, float(np.arctan2(across[1], across[0])))


def align_face(
    image_rgb: np.ndarray, mesh: np.ndarray, *, size: int, margin: float = 1.0
) -> np.ndarray:
    """(size, size, 3) uint8 face crop, eyes level; outside the picture its edge is repeated."""
    return cut_out(as_rgb(image_rgb), align_region(mesh, margin=margin), side=size, smooth=True)


def expression_crop(
    image_rgb: np.ndarray, mesh: np.ndarray, *, size: int = 48, margin: float = 1.0
) -> np.ndarray:
    """(1, size, size) float32 grey face crop of zero mean and unit variance: "aligned_gray".

    Centring and scaling each crop takes out most of the difference between lights and cameras.
    """
    grey = cv2.cvtColor(align_face(image_rgb, mesh, size=size, margin=margin), cv2.COLOR_RGB2GRAY)
    grey = grey.astype(np.float32)
    # A crop of one shade stays zero instead of becoming amplified noise.
    return ((grey - grey.mean()) / max(float(grey.std()), 1.0))[None]


FRONT_ENDS: dict[str, Callable[..., np.ndarray]] = {
    "aligned_gray": expression_crop,
    "face_box": box_input,
    "middle_square": middle_input,
}
