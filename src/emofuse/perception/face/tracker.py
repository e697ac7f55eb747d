"""Follow every face through a recording: who is where, in which pose, with which expression."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from .detector import Detection, FaceDetector, intersection_over_union
from .followed import FollowedFace
from .geometry import head_frame, head_pose, measure_geometry
from .mesh import FLAG_THRESHOLD, FaceMesh, Sighting, region_of_detection
from .quality import FaceQuality, face_quality
from .region import as_rgb

# Boxes of one face, by detector and mesh or in two meshes, overlap more than this.
SAME_FACE_OVERLAP = 0.4


@dataclass(frozen=True)
class TrackerOptions:
    """When faces are looked for and when they are believed.

    The detector runs on every `detect_every`-th frame, and on every frame while nobody is in
    view, somebody was just lost, faces touch, or a new face is not yet confirmed.

    A face is believed at once when detector and mesh are sure of it (`sure_score`, `sure_flag`);
    else, from `start_score` and `start_flag` on, when the frames in which both agree outnumber
    those in which they do not by `agreement_frames`. Film titles reach a detector score of .7,
    but never together with a sure mesh; clear faces exceed both.

    A person who was away for at most `relink_seconds` keeps the name; after that, coming back
    makes a new person, because nothing here recognises anybody. For the same reason, after a cut
    another face in the same place and size takes over the name.
    """

    detect_every: int = 15
    sure_score: float = 0.75
    sure_flag: float = 0.98
    start_score: float = 0.5
    start_flag: float = 0.8
    agreement_frames: int = 4
    relink_seconds: float = 3.0
    max_faces: int = 10


@dataclass(frozen=True)
class TrackedFace:
    """One person's face in one frame.

    `box` (left, top, right, bottom) px around the mesh; `mesh` (468, 3) float32 px; `pose` yaw,
    pitch, roll in degrees (see `head_pose`); `geometry` (G,) float32, the `GEOMETRY_FEATURES` in
    inter-ocular distances; `deviation` (G,), geometry minus the person's median so far.
    """

    person: str
    seconds: float
    box: tuple[float, float, float, float]
    mesh: np.ndarray
    pose: tuple[float, float, float]
    quality: FaceQuality
    geometry: np.ndarray
    deviation: np.ndarray


class FaceTracker:
    """Follows the faces of one recording, frame by frame and causally.

    Making one sets OpenCV to a single thread for the whole process: its default, a thread per
    core in every worker, makes small crops slower. Raises `InputError` when the models of the
    package are damaged.
    """

    def __init__(self, *, options: TrackerOptions | None = None):
        cv2.setNumThreads(1)
        self.options = options or TrackerOptions()
        self._detector = FaceDetector(threshold=self.options.start_score)
        self._mesh = FaceMesh()
        self.reset()

    def reset(self) -> None:
        """Forget everybody: the next frame belongs to another recording."""
        self._faces: list[FollowedFace] = []
        self._persons = 0
        self._frames = 0

    def update(self, image_rgb: np.ndarray, *, seconds: float) -> list[TrackedFace]:
        """The confirmed faces in the next frame, (H, W, 3) uint8 shown at `seconds`.

        Frames must come in order; the answer depends on this and earlier frames only.
        """
        image = as_rgb(image_rgb)
        self._follow(image, seconds)
        if self._must_detect():
            self._compare(image, self._detector.detect(image), seconds)
        self._frames += 1
        self._forget(seconds)
        reports = [self._report(image, face) for face in self._visible()]
        return [report for report in reports if report.person]

    def _visible(self) -> list[FollowedFace]:
        return [face for face in self._faces if face.visible]

    def _follow(self, image: np.ndarray, seconds: float) -> None:
        """Move every visible face to its mesh in this frame, or mark it as not visible."""
        moves = []
        for i, face in enumerate(self._visible()):
            seen = self._mesh.follow(image, face.sighting.region)
            misfit = face.misfit(seen, seconds=seconds)
            if seen.flag < FLAG_THRESHOLD or misfit > 1:
                face.visible = False
            else:
                moves.append((face.person is None, misfit, i, face, seen))
        # Of two meshes on one face, a person's goes before a candidate's, then the one that moved
        # as expected: the other jumped there when its own face was covered.
        placed: list[FollowedFace] = []
        for *_, face, seen in sorted(moves, key=lambda move: move[:3]):
            if _covered(seen, placed):
                face.visible = False
            else:
                face.move(seen, seconds=seconds)
                placed.append(face)

    def _must_detect(self) -> bool:
        searching = any(not face.visible or face.person is None for face in self._faces)
        due = self._frames % self.options.detect_every == 0
        return due or searching or not self._faces or bool(_touching(self._visible()))

    def _compare(self, image: np.ndarray, detections: list[Detection], seconds: float) -> None:
        """Let the detector confirm faces, bring lost ones back and start new ones."""
        start_flag, agreed, found = self.options.start_flag, set(), []
        for detection in detections:
            face = _face_under(detection, self._visible())
            if face is not None:
                agreed.add(face)
                self._agree(face, detection)
                continue
            seen = self._mesh.settle(image, region_of_detection(detection))
            if seen is not None and seen.flag >= start_flag:
                found.append((detection, seen))
        # Without the detector a face goes on while there is more agreement than doubt, unless its
        # mesh is unsure, or may be sliding onto a neighbour who covers the face.
        touching = _touching(self._visible())
        for face in set(self._visible()) - agreed:
            face.agreements -= 1
            believed = face.person is not None or face.agreements > 0
            sure = face.sighting.flag >= start_flag and face not in touching
            face.visible = believed and sure
        for detection, seen in self._relink(found, seconds):
            room = len(self._faces) < self.options.max_faces
            if room and not _covered(seen, self._visible()):
                self._faces.append(FollowedFace(seen, seconds=seconds))
                self._agree(self._faces[-1], detection)

    def _relink(
        self, found: list[tuple[Detection, Sighting]], seconds: float
    ) -> list[tuple[Detection, Sighting]]:
        """Give found faces to lost persons, best fit first; the rest is returned."""
        lost = [face for face in self._faces if not face.visible and face.person]
        pairs = [
            (face.misfit(seen, seconds=seconds), i, j)
            for i, face in enumerate(lost)
            for j, (_, seen) in enumerate(found)
        ]
        taken: set[int] = set()
        for misfit, i, j in sorted(pairs):
            face, (_, seen) = lost[i], found[j]
            if misfit > 1 or face.visible or j in taken or _covered(seen, self._visible()):
                continue
            face.move(seen, seconds=seconds)
            taken.add(j)
        return [entry for j, entry in enumerate(found) if j not in taken]

    def _agree(self, face: FollowedFace, detection: Detection) -> None:
        """Count an agreement of detector and mesh; name the face when that is enough."""
        options = self.options
        flag = face.sighting.flag
        face.agreements += flag >= options.start_flag
        sure = detection.score >= options.sure_score and flag >= options.sure_flag
        if face.person is None and (sure or face.agreements >= options.agreement_frames):
            self._persons += 1
            face.person = f"person-{self._persons}"

    def _forget(self, seconds: float) -> None:
        """Drop candidates that were lost and persons who were away for too long."""
        horizon = seconds - self.options.relink_seconds
        self._faces = [
            face
            for face in self._faces
            if face.visible or (face.person is not None and face.seconds >= horizon)
        ]

    def _report(self, image: np.ndarray, face: FollowedFace) -> TrackedFace:
        mesh, flag = face.sighting.mesh, face.sighting.flag
        axes, size_px = head_frame(mesh)
        pose = head_pose(axes)
        geometry = measure_geometry(mesh, axes, interocular_px=size_px)
        return TrackedFace(
            person=face.person or "",
            seconds=face.seconds,
            box=tuple(face.sighting.corners.ravel().tolist()),
            mesh=mesh,
            pose=pose,
            quality=face_quality(face.pixels(image), size_px=size_px, yaw=pose[0], confidence=flag),
            geometry=geometry,
            deviation=geometry - face.usual.update(geometry),
        )


def _overlaps(corners: np.ndarray, faces: list[FollowedFace]) -> np.ndarray:
    """Overlap (N,) of a box with the box of each face."""
    others = np.array([face.sighting.corners for face in faces]).reshape(-1, 2, 2)
    return intersection_over_union(corners, others)


def _covered(seen: Sighting, faces: list[FollowedFace]) -> bool:
    """Whether a sighting lies on a face that is already followed."""
    return bool(faces) and bool((_overlaps(seen.corners, faces) > SAME_FACE_OVERLAP).any())


def _touching(faces: list[FollowedFace]) -> set[FollowedFace]:
    """The faces whose box overlaps that of another."""
    if len(faces) < 2:
        return set()
    return {face for face in faces if (_overlaps(face.sighting.corners, faces) > 0).sum() > 1}


def _face_under(detection: Detection, faces: list[FollowedFace]) -> FollowedFace | None:
    """The followed face that a detection shows, None for a new one."""
    if not faces:
        return None
    overlaps = _overlaps(np.reshape(detection.box, (2, 2)), faces)
    best = int(np.argmax(overlaps))
    return faces[best] if overlaps[best] > SAME_FACE_OVERLAP else None
