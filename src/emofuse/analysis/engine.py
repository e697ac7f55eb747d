"""The engine: timed items in, windows out. Offline and live run through this one class."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping

from emofuse.bundle import Bundle
from emofuse.core import Outcome, Window, label_set
from emofuse.core.outcome import Undecodable
from emofuse.media import AudioChunk, Damage, VideoFrame
from emofuse.perception.eeg import EegChunk
from emofuse.perception.face import UnitTrack
from emofuse.perception.text import Cue

from .combine import Combiner
from .eeg import EegSense
from .face import FaceSense
from .options import WHOLE, Options, tracks_of
from .sense import reached_by_all
from .text import TextSense
from .voice import VoiceSense
from .whole import WholeSense

# A track that lags this far behind the other is no longer waited for: its late data is dropped.
MAX_LAG_SECONDS = 10.0
EPSILON_SECONDS = 1e-6
_TRACK_OF = {
    VideoFrame: "face",
    AudioChunk: "voice",
    Cue: "text",
    EegChunk: "eeg",
    UnitTrack: "action_units",
}
_DAMAGED = {"video": "face", "audio": "voice", "eeg": "eeg"}
# Words and Action Units come all at once, before anything else.
_CLOCKED = {"face", "voice", "eeg"}
Item = VideoFrame | AudioChunk | Cue | EegChunk | UnitTrack


class Engine:
    """Feeds the senses and closes a window once every track has passed its end.

    `tracks` are the data that will come ("face" for pictures, "voice" for sound, "text" for words,
    "eeg", "action_units"); what reads another answers with a typed outcome. `push` may be fed in
    pieces of any size and in any interleaving within `max_lag_seconds`: the windows are the same.
    """

    def __init__(
        self,
        options: Options,
        bundles: Mapping[str, Bundle],
        *,
        tracks: frozenset[str],
        still: bool = False,
        max_lag_seconds: float = MAX_LAG_SECONDS,
    ):
        options = options.answered_by(bundles)
        self.options, self.max_lag_seconds = options, max_lag_seconds
        usable = {m: b for m, b in bundles.items() if m in options.modalities}
        self.combiner = Combiner(options, usable, label_set(options.labels))
        made = {
            "face": lambda: FaceSense(
                usable.get("face"),
                rate_hz=options.expression_rate_hz,
                expected="face" in tracks,
                still=still,
            ),
            "voice": lambda: VoiceSense(usable.get("voice"), expected="voice" in tracks),
            "text": lambda: TextSense(usable.get("text"), expected="text" in tracks),
            "eeg": lambda: EegSense(
                usable.get("eeg"),
                window_seconds=options.window_seconds,
                expected="eeg" in tracks,
            ),
        }
        for modality in WHOLE:
            made[modality] = lambda modality=modality: WholeSense(
                usable.get(modality),
                modality=modality,
                window_seconds=options.window_seconds,
                tracks=tracks,
                still=still,
                max_lag_seconds=max_lag_seconds,
            )
        self.senses = {modality: made[modality]() for modality in options.modalities}
        self.clocked = [m for m in self.senses if tracks_of([m]) & _CLOCKED & frozenset(tracks)]
        self.latest = dict.fromkeys(self.clocked, 0.0)
        self.latest_picture = 0.0
        self.frame_step = 0.0
        self.emitted = 0
        self.damage: list[Outcome] = []
        self.spent_seconds: dict[str, float] = {}

    def push(self, item: Item | Damage) -> Iterator[Window]:
        """Take one item; yields the windows that it completes. Consume the iterator."""
        if isinstance(item, Damage):
            modality = _DAMAGED[item.modality]
            self.damage.append(
                Undecodable(modality, item.seconds, item.seconds, detail=item.detail)
            )
            return
        track = _TRACK_OF[type(item)]
        readers = [m for m in self.senses if track in tracks_of([m])]
        if not readers or self._too_late(item):
            return
        for modality in readers:
            began = time.perf_counter()
            self.senses[modality].push(item)
            spent = time.perf_counter() - began
            self.spent_seconds[modality] = self.spent_seconds.get(modality, 0.0) + spent
            if modality in self.latest:
                latest = self.senses[modality].latest_seconds
                self.latest[modality] = max(latest, self.latest[modality])
        if isinstance(item, VideoFrame):
            self.frame_step = item.seconds - self.latest_picture or self.frame_step
            self.latest_picture = item.seconds
        if self.clocked:
            yield from self._close_windows(self.watermark)

    def _too_late(self, item: Item) -> bool:
        """True for a frame out of order, or before what is already answered."""
        answered = self.emitted * self.options.hop_seconds
        return isinstance(item, VideoFrame) and item.seconds < max(self.latest_picture, answered)

    @property
    def watermark(self) -> float:
        """Seconds up to which every track has delivered, or is no longer waited for."""
        times = [self.senses[modality].ready_seconds for modality in self.clocked]
        return reached_by_all(times, max_lag_seconds=self.max_lag_seconds)

    @property
    def duration_seconds(self) -> float:
        """Seconds of recording seen so far; the newest frame lasts as long as the one before.

        EEG beside a recording may go on after it and does not make it longer.
        """
        ends = [
            seconds + (self.frame_step if m == "face" else 0)
            for m, seconds in self.latest.items()
            if m != "eeg" or len(self.latest) == 1
        ]
        return max(ends, default=0.0)

    def finish(self, duration_seconds: float | None = None) -> Iterator[Window]:
        """No more data: yields the remaining windows, the last one reaching the end."""
        duration = self.duration_seconds if duration_seconds is None else duration_seconds
        hop, window = self.options.hop_seconds, self.options.window_seconds
        total = 1 + max(0, math.ceil((duration - window) / hop - EPSILON_SECONDS))
        yield from self._close_windows((total - 1) * hop + window)

    def _close_windows(self, until_seconds: float) -> Iterator[Window]:
        hop, length = self.options.hop_seconds, self.options.window_seconds
        while self.emitted * hop + length <= until_seconds + EPSILON_SECONDS:
            yield self._window(self.emitted, self.emitted * hop, self.emitted * hop + length)
            self.emitted += 1
            for sense in self.senses.values():
                sense.forget(self.emitted * hop)

    def _window(self, index: int, start: float, end: float) -> Window:
        began = time.perf_counter()
        evidence = {m: sense.evidence(start, end) for m, sense in self.senses.items()}
        owner, moments = self.combiner.moments(evidence)
        latency = {**self.spent_seconds, "window": time.perf_counter() - began}
        self.spent_seconds = {}
        damage = tuple(d for d in self.damage if d.start_seconds < end)
        self.damage = [d for d in self.damage if d.start_seconds >= end]
        return Window(index, start, end, tuple(moments), damage, owner, latency)
