"""Making one film look like many: turned and mirrored, the same for all its frames."""

from __future__ import annotations

import cv2
import numpy as np

from .examples import Augment


def turned_and_mirrored(*, degrees: int) -> Augment:
    """(frames, H, W, C) uint8 turned by up to `degrees`, black corners, mirrored half of the time."""

    def change(frames: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        mirror, angle = rng.random() < 0.5, float(rng.integers(-degrees, degrees + 1))
        height, width = frames.shape[1:3]
        turn = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), angle, 1.0)
        turned = [cv2.warpAffine(np.asarray(f), turn, (width, height)) for f in frames]
        shaped = np.stack(turned).reshape(frames.shape)
        return shaped[:, :, ::-1] if mirror else shaped

    return change
