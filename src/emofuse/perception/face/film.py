"""Films of faces: which pictures of a stretch of time a network sees, and what of each.

Training cuts clips with these functions and analysis cuts windows, so both see the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np

from .box import box_crop, coloured, middle_square
from .tracker import FaceTracker, TrackedFace


class Timed(Protocol):
    """Anything that is shown from `seconds` on."""

    seconds: float


Shown = TypeVar("Shown", bound=Timed)


@dataclass(frozen=True)
class FrameOptions:
    """Which pictures are taken, and what of each.

    `count` pictures lie evenly in a window of `window_seconds`, at the "start" (after
    `skip_seconds`) or around the "centre"; with `count` 0 one is taken every `every_seconds` up
    to the end. `faces` "detect" cuts a box around the largest face our tracker finds, "whole"
    takes the picture as it is (corpora of face crops). `missing` pictures (past the end, or
    without a face) are left out ("drop"), masked in their place ("mask"), black ("black"), or
    show the last box ("last").
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

    @property
    def channels(self) -> int:
        return 1 if self.colour == "grey" else 3


def sample_times(length_seconds: float, options: FrameOptions) -> np.ndarray:
    """Seconds from the start at which pictures are wanted of so long a stretch."""
    if options.count == 0:
        return np.arange(options.skip_seconds, max(length_seconds, 1e-3), options.every_seconds)
    start = options.skip_seconds
    if options.place == "centre":
        start = max(0.0, (length_seconds - options.window_seconds) / 2)
    step = options.window_seconds / options.count
    return start + step * (np.arange(options.count) + 0.5)


def nearest_frames(frames: Iterable[Shown], times: np.ndarray) -> Iterator[Shown | None]:
    """The frame shown at each of the rising `times`; None after the film's end."""
    before: Shown | None = None
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
        # The last frame is shown as long as the one before it, and no longer.
        shown = before is not None and time < before.seconds + max(step, 1e-3) - 1e-6
        yield before if shown else None


class FaceCutter:
    """Cuts what the options want out of the frames of one film, in the order of time."""

    def __init__(self, options: FrameOptions):
        self.options = options
        self.tracker = FaceTracker() if options.faces == "detect" else None
        self.last_mesh: np.ndarray | None = None

    def cut(self, image_rgb: np.ndarray, *, seconds: float) -> np.ndarray | None:
        """(size, size, C) uint8, or None where there is no face to cut."""
        options = self.options
        if self.tracker is None:
            picture = middle_square(
                image_rgb, size=options.size, white_to_black=options.white_to_black
            )
            return coloured(picture, options.colour)
        faces = self.tracker.update(image_rgb, seconds=seconds)
        if faces:
            self.last_mesh = max(faces, key=_area).mesh
        elif options.missing != "last" or self.last_mesh is None:
            return None
        picture = box_crop(
            image_rgb,
            self.last_mesh,
            size=options.size,
            margin=options.margin,
            square=options.square,
        )
        return coloured(picture, options.colour)


def _area(face: TrackedFace) -> float:
    left, top, right, bottom = face.box
    return (right - left) * (bottom - top)


def arranged(
    pictures: Sequence[np.ndarray | None], options: FrameOptions
) -> tuple[np.ndarray, np.ndarray]:
    """Cut pictures, None where missing, as (frames, size, size, C) uint8 and their mask (frames,).

    What is missing is treated as `options.missing` says; only "mask" leaves a False.
    """
    if options.missing == "drop":
        pictures = [picture for picture in pictures if picture is not None]
    shape = (options.size, options.size, options.channels)
    found = np.zeros((len(pictures), *shape), np.uint8)
    there = np.ones(len(pictures), bool)
    for place, picture in enumerate(pictures):
        if picture is not None:
            found[place] = picture
        elif options.missing == "mask":
            there[place] = False
    return found, there
