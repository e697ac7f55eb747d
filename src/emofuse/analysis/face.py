"""The face: frames in, calibrated evidence per person for a window out."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from emofuse.bundle import Bundle
from emofuse.core import SCENE
from emofuse.media import VideoFrame
from emofuse.perception.face import (
    FRONT_ENDS,
    GEOMETRY_FEATURES,
    FaceTracker,
    TrackedFace,
)

from .sense import Evidence

# A frame stands for the time up to the next one, but never longer than this.
LONGEST_HOLD_SECONDS = 0.5
# Below this mean quality (size, pose, blur, mesh confidence) a face is not read.
MIN_QUALITY = 0.1
MOUTH = GEOMETRY_FEATURES.index("mouth_open")


@dataclass(frozen=True)
class Sighting:
    """One face in one frame; `logits` only in the frames that were read."""

    seconds: float
    box: np.ndarray  # shares of the picture
    quality: float
    mouth_open: float
    logits: np.ndarray | None


class FaceSense:
    """Follows every face in every frame and reads its expression at a fixed rate."""

    modality = "face"

    def __init__(
        self,
        bundle: Bundle | None,
        *,
        rate_hz: float,
        expected: bool = True,
        still: bool = False,
    ):
        self.bundle, self.rate_hz = bundle, rate_hz
        self.expected, self.still = expected, still
        self.tracker = FaceTracker()
        self.frames: deque[float] = deque()
        self.sightings: dict[str, deque[Sighting]] = {}
        self.last_read: dict[str, int] = {}
        self.faces: list[TrackedFace] = []  # of the newest frame, for thumbnails and live views
        self.latest_seconds = self.ready_seconds = 0.0

    def push(self, item: VideoFrame) -> None:
        height, width = item.image.shape[:2]
        scale = np.array([width, height, width, height], float)
        self.faces = self.tracker.update(item.image, seconds=item.seconds)
        for face in self.faces:
            sighting = Sighting(
                item.seconds,
                np.asarray(face.box, float) / scale,
                float(face.quality.score),
                float(face.geometry[MOUTH]),
                self._read(item, face),
            )
            self.sightings.setdefault(face.person, deque()).append(sighting)
        self.frames.append(item.seconds)
        self.latest_seconds = self.ready_seconds = item.seconds

    def _read(self, frame: VideoFrame, face: TrackedFace) -> np.ndarray | None:
        """Logits of this face, at most `rate_hz` times a second; ticks follow the clock."""
        tick = int(np.floor(frame.seconds * self.rate_hz + 1e-6))
        if self.bundle is None or self.last_read.get(face.person) == tick:
            return None
        self.last_read[face.person] = tick
        part = self.bundle.spec.inputs[0]
        crop = FRONT_ENDS[part.front_end](frame.image, face.mesh, **part.parameters)
        return self.bundle.logits(crop[None])[0]

    def evidence(self, start_seconds: float, end_seconds: float) -> dict[str, Evidence]:
        if not self.expected:
            return {SCENE: Evidence(None, outcome="NoVideoTrack")}
        found = {}
        held = self._held(start_seconds, end_seconds)
        for person, sightings in self.sightings.items():
            inside = [s for s in sightings if start_seconds <= s.seconds < end_seconds]
            if inside:
                found[person] = self._evidence(inside, held, end_seconds - start_seconds)
        return found or {SCENE: Evidence(None, outcome="NoFace")}

    def _held(self, start_seconds: float, end_seconds: float) -> dict[float, float]:
        """Seconds of the window that each frame stands for."""
        if self.still:
            return dict.fromkeys(self.frames, end_seconds - start_seconds)
        times = list(self.frames)
        steps = np.diff(times)
        last = float(np.median(steps)) if len(steps) else 0.0
        held = {}
        for i, seconds in enumerate(times):
            if start_seconds <= seconds < end_seconds:
                until = times[i + 1] if i + 1 < len(times) else seconds + last
                held[seconds] = min(until, end_seconds, seconds + LONGEST_HOLD_SECONDS) - seconds
        return held

    def _evidence(
        self, inside: list[Sighting], held: dict[float, float], length: float
    ) -> Evidence:
        coverage = min(1.0, sum(held.get(s.seconds, 0.0) for s in inside) / length)
        quality = float(np.mean([s.quality for s in inside]))
        box = tuple(float(side) for side in np.mean([s.box for s in inside], axis=0))
        mouth = np.array([s.mouth_open for s in inside])
        measures = {"mouth_motion": float(np.abs(np.diff(mouth)).mean()) if len(mouth) > 1 else 0.0}
        read = [s for s in inside if s.logits is not None]
        if self.bundle is None:
            return Evidence(None, coverage, quality, "ModelAbsent", box, measures)
        if quality < MIN_QUALITY or not read:
            return Evidence(None, coverage, quality, "FaceUnusable", box, measures)
        weights = np.array([s.quality for s in read]) + 1e-6
        logits = np.average([s.logits for s in read], axis=0, weights=weights)
        return Evidence(
            self.bundle.calibrated(logits), coverage, quality, box=box, measures=measures
        )

    def forget(self, before_seconds: float) -> None:
        while len(self.frames) > 1 and self.frames[1] < before_seconds:
            self.frames.popleft()
        for person, sightings in list(self.sightings.items()):
            while sightings and sightings[0].seconds < before_seconds:
                sightings.popleft()
            if not sightings:
                del self.sightings[person]
