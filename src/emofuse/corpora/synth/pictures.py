"""Pictures as numbered JPEG files."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np


def write_pictures(folder: Path, stem: str, pictures: Iterable[np.ndarray]) -> None:
    """Write RGB pictures (H, W, 3) uint8 as `<stem>0.jpg`, `<stem>1.jpg`, …"""
    import cv2

    folder.mkdir(parents=True, exist_ok=True)
    for number, picture in enumerate(pictures):
        _, encoded = cv2.imencode(".jpg", picture[..., ::-1])
        (folder / f"{stem}{number}.jpg").write_bytes(encoded.tobytes())
