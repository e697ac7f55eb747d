"""468 points on a face: MediaPipe's face mesh (Kartynnik 2019)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .detector import Detection
from .region import Region, as_rgb, cut_out
from .weights import load_session

SIDE = 192
POINTS = 468
# Outer eye corners of the person; right and left are always the person's own.
RIGHT_EYE_OUTER, LEFT_EYE_OUTER = 33, 263
# The network was trained on squares 1.5 times as wide as the face.
REGION_MARGIN = 1.5
FLAG_THRESHOLD = 0.5
# Share of the region's side: beyond it the face is off the middle and the mesh lags behind.
FAST_MOTION = 0.06
# Regions tried on a ready-made crop (share of its side, angle): some hold the whole head, some
# cut forehead and chin, some heads are tilted. The first takes 94 % of FER2013, all of them 97 %.
CROP_GUESSES = ((1.5, 0.0), (1.25, 0.0), (1.4, -0.35), (1.4, 0.35))


@dataclass(frozen=True)
class Sighting:
    """A mesh in one frame, with its `flag` (probability of being a face), the left top and right
    bottom `corners` (2, 2) of its box, and the `region` in which to look for it next."""

    mesh: np.ndarray
    flag: float
    corners: np.ndarray
    region: Region


class FaceMesh:
    """Face landmarks inside a region of an image."""

    def __init__(self) -> None:
        self._session = load_session("mesh.onnx")

    def landmarks(self, image_rgb: np.ndarray, region: Region) -> tuple[np.ndarray, float]:
        """Mesh (468, 3) float32 in px of the image, and the probability that a face is there.

        z is depth in px, smaller towards the camera, zero near the middle of the head.
        """
        crop = cut_out(as_rgb(image_rgb), region, side=SIDE)
        points, flag = self._session.run(None, {"pixels": crop[None]})
        points = points.reshape(POINTS, 3)
        to_image = region.to_image(side=SIDE)
        mesh = np.empty((POINTS, 3), np.float32)
        mesh[:, :2] = points[:, :2] @ to_image[:, :2].T + to_image[:, 2]
        mesh[:, 2] = points[:, 2] * (region.size / SIDE)
        return mesh, float(1 / (1 + np.exp(-np.clip(flag[0, 0], -50, 50))))

    def follow(self, image_rgb: np.ndarray, region: Region) -> Sighting:
        """The face in a region from the frame before; measured again there if it moved far."""
        seen = self._sight(image_rgb, region)
        shift = np.hypot(seen.region.x - region.x, seen.region.y - region.y)
        return seen if shift <= FAST_MOTION * region.size else self._sight(image_rgb, seen.region)

    def settle(self, image_rgb: np.ndarray, region: Region) -> Sighting | None:
        """The face in a rough region (a detection, a guess); None where the mesh sees none.

        Measured twice, the second time in the region that the first mesh asks for: that is how
        the network sees a face while following it, so a first frame is like all others.
        """
        seen = self._sight(image_rgb, region)
        if seen.flag >= FLAG_THRESHOLD:
            seen = self._sight(image_rgb, seen.region)
        return seen if seen.flag >= FLAG_THRESHOLD else None

    def _sight(self, image_rgb: np.ndarray, region: Region) -> Sighting:
        mesh, flag = self.landmarks(image_rgb, region)
        corners = np.stack([mesh[:, :2].min(axis=0), mesh[:, :2].max(axis=0)])
        return Sighting(mesh, flag, corners, region_of_mesh(mesh))


def region_of_detection(detection: Detection) -> Region:
    """Square around a detected face, turned so that the eye line is level."""
    left, top, right, bottom = detection.box
    right_eye, left_eye = detection.keypoints[:2]
    angle = np.arctan2(left_eye[1] - right_eye[1], left_eye[0] - right_eye[0])
    size = REGION_MARGIN * max(right - left, bottom - top)
    return Region((left + right) / 2, (top + bottom) / 2, size, float(angle))


def region_of_mesh(mesh: np.ndarray) -> Region:
    """Square around a mesh, turned so that the line of the outer eye corners is level."""
    eye_line = mesh[LEFT_EYE_OUTER, :2] - mesh[RIGHT_EYE_OUTER, :2]
    angle = float(np.arctan2(eye_line[1], eye_line[0]))
    cos, sin = np.cos(angle), np.sin(angle)
    level = mesh[:, :2] @ np.array([[cos, -sin], [sin, cos]])
    low, high = level.min(axis=0), level.max(axis=0)
    x, y = (low + high) / 2
    size = max(REGION_MARGIN * float(np.max(high - low)), 1.0)
    return Region(float(cos * x - sin * y), float(sin * x + cos * y), size, angle)


def mesh_on_crop(image: np.ndarray) -> np.ndarray | None:
    """Mesh (468, 3) of an image that shows one face and little else (FER2013, face crops).

    None where the network sees no face.
    """
    height, width = image.shape[:2]
    network = FaceMesh()
    for margin, angle in CROP_GUESSES:
        region = Region(width / 2, height / 2, margin * max(height, width), angle)
        found = network.settle(image, region)
        if found is not None:
            return found.mesh
    return None
