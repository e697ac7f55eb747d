"""Find faces in a whole picture: MediaPipe's full-range detector (BlazeFace, Bazarevsky 2019)."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from .region import as_rgb
from .weights import load_session

SIDE = 192
CELLS = 48


@dataclass(frozen=True)
class Detection:
    """A face: `box` (left, top, right, bottom) px, `score` 0..1, `keypoints` (6, 2) px.

    Key points: right eye, left eye, nose tip, mouth centre, right ear, left ear (of the person).
    """

    box: tuple[float, float, float, float]
    score: float
    keypoints: np.ndarray


class FaceDetector:
    """Faces from about 1/20 of the longer picture side upwards, most certain first."""

    def __init__(self, *, threshold: float = 0.5, same_face_overlap: float = 0.3):
        self.threshold = threshold
        self.same_face_overlap = same_face_overlap
        self._session = load_session("detector.onnx")
        y, x = np.mgrid[0:CELLS, 0:CELLS]
        self._anchors = (np.stack([x.ravel(), y.ravel()], axis=1) + 0.5) / CELLS

    def detect(self, image_rgb: np.ndarray) -> list[Detection]:
        """Faces in a (H, W, 3) uint8 image, in px of that image; an empty list where none is."""
        image = as_rgb(image_rgb)
        pixels, scale, left, top = letterbox(image)
        regressors, logits = self._session.run(None, {"pixels": pixels[None]})
        logits = logits[0, :, 0]
        found = np.flatnonzero(logits > np.log(self.threshold / (1 - self.threshold)))
        if not len(found):
            return []
        scores = 1 / (1 + np.exp(-np.clip(logits[found].astype(float), -100, 100)))
        points = self._decode(regressors[0, found], found)
        points = (points * SIDE - [left, top]) / scale
        merged = merge_overlapping(points, scores, overlap=self.same_face_overlap)
        return [Detection(tuple(p[:2].ravel().tolist()), float(s), p[2:]) for p, s in merged]

    def _decode(self, raw: np.ndarray, cells: np.ndarray) -> np.ndarray:
        """(N, 8, 2) in 0..1 of the letterbox: two box corners, then six key points."""
        raw = raw.astype(float).reshape(-1, 8, 2) / SIDE
        anchors = self._anchors[cells]
        centre, half = raw[:, 0] + anchors, raw[:, 1] / 2
        corners = np.stack([centre - half, centre + half], axis=1)
        return np.concatenate([corners, raw[:, 2:] + anchors[:, None]], axis=1)


def letterbox(image: np.ndarray) -> tuple[np.ndarray, float, int, int]:
    """The picture shrunk into a black (192, 192, 3) square, and its scale, left and top there.

    Bilinear to twice the side, then averaged: as good for detection as averaging every pixel of
    a 720p frame, and ten times faster.
    """
    height, width = image.shape[:2]
    scale = SIDE / max(height, width)
    columns, rows = max(round(width * scale), 1), max(round(height * scale), 1)
    left, top = (SIDE - columns) // 2, (SIDE - rows) // 2
    double = np.zeros((2 * SIDE, 2 * SIDE, 3), np.uint8)
    inside = double[2 * top : 2 * (top + rows), 2 * left : 2 * (left + columns)]
    inside[:] = cv2.resize(image, (2 * columns, 2 * rows), interpolation=cv2.INTER_LINEAR)
    return cv2.resize(double, (SIDE, SIDE), interpolation=cv2.INTER_AREA), scale, left, top


def merge_overlapping(
    points: np.ndarray, scores: np.ndarray, *, overlap: float
) -> list[tuple[np.ndarray, float]]:
    """Weighted non-maximum suppression: boxes over one face are averaged by score.

    `points` (N, 8, 2) start with the two box corners. Gives (points, best score) per face.
    """
    order = np.argsort(-scores, kind="stable")
    merged = []
    while len(order):
        best = order[0]
        same = intersection_over_union(points[best, :2], points[order, :2]) > overlap
        same[0] = True
        group = order[same]
        merged.append((np.average(points[group], axis=0, weights=scores[group]), scores[best]))
        order = order[~same]
    return merged


def intersection_over_union(corners: np.ndarray, others: np.ndarray) -> np.ndarray:
    """IoU (N,) of one box, as corners (2, 2), with others (N, 2, 2)."""
    low = np.maximum(corners[0], others[:, 0])
    high = np.minimum(corners[1], others[:, 1])
    common = np.prod(np.clip(high - low, 0, None), axis=1)
    area = np.prod(np.clip(corners[1] - corners[0], 0, None))
    areas = np.prod(np.clip(others[:, 1] - others[:, 0], 0, None), axis=1)
    return common / np.maximum(area + areas - common, 1e-9)
