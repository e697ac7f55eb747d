"""One face while it is followed: where it is, where it will be, whether it is believed yet."""

from __future__ import annotations

import numpy as np

from .median import RunningMedian

# Seconds over which the motion is averaged: longer than the jitter, shorter than a turn.
MOTION_MEMORY_SECONDS = 0.25
# A face that left is expected to go on for this long, then to have stopped.
COASTING_SECONDS = 0.5
# Log ratio of face sizes before and after an absence: nobody comes 1.8 times closer in it.
MOST_GROWTH = float(np.log(1.8))


class FollowedFace:
    """A face and its memory. `person` is None until it is confirmed."""

    def __init__(self, mesh: np.ndarray, flag: float, *, seconds: float):
        self.person: str | None = None
        self.visible = True
        self.agreements = 0
        self.usual = RunningMedian()
        self._velocity = np.zeros(2)
        self._set(mesh, flag, seconds)

    def _set(self, mesh: np.ndarray, flag: float, seconds: float) -> None:
        self.mesh, self.flag, self.seconds = mesh, flag, seconds
        self.corners = mesh_corners(mesh)
        self.centre, self.size = self.corners.mean(axis=0), longer_side(self.corners)

    def move(self, mesh: np.ndarray, flag: float, *, seconds: float) -> None:
        """Take the mesh of a new frame; a face seen again after an absence starts at rest."""
        before, elapsed = self.centre, seconds - self.seconds
        was_visible, self.visible = self.visible, True
        self._set(mesh, flag, seconds)
        if not was_visible or elapsed <= 0:
            self._velocity = np.zeros(2)
            return
        weight = 1 - np.exp(-elapsed / MOTION_MEMORY_SECONDS)
        self._velocity += weight * ((self.centre - before) / elapsed - self._velocity)

    def expected_centre(self, seconds: float) -> np.ndarray:
        """Where the centre should be at `seconds`, were it to go on as before."""
        coasting = min(max(seconds - self.seconds, 0.0), COASTING_SECONDS)
        return self.centre + coasting * self._velocity

    def misfit(self, mesh: np.ndarray, *, seconds: float) -> float:
        """How badly a mesh fits as this face's continuation; above 1 it is another face.

        Position counts in face sizes and is forgiven more the longer the face was away.
        """
        corners = mesh_corners(mesh)
        shift = np.hypot(*(corners.mean(axis=0) - self.expected_centre(seconds))) / self.size
        away = max(seconds - self.seconds, 0.0)
        growth = abs(np.log(longer_side(corners) / self.size))
        return float(max(shift / (0.8 + 0.6 * away), growth / MOST_GROWTH))


def mesh_corners(mesh: np.ndarray) -> np.ndarray:
    """(2, 2) left top and right bottom corner of the box around a mesh, px."""
    return np.stack([mesh[:, :2].min(axis=0), mesh[:, :2].max(axis=0)]).astype(float)


def longer_side(corners: np.ndarray) -> float:
    return max(float(np.max(corners[1] - corners[0])), 1e-6)
