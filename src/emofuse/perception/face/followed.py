"""One face while it is followed: where it is, where it will be, whether it is believed yet."""

from __future__ import annotations

import math

import numpy as np

from .median import RunningMedian
from .mesh import REGION_MARGIN, Sighting
from .quality import PixelQuality, measure_pixels

# Seconds over which the motion is averaged: longer than the jitter, shorter than a turn.
MOTION_MEMORY_SECONDS = 0.25
# A face that left is expected to go on for this long, then to have stopped.
COASTING_SECONDS = 0.5
# Light and sharpness change slowly; cutting the crop out costs as much as all other measures.
PIXELS_EVERY = 3
# From one sighting to the next: nobody comes 1.8 times closer even in an absence.
MOST_GROWTH = 1.8


class FollowedFace:
    """A face and its memory. `person` is None until it is confirmed."""

    def __init__(self, sighting: Sighting, *, seconds: float):
        self.person: str | None = None
        self.visible = True
        self.agreements = 0
        self.usual = RunningMedian()
        self.sighting, self.seconds = sighting, seconds
        self._velocity = np.zeros(2)
        self._pixels: PixelQuality | None = None
        self._looks = 0

    def pixels(self, image: np.ndarray) -> PixelQuality:
        """Sharpness and light, measured in every `PIXELS_EVERY`-th frame and held in between."""
        if self._pixels is None or self._looks % PIXELS_EVERY == 0:
            self._pixels = measure_pixels(image, self.sighting.mesh)
        self._looks += 1
        return self._pixels

    def move(self, sighting: Sighting, *, seconds: float) -> None:
        """Take the sighting of a new frame; a face back from an absence starts at rest."""
        before, elapsed = self.sighting.region, seconds - self.seconds
        was_visible, self.visible = self.visible, True
        self.sighting, self.seconds = sighting, seconds
        if not was_visible or elapsed <= 0:
            self._velocity = np.zeros(2)
            return
        step = np.array([sighting.region.x - before.x, sighting.region.y - before.y])
        weight = 1 - math.exp(-elapsed / MOTION_MEMORY_SECONDS)
        self._velocity += weight * (step / elapsed - self._velocity)

    def misfit(self, sighting: Sighting, *, seconds: float) -> float:
        """How badly a sighting fits as this face's continuation; above 1 it is another face.

        Distance from where the motion should have led counts in face sizes, and is forgiven more
        the longer the face was away.
        """
        here, there = self.sighting.region, sighting.region
        away = max(seconds - self.seconds, 0.0)
        dx, dy = self._velocity * min(away, COASTING_SECONDS)
        shift = math.hypot(there.x - here.x - dx, there.y - here.y - dy)
        shift /= here.size / REGION_MARGIN
        growth = abs(math.log(there.size / here.size)) / math.log(MOST_GROWTH)
        return max(shift / (0.8 + 0.6 * away), growth)
