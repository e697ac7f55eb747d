"""Sampled pictures of a clip: whole frames or face boxes, with absence where there is none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass

import cv2
import numpy as np

from emofuse.core import Clip, View
from emofuse.corpora import Manifest
from emofuse.media import VideoFrame, probe, read
from emofuse.perception.face import FaceTracker, box_crop, coloured

from .features_cache import view_features
from .system import Progress

FILM_VIEWS = ("audio_video", "video")


@dataclass(frozen=True)
class FrameOptions:
    """Which pictures of a clip are taken, and what of each.

    `count` pictures lie evenly in a window of `window_seconds`, at the clip's "start" (after
    `skip_seconds`) or around its "centre"; with `count` 0 one is taken every `every_seconds` up
    to the end. `faces` "detect" cuts a box around the largest face our tracker finds, "whole"
    takes the picture as it is (corpora of face crops). `missing` pictures (past the end, or
    without a face) are left out ("drop"), or black ("black"), or show the last box ("last").
    """

    size: int
    count: int = 15
    window_seconds: float = 3.6
    place: str = "centre"
    skip_seconds: float = 0.0
    every_seconds: float = 0.5
    faces: str = "detect"
    margin: float = 1.2
    square: bool = True
    colour: str = "rgb"
    missing: str = "drop"
    white_to_black: bool = False


def film_pictures(
    manifest: Manifest,
    options: FrameOptions,
    *,
    kinds: tuple[str, ...] = FILM_VIEWS,
    progress: Progress | None = None,
) -> list[np.ndarray]:
    """(frames, size, size, C) uint8 of every clip; no frames where a clip has no film or face."""
    channels = 1 if options.colour == "grey" else 3
    return view_features(
        manifest,
        kinds,
        lambda clip, view: clip_pictures(manifest, clip, view, options),
        name="pictures",
        settings=asdict(options),
        absent=lambda: np.zeros((0, options.size, options.size, channels), np.uint8),
        progress=progress,
    )


def clip_pictures(manifest: Manifest, clip: Clip, view: View, options: FrameOptions) -> np.ndarray:
    """(frames, size, size, C) uint8 of one clip."""
    channels = 1 if options.colour == "grey" else 3
    black = np.zeros((options.size, options.size, channels), np.uint8)
    found = sampled_pictures(manifest, clip, view, options)
    if options.missing == "drop":
        found = [picture for picture in found if picture is not None]
    filled = [black if picture is None else picture for picture in found]
    return np.stack(filled) if filled else np.zeros((0, *black.shape), np.uint8)


def sampled_pictures(
    manifest: Manifest, clip: Clip, view: View, options: FrameOptions
) -> list[np.ndarray | None]:
    """(size, size, C) uint8 at each wanted time; None past the end and where no face is found."""
    times = sample_times(_length(manifest, clip, view), options)
    cutter = _Cutter(options)
    return [
        None if frame is None else cutter.cut(frame)
        for frame in nearest_frames(_frames(manifest, clip, view), times)
    ]


def sample_times(length_seconds: float, options: FrameOptions) -> np.ndarray:
    """Seconds from the clip's start at which pictures are wanted."""
    if options.count == 0:
        return np.arange(options.skip_seconds, max(length_seconds, 1e-3), options.every_seconds)
    start = options.skip_seconds
    if options.place == "centre":
        start = max(0.0, (length_seconds - options.window_seconds) / 2)
    step = options.window_seconds / options.count
    return start + step * (np.arange(options.count) + 0.5)


def nearest_frames(frames: Iterator[VideoFrame], times: np.ndarray) -> Iterator[VideoFrame | None]:
    """The frame shown at each of the rising `times`; None after the film's end."""
    before: VideoFrame | None = None
    step, done = 0.0, 0
    for frame in frames:
        while done < len(times) and before is not None and times[done] < frame.seconds - 1e-6:
            yield before
            done += 1
        if done == len(times):
            return
        step = frame.seconds - before.seconds if before is not None else step
        before = frame
    for time in times[done:]:
        # The last frame is shown as long as the one before it.
        shown = before is not None and time < before.seconds + max(step, 1e-3) + 1e-6
        yield before if shown else None


class _Cutter:
    """Cuts faces out of the frames of one film."""

    def __init__(self, options: FrameOptions):
        self.options = options
        self.tracker = FaceTracker() if options.faces == "detect" else None
        self.last_mesh: np.ndarray | None = None

    def cut(self, frame: VideoFrame) -> np.ndarray | None:
        options = self.options
        if self.tracker is None:
            picture = self._whole(frame.image)
            return coloured(picture, options.colour)
        faces = self.tracker.update(frame.image, seconds=frame.seconds)
        if faces:
            self.last_mesh = max(faces, key=_area).mesh
        elif options.missing != "last" or self.last_mesh is None:
            return None
        picture = box_crop(
            frame.image,
            self.last_mesh,
            size=options.size,
            margin=options.margin,
            square=options.square,
        )
        return coloured(picture, options.colour)

    def _whole(self, image: np.ndarray) -> np.ndarray:
        """The middle square of a picture, bright (background) pixels black where asked for."""
        if self.options.white_to_black:
            grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
            image = np.where(grey[..., None] > 220, np.uint8(0), image)
        height, width = image.shape[:2]
        side = min(height, width)
        top, left = (height - side) // 2, (width - side) // 2
        size = self.options.size
        return cv2.resize(
            image[top : top + side, left : left + side],
            (size, size),
            interpolation=cv2.INTER_AREA if side > size else cv2.INTER_LINEAR,
        )


def _area(face) -> float:
    left, top, right, bottom = face.box
    return (right - left) * (bottom - top)


def _frames(manifest: Manifest, clip: Clip, view: View) -> Iterator[VideoFrame]:
    """Frames of a clip on its own clock: of a film, of its part in one, or a folder of pictures."""
    path = manifest.root / view.path
    if "*" in path.name:
        rate = float(clip.attributes.get("frame_rate", 30))
        pictures = sorted(path.parent.glob(path.name), key=lambda p: (len(p.name), p.name))
        for number, picture in enumerate(pictures):
            for item in read(picture, audio=False):
                if isinstance(item, VideoFrame):
                    yield VideoFrame(number / rate, item.image)
        return
    start = clip.start_seconds or 0.0
    end = np.inf if clip.end_seconds is None else clip.end_seconds
    for item in read(path, audio=False):
        if isinstance(item, VideoFrame) and item.seconds >= start - 1e-6:
            if item.seconds >= end:
                return
            yield VideoFrame(item.seconds - start, _half(item.image, clip))


def _half(image: np.ndarray, clip: Clip) -> np.ndarray:
    """The half of a film that shows the clip's person, where it shows two side by side."""
    side = clip.attributes.get("side")
    if side is None or clip.start_seconds is None:
        return image
    middle = image.shape[1] // 2
    return image[:, :middle] if side == "left" else image[:, middle:]


def _length(manifest: Manifest, clip: Clip, view: View) -> float:
    if clip.start_seconds is not None and clip.end_seconds is not None:
        return clip.end_seconds - clip.start_seconds
    path = manifest.root / view.path
    if "*" in path.name:
        rate = float(clip.attributes.get("frame_rate", 30))
        return len(list(path.parent.glob(path.name))) / rate
    return probe(path).duration_seconds or 0.0
