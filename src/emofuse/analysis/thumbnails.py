"""A few small pictures of every face, for people who read the timeline."""

from __future__ import annotations

import cv2
import numpy as np

from emofuse.core import Thumbnail
from emofuse.perception.face import TrackedFace, align_face

SIZE = 96  # pixels
MOST = 48  # pictures a person; an hour of video keeps as many as a minute


class ThumbnailKeeper:
    """Keeps one aligned picture a person every `step` seconds, thinning as the file gets long."""

    def __init__(self, *, blur: bool):
        self.blur = blur
        self.step_seconds: dict[str, float] = {}
        self.kept: dict[str, list[Thumbnail]] = {}

    def look(self, image: np.ndarray, faces: list[TrackedFace], *, seconds: float) -> None:
        for face in faces:
            kept = self.kept.setdefault(face.person, [])
            step = self.step_seconds.setdefault(face.person, 1.0)
            if kept and seconds - kept[-1].seconds < step:
                continue
            crop = align_face(image, face.mesh, size=SIZE)
            if self.blur:
                crop = cv2.GaussianBlur(crop, (0, 0), SIZE / 8)
            kept.append(Thumbnail(face.person, seconds, crop))
            if len(kept) > MOST:
                del kept[1::2]
                self.step_seconds[face.person] = 2 * step

    @property
    def thumbnails(self) -> list[Thumbnail]:
        return [thumbnail for kept in self.kept.values() for thumbnail in kept]
