"""`Witness`: reads a recording up to one window and keeps what that window was answered from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from emofuse.bundle import Bundle
from emofuse.core import InputError, Window, label_set
from emofuse.media import AudioChunk, VideoFrame
from emofuse.perception.face import FRONT_ENDS as FACE_FRONT_ENDS
from emofuse.perception.face import align_face
from emofuse.perception.text import Cue
from emofuse.perception.voice import FRONT_ENDS as VOICE_FRONT_ENDS

from .adapt import RememberingCombiner
from .engine import Engine
from .options import Options
from .sense import Evidence
from .source import Recording
from .voice import SAMPLE_RATE, SampleBuffer

PICTURE_SIZE = 192  # pixels a side of the face kept for people to look at


@dataclass(frozen=True)
class Crop:
    """A face as the model was fed it (1, S, S), its weight, and the picture for people."""

    pixels: np.ndarray
    weight: float
    picture: np.ndarray


class Witness:
    """The same engine as `analyse`, stopped when window number `window` is answered."""

    def __init__(
        self, recording: Recording, options: Options, bundles: Mapping[str, Bundle], *, window: int
    ):
        self.recording, self.options, self.bundles, self.window = (
            recording,
            options,
            bundles,
            window,
        )
        self.start_seconds = window * options.hop_seconds
        self.end_seconds = self.start_seconds + options.window_seconds
        self.engine = Engine(options, bundles, tracks=recording.tracks, still=recording.still)
        self.engine.combiner = RememberingCombiner(options, bundles, label_set(options.labels))
        self.samples = SampleBuffer()
        self.crops: dict[str, list[Crop]] = {}

    def read(self) -> Window:
        """The window; `InputError` when the recording ends before it."""
        for window in self._windows():
            if window.index == self.window:
                return window
        raise InputError(
            self.recording.path,
            f"ends before window {self.window} ({self.start_seconds:g} s)",
            "choose an earlier moment",
        )

    @property
    def evidence(self) -> Mapping[str, Mapping[str, Evidence]]:
        """What the window was answered from: modality -> person -> evidence."""
        return self.engine.combiner.seen[self.window]

    @property
    def cues(self) -> list[Cue]:
        """The cues that overlap the window; those without times count everywhere."""
        return [
            cue
            for cue in self.recording.cues
            if (cue.start_seconds or 0.0) < self.end_seconds
            and (np.inf if cue.end_seconds is None else cue.end_seconds) > self.start_seconds
        ]

    def voice_features(self) -> np.ndarray:
        """(frames, mels) that the voice model was fed."""
        first, last = (round(t * SAMPLE_RATE) for t in (self.start_seconds, self.end_seconds))
        samples, _ = self.samples.between(first, last)
        part = self.bundles["voice"].spec.inputs[0]
        return VOICE_FRONT_ENDS[part.front_end](samples, **part.parameters)

    def _windows(self) -> Iterator[Window]:
        for item in self.recording.items():
            if isinstance(item, AudioChunk):
                self.samples.place(round(item.start_seconds * SAMPLE_RATE), item.samples)
                self.samples.forget(round(self.start_seconds * SAMPLE_RATE))
            yield from self.engine.push(item)
            if isinstance(item, VideoFrame) and "face" in self.bundles:
                self._keep_faces(item)
        yield from self.engine.finish(self.recording.duration_seconds)

    def _keep_faces(self, frame: VideoFrame) -> None:
        """Keep the faces of a frame that was read and lies in the window."""
        sense = self.engine.senses["face"]
        if not self.start_seconds <= frame.seconds < self.end_seconds:
            return
        part = self.bundles["face"].spec.inputs[0]
        for face in sense.faces:
            sighting = sense.sightings[face.person][-1]
            if sighting.seconds != frame.seconds or sighting.logits is None:
                continue
            margin = part.parameters.get("margin", 1.0)
            crop = Crop(
                FACE_FRONT_ENDS[part.front_end](frame.image, face.mesh, **part.parameters),
                sighting.quality + 1e-6,  # as the face sense weighs them
                align_face(frame.image, face.mesh, size=PICTURE_SIZE, margin=margin),
            )
            self.crops.setdefault(face.person, []).append(crop)
