"""What a model of whole stretches reads: one reader an input, by the front end that it names."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from emofuse.bundle import InputSpec
from emofuse.media import AudioChunk, VideoFrame
from emofuse.perception.face import (
    ACTION_UNITS,
    FaceCutter,
    FrameOptions,
    UnitTrack,
    arranged,
    nearest_frames,
    planes,
    sample_times,
    unit_steps,
)
from emofuse.perception.text import Cue, token_ids
from emofuse.perception.voice import FRONT_ENDS as VOICE_FRONT_ENDS

from .voice import SAMPLE_RATE, Listener, unclipped_share

# Less sound than this is the end of a chunk, not something to be heard.
SHORTEST_SECONDS = 0.05


@dataclass(frozen=True)
class Reading:
    """What one input holds in a stretch: `values` and their `mask` (length,), or None with why.

    `mask` is None where all of the values are present.
    """

    values: np.ndarray | None
    mask: np.ndarray | None = None
    coverage: float = 0.0
    quality: float = 1.0
    outcome: str = ""


class Reader(Protocol):
    """Takes the items of one track and reads any stretch that they have reached.

    `reached_seconds`: stretches that end before are complete; None where the track has no clock.
    `end_seconds`: its data ends here.
    """

    takes: type

    def push(self, item) -> None: ...

    def read(self, start_seconds: float, end_seconds: float) -> Reading: ...

    def blank(self) -> np.ndarray:
        """What stands behind the mask where nothing is there: some steps of zeros."""
        ...

    def forget(self, before_seconds: float) -> None: ...

    @property
    def reached_seconds(self) -> float | None: ...

    @property
    def end_seconds(self) -> float: ...


@dataclass(frozen=True)
class _Shown:
    """What was cut of one frame; None where it shows no face."""

    seconds: float
    picture: np.ndarray | None


class FilmReader:
    """Pictures at the times that training took them of a clip."""

    takes = VideoFrame

    def __init__(self, part: InputSpec, *, tracks: frozenset[str], still: bool):
        options = dict(part.parameters)
        self.layout = {name: options.pop(name) for name in ("mean", "std")}
        self.options, self.still = FrameOptions(**options), still
        self.expected = "face" in tracks
        self.cutter = FaceCutter(self.options)
        self.shown: deque[_Shown] = deque()
        self.latest_seconds = self.step_seconds = 0.0

    def push(self, item: VideoFrame) -> None:
        self.step_seconds = item.seconds - self.latest_seconds or self.step_seconds
        self.latest_seconds = item.seconds
        picture = self.cutter.cut(item.image, seconds=item.seconds)
        self.shown.append(_Shown(item.seconds, picture))

    @property
    def reached_seconds(self) -> float | None:
        return self.latest_seconds if self.expected else None

    @property
    def end_seconds(self) -> float:
        return self.latest_seconds + self.step_seconds

    def read(self, start_seconds: float, end_seconds: float) -> Reading:
        if not self.expected:
            return Reading(None, outcome="NoVideoTrack")
        found = self._pictures(start_seconds, end_seconds)
        if all(picture is None for picture in found):
            return Reading(None, outcome="NoFace")
        coverage = float(np.mean([picture is not None for picture in found]))
        pictures, there = arranged(found, self.options)
        return Reading(planes(pictures, **self.layout), there, coverage)

    def _pictures(self, start_seconds: float, end_seconds: float) -> list[np.ndarray | None]:
        times = sample_times(end_seconds - start_seconds, self.options)
        if self.still:
            return [self.shown[-1].picture if self.shown else None] * len(times)
        inside = [
            replace(shown, seconds=shown.seconds - start_seconds)
            for shown in self.shown
            if start_seconds - 1e-6 <= shown.seconds < end_seconds - 1e-6
        ]
        frames = nearest_frames(inside, times)
        return [None if shown is None else shown.picture for shown in frames]

    def blank(self) -> np.ndarray:
        size, channels = self.options.size, self.options.channels
        return np.zeros((1, channels, size, size), np.float32)

    def forget(self, before_seconds: float) -> None:
        while len(self.shown) > 1 and self.shown[0].seconds < before_seconds:
            self.shown.popleft()


class SoundReader:
    """The voice's front ends on a longer stretch than a window."""

    takes = AudioChunk

    def __init__(self, part: InputSpec, *, tracks: frozenset[str], still: bool):
        self.part = part
        self.listener = Listener(expected="voice" in tracks)

    def push(self, item: AudioChunk) -> None:
        self.listener.push(item)

    @property
    def reached_seconds(self) -> float | None:
        return self.listener.ready_seconds if self.listener.expected else None

    @property
    def end_seconds(self) -> float:
        return self.listener.latest_seconds

    def read(self, start_seconds: float, end_seconds: float) -> Reading:
        # Where the film goes on after the sound, a clip's sound is not longer either.
        end_seconds = min(end_seconds, self.end_seconds)
        if end_seconds - start_seconds < SHORTEST_SECONDS:
            return Reading(None, outcome="NoAudioTrack")
        heard = self.listener.hear(start_seconds, end_seconds)
        if heard.samples is None:
            return Reading(None, outcome=heard.outcome)
        features = VOICE_FRONT_ENDS[self.part.front_end](heard.samples, **self.part.parameters)
        quality = unclipped_share(heard.samples)
        return Reading(features, coverage=heard.coverage, quality=quality)

    def blank(self) -> np.ndarray:
        second = np.zeros(SAMPLE_RATE, np.float32)
        return VOICE_FRONT_ENDS[self.part.front_end](second, **self.part.parameters)

    def forget(self, before_seconds: float) -> None:
        self.listener.forget(before_seconds)


class WordsReader:
    """The words of all cues that overlap the stretch."""

    takes = Cue
    reached_seconds = None

    def __init__(self, part: InputSpec, *, tracks: frozenset[str], still: bool):
        self.part = part
        self.cues: list[Cue] = []

    def push(self, item: Cue) -> None:
        self.cues.append(item)

    @property
    def end_seconds(self) -> float:
        return max((cue.end_seconds or 0.0 for cue in self.cues), default=0.0)

    def read(self, start_seconds: float, end_seconds: float) -> Reading:
        said = " ".join(
            cue.text
            for cue in self.cues
            if (cue.start_seconds or 0.0) < end_seconds
            and (cue.end_seconds is None or cue.end_seconds > start_seconds)
        )
        ids = token_ids(said, **self.part.parameters)
        return Reading(ids, coverage=1.0) if len(ids) else Reading(None, outcome="NoText")

    def blank(self) -> np.ndarray:
        return np.zeros(1, np.int64)

    def forget(self, before_seconds: float) -> None:
        """Words are few: they stay."""


class UnitsReader:
    """Action Units of an OpenFace table, frame by frame or as their means."""

    takes = UnitTrack
    reached_seconds = None

    def __init__(self, part: InputSpec, *, tracks: frozenset[str], still: bool):
        self.part = part
        self.track: UnitTrack | None = None

    def push(self, item: UnitTrack) -> None:
        self.track = item

    @property
    def end_seconds(self) -> float:
        return 0.0 if self.track is None else self.track.duration_seconds

    def read(self, start_seconds: float, end_seconds: float) -> Reading:
        inside = None if self.track is None else self.track.between(start_seconds, end_seconds)
        if not inside:
            return Reading(None, outcome="NoSignal")
        coverage = float(inside.found.mean())
        if coverage == 0:
            return Reading(None, outcome="NoFace")
        steps = unit_steps(inside, **self.part.parameters)
        means = self.part.front_end == "action_unit_means"
        return Reading(steps.mean(0) if means else steps, coverage=coverage)

    def blank(self) -> np.ndarray:
        return np.zeros((1, len(ACTION_UNITS)), np.float32)

    def forget(self, before_seconds: float) -> None:
        """The table is in memory anyway."""


READERS: dict[str, Callable[..., Reader]] = {
    "film": FilmReader,
    **dict.fromkeys(VOICE_FRONT_ENDS, SoundReader),
    "tokens": WordsReader,
    "openface_units": UnitsReader,
    "action_unit_means": UnitsReader,
}
