"""What the reader hands out. All times are seconds on the recording's own clock.

The clock's zero is the earliest start of the file's picture and sound tracks, so both tracks
share it and the first frame or sample of a file is at 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class MediaInfo:
    """What a file says it holds, after one frame of it was decoded.

    `width` and `height` are of the upright picture, after `rotation_degrees` (clockwise) was
    applied. `duration_seconds` is the header's claim (None where it makes none, as in a browser
    recording, 0 for a still image): right for a progress bar, not for an allocation.
    `frame_rate` is the average and None for stills and unknown rates.
    """

    path: Path
    container: str
    duration_seconds: float | None
    has_video: bool = False
    has_audio: bool = False
    width: int = 0
    height: int = 0
    frame_rate: float | None = None
    rotation_degrees: int = 0
    audio_rate_hz: int = 0
    audio_channels: int = 0
    is_still: bool = False


@dataclass(frozen=True)
class VideoFrame:
    """One upright picture: `image` (H, W, 3) uint8 RGB, shown from `seconds` on."""

    seconds: float
    image: np.ndarray


@dataclass(frozen=True)
class AudioChunk:
    """Sound from `start_seconds` on: `samples` (n,) float32 mono in -1..1.

    Chunks follow each other without overlap; where one starts later than the one before ended,
    the track has a gap.
    """

    start_seconds: float
    samples: np.ndarray


@dataclass(frozen=True)
class Damage:
    """Around `seconds` part of one modality ("video" or "audio") could not be used.

    One `Damage` stands for a run of failures; the reader goes on after it.
    """

    seconds: float
    modality: str
    detail: str
