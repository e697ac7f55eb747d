"""The voice: samples in, calibrated evidence for a window out."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from emofuse.bundle import Bundle
from emofuse.core import SCENE
from emofuse.media import AudioChunk
from emofuse.perception.voice import FRONT_ENDS, VoiceActivity, is_silent, speech_share

from .sense import Evidence

SAMPLE_RATE = 16_000
# Below this share of speech a window says nothing about a voice: 0.3 s of a 2 s window is about
# one syllable.
MIN_SPEECH_SHARE = 0.15
# A gap longer than this restarts voice activity instead of being filled with silence.
LONGEST_FILL_SECONDS = 2.0


class SampleBuffer:
    """The last samples of a recording on its clock, in the pieces they came in.

    What was never received is in no piece, so a gap of an hour costs no memory.
    """

    def __init__(self) -> None:
        self.pieces: deque[tuple[int, np.ndarray]] = deque()  # (number of first sample, samples)
        self.end = 0

    def place(self, position: int, samples: np.ndarray) -> np.ndarray:
        """Put samples at an absolute position; returns those not already there (late ones drop)."""
        fresh = samples[max(0, self.end - position) :]
        if len(fresh):
            first = max(position, self.end)
            self.pieces.append((first, fresh))
            self.end = first + len(fresh)
        return fresh

    def between(self, start: int, end: int) -> tuple[np.ndarray, float]:
        """Samples of [start, end), zeros where absent, and the share that is present."""
        window = np.zeros(end - start, np.float32)
        present = 0
        for first, samples in self.pieces:
            low, high = max(start, first), min(end, first + len(samples))
            if low < high:
                window[low - start : high - start] = samples[low - first : high - first]
                present += high - low
        return window, present / (end - start)

    def forget(self, before: int) -> None:
        while self.pieces and self.pieces[0][0] + len(self.pieces[0][1]) <= before:
            self.pieces.popleft()


class SpeechTrack:
    """Speech probability of every frame so far, on the recording's clock."""

    def __init__(self) -> None:
        self.activity = VoiceActivity()
        self.origin_seconds = 0.0
        self.frames = 0
        self.times: list[float] = []
        self.probabilities: list[float] = []

    def push(self, samples: np.ndarray) -> None:
        for probability in self.activity.push(samples):
            self.times.append(self.end_seconds)
            self.probabilities.append(float(probability))
            self.frames += 1

    @property
    def end_seconds(self) -> float:
        """Up to here speech is judged; the newest samples may still wait for a whole frame."""
        return self.origin_seconds + self.frames * self.activity.frame_seconds

    def restart(self, seconds: float) -> None:
        self.activity.reset()
        self.origin_seconds, self.frames = seconds, 0

    def share(self, start_seconds: float, end_seconds: float) -> float:
        """Share of the window that is speech."""
        low, high = np.searchsorted(self.times, [start_seconds, end_seconds])
        spoken = speech_share(np.array(self.probabilities[low:high])) * (high - low)
        return min(1.0, spoken * self.activity.frame_seconds / (end_seconds - start_seconds))

    def forget(self, before_seconds: float) -> None:
        drop = int(np.searchsorted(self.times, before_seconds))
        del self.times[:drop], self.probabilities[:drop]


@dataclass(frozen=True)
class Heard:
    """What a window holds of a voice: `samples`, or None with `outcome` saying why not."""

    samples: np.ndarray | None
    coverage: float = 0.0
    outcome: str = ""
    measures: Mapping[str, float] = field(default_factory=dict)


class Listener:
    """Keeps the sound of the last windows and says where somebody speaks."""

    def __init__(self, *, expected: bool = True):
        self.expected = expected
        self.buffer, self.speech = SampleBuffer(), SpeechTrack()
        self.latest_seconds = self.ready_seconds = 0.0

    def push(self, item: AudioChunk) -> None:
        position = round(item.start_seconds * SAMPLE_RATE)
        before = self.buffer.end
        fresh = self.buffer.place(position, np.asarray(item.samples, np.float32))
        if not len(fresh):
            return
        start = self.buffer.end - len(fresh)
        gap = start - before
        if gap > LONGEST_FILL_SECONDS * SAMPLE_RATE or (before == 0 and gap > 0):
            self.speech.restart(start / SAMPLE_RATE)
        elif gap > 0:
            self.speech.push(np.zeros(gap, np.float32))
        self.speech.push(fresh)
        self.latest_seconds = self.buffer.end / SAMPLE_RATE
        self.ready_seconds = self.speech.end_seconds

    def hear(self, start_seconds: float, end_seconds: float) -> Heard:
        if not self.expected:
            return Heard(None, outcome="NoAudioTrack")
        first = round(start_seconds * SAMPLE_RATE)
        samples, present = self.buffer.between(first, round(end_seconds * SAMPLE_RATE))
        if present == 0:
            return Heard(None, outcome="NoAudioTrack")
        if is_silent(samples):
            return Heard(None, outcome="Silence")
        share = self.speech.share(start_seconds, end_seconds)
        measures = {"speech_share": share}
        if share < MIN_SPEECH_SHARE:
            return Heard(None, outcome="NoSpeech", measures=measures)
        return Heard(samples, min(share, present), measures=measures)

    def forget(self, before_seconds: float) -> None:
        self.buffer.forget(round(before_seconds * SAMPLE_RATE))
        self.speech.forget(before_seconds)


class VoiceSense:
    """Voice evidence; it belongs to the scene until the engine finds whose voice it is."""

    modality = "voice"

    def __init__(self, bundle: Bundle | None, *, expected: bool = True):
        self.bundle, self.listener = bundle, Listener(expected=expected)

    @property
    def latest_seconds(self) -> float:
        return self.listener.latest_seconds

    @property
    def ready_seconds(self) -> float:
        return self.listener.ready_seconds

    def push(self, item: AudioChunk) -> None:
        self.listener.push(item)

    def evidence(self, start_seconds: float, end_seconds: float) -> dict[str, Evidence]:
        return {SCENE: self._evidence(self.listener.hear(start_seconds, end_seconds))}

    def _evidence(self, heard: Heard) -> Evidence:
        if heard.samples is None:
            return Evidence(None, outcome=heard.outcome, measures=heard.measures)
        if self.bundle is None:
            return Evidence(None, outcome="ModelAbsent", measures=heard.measures)
        part = self.bundle.spec.inputs[0]
        features = FRONT_ENDS[part.front_end](heard.samples, **part.parameters)
        logits = self.bundle.logits(features[None])[0]
        return Evidence(
            self.bundle.calibrated(logits),
            coverage=heard.coverage,
            quality=unclipped_share(heard.samples),
            measures=heard.measures,
        )

    def forget(self, before_seconds: float) -> None:
        self.listener.forget(before_seconds)


def unclipped_share(samples: np.ndarray) -> float:
    """Quality 0..1: one, less ten times the share of samples at full scale (over-driven input)."""
    return float(max(0.0, 1.0 - 10.0 * np.mean(np.abs(samples) >= 0.999)))
