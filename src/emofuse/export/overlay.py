"""Overlay video: the recording with what each person expresses drawn into it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from emofuse.core import InputError, PersonTimeline, Timeline
from emofuse.media import AudioChunk, VideoFrame, VideoWriter, probe, read, video_writer

from .drawing import Box, Panel, blur, draw_note, draw_panel, with_room
from .tiers import MEANING

SAMPLE_RATE = 48_000  # of the sound, which is passed on as mono
_FALLBACK_FRAME_RATE = 25.0
# How much is blurred around a face on each side: boxes are known a window, not a frame.
BLUR_MARGIN = 0.3


def save_overlay(
    timeline: Timeline,
    source_path: str | Path,
    path: str | Path,
    *,
    blur_faces: bool = False,
) -> Path:
    """Draw `timeline` into the recording it was made from and write it as mp4, sound included.

    Per person: face box, label or "uncertain", a bar a label, each modality's share; what belongs
    to nobody in view stands in the corner. `blur_faces` makes every face that the timeline knows
    unrecognisable; a face that analysis did not find is not blurred. Memory stays flat. The file
    is there whole or not at all. Raises `InputError` when there is no picture to draw on.
    """
    info = probe(source_path)
    if not info.has_video:
        raise InputError(
            source_path, "holds no picture to draw on", "use the png or html format for sound"
        )
    with video_writer(
        path,
        frame_rate=info.frame_rate or _FALLBACK_FRAME_RATE,
        sample_rate=SAMPLE_RATE if info.has_audio else None,
    ) as writer:
        samples = 0
        for item in read(source_path, sample_rate=SAMPLE_RATE):
            if isinstance(item, VideoFrame):
                picture = draw_moment(timeline, item.image, item.seconds, blur_faces=blur_faces)
                writer.add_picture(picture, seconds=item.seconds)
            elif isinstance(item, AudioChunk):
                samples = _pass_on(item, samples, writer)
    return Path(path)


def draw_moment(
    timeline: Timeline, image: np.ndarray, seconds: float, *, blur_faces: bool = False
) -> np.ndarray:
    """A copy of RGB `image` (H, W, 3) uint8 with what the timeline says at `seconds`.

    Small pictures are enlarged by a whole factor, so that the words can be read.
    """
    picture, window = with_room(image), window_at(timeline, seconds)
    if window is not None and blur_faces:
        # A box is the mean over a window: around it the face was in view as well.
        reach = int(np.ceil(timeline.window_seconds / timeline.hop_seconds))
        for part in timeline.persons:
            box = box_at(timeline, part, seconds, reach=reach)
            if box is not None:
                picture = blur(picture, _grown(box, BLUR_MARGIN))
    corner = 0
    for part in timeline.persons if window is not None else ():
        box = box_at(timeline, part, seconds)
        panel = _panel(timeline, part, window)
        if panel.probabilities is not None or box is not None:
            corner = draw_panel(picture, panel, box=box, corner=corner)
    draw_note(picture, "  ".join([MEANING, *timeline.stamps]))
    return picture


def window_at(timeline: Timeline, seconds: float) -> int | None:
    """Index of the window whose cell holds `seconds`; the last one goes on to the end."""
    if not len(timeline):
        return None
    found = int(np.searchsorted(timeline.cell_edges, seconds, side="right")) - 1
    return min(max(found, 0), len(timeline) - 1)


def box_at(
    timeline: Timeline, part: PersonTimeline, seconds: float, *, reach: int = 0
) -> Box | None:
    """The face box at `seconds`, moved smoothly from window to window.

    None where no window within `reach` of the present one has a box.
    """
    window, known = window_at(timeline, seconds), np.isfinite(part.boxes).all(1)
    if window is None or not known[max(0, window - reach) : window + reach + 1].any():
        return None
    centres = timeline.starts[known] + timeline.window_seconds / 2
    return tuple(float(np.interp(seconds, centres, side)) for side in part.boxes[known].T)


def _panel(timeline: Timeline, part: PersonTimeline, window: int) -> Panel:
    known = bool(part.mask[window])
    return Panel(
        part.person,
        timeline.label_set.labels,
        part.fused[window] if known else None,
        bool(part.uncertain[window]),
        {
            name: float(stream.contribution[window])
            for name, stream in part.streams.items()
            if known
        },
    )


def _grown(box: Box, margin: float) -> Box:
    left, top, right, bottom = box
    wide, high = margin * (right - left), margin * (bottom - top)
    return left - wide, top - high, right + wide, bottom + high


def _pass_on(chunk: AudioChunk, written: int, writer: VideoWriter) -> int:
    """Add a chunk at its place: a late start and gaps become silence. Returns samples so far."""
    gap = max(0, round(chunk.start_seconds * SAMPLE_RATE) - written)
    if gap:
        writer.add_sound(np.zeros(gap, np.float32))
    writer.add_sound(chunk.samples)
    return written + gap + len(chunk.samples)
