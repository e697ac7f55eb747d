"""Pictures of a corpus's films: what `perception.face.film` cuts of every clip, kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from functools import partial

import numpy as np

from emofuse.core import Clip, View
from emofuse.corpora import Manifest
from emofuse.media import VideoFrame, probe, read
from emofuse.perception.face import (
    FaceCutter,
    FrameOptions,
    arranged,
    nearest_frames,
    planes,
    sample_times,
)

from .examples import Augment, Input
from .features_cache import view_features
from .system import Progress

FILM_VIEWS = ("audio_video", "video")


def film_input(
    name: str,
    manifest: Manifest,
    options: FrameOptions,
    *,
    mask: str = "",
    augment: Augment | None = None,
    mean: float | tuple[float, ...] = 0.0,
    std: float | tuple[float, ...] = 255.0,
    kinds: tuple[str, ...] = FILM_VIEWS,
    progress: Progress | None = None,
) -> Input:
    """The film of every clip as a network's input: planes less `mean` over `std` (of 0..255)."""
    return Input(
        name,
        film_pictures(manifest, options, kinds=kinds, progress=progress),
        mask=mask,
        augment=augment,
        finish=partial(planes, mean=mean, std=std),
        front_end="film",
        parameters=film_parameters(options, mean=mean, std=std),
    )


def film_parameters(
    options: FrameOptions, *, mean: float | tuple[float, ...], std: float | tuple[float, ...]
) -> dict:
    """All that the front end "film" needs to make the same of a recording."""
    return {**asdict(options), "mean": mean, "std": std}


def film_pictures(
    manifest: Manifest,
    options: FrameOptions,
    *,
    kinds: tuple[str, ...] = FILM_VIEWS,
    progress: Progress | None = None,
) -> list[np.ndarray]:
    """(frames, size, size, C) uint8 of every clip; no frames where a clip has no film or face."""
    return view_features(
        manifest,
        kinds,
        lambda clip, view: arranged(clip_pictures(manifest, clip, view, options), options)[0],
        name="pictures",
        settings=asdict(options),
        absent=lambda: np.zeros((0, options.size, options.size, options.channels), np.uint8),
        progress=progress,
    )


def clip_pictures(
    manifest: Manifest, clip: Clip, view: View, options: FrameOptions
) -> list[np.ndarray | None]:
    """(size, size, C) uint8 at each wanted time; None past the end and where no face is found."""
    times = sample_times(_length(manifest, clip, view), options)
    cutter = FaceCutter(options)
    return [
        None if frame is None else cutter.cut(frame.image, seconds=frame.seconds)
        for frame in nearest_frames(_frames(manifest, clip, view), times)
    ]


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
