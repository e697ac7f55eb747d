"""The live session: bounded mailboxes before the engine, and what each window cost.

The engine is the one of `analyse`; all that is live about it stands here. Pictures may be left
out when the analysis falls behind, sound and words never are: whoever delivers them waits.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum

from emofuse.bundle import Bundle
from emofuse.core import InputError, Window
from emofuse.core.outcome import Undecodable
from emofuse.media import (
    AudioChunk,
    Damage,
    EncodedPicture,
    LiveSource,
    VideoFrame,
    reconnecting,
)
from emofuse.perception.eeg import EegChunk
from emofuse.perception.face import TrackedFace
from emofuse.perception.text import Cue

from .engine import Engine
from .options import Options

MODALITY_OF = {"video": "face", "audio": "voice", "eeg": "eeg"}
PICTURES = (VideoFrame, EncodedPicture)


class Mark(Enum):
    """A message in the order of the data: start anew, or nothing more will come."""

    RESET = "reset"
    END = "end"


Item = VideoFrame | EncodedPicture | AudioChunk | Cue | EegChunk | Damage | Mark


@dataclass(frozen=True)
class LiveLimits:
    """How much may wait, and how long one track waits for the other (the watermark)."""

    pictures: int = 8
    others: int = 512
    max_lag_seconds: float = 2.0


@dataclass(frozen=True)
class Sight:
    """What was seen in one picture: faces (px of `width` x `height`), and the time it took."""

    seconds: float
    width: int
    height: int
    faces: tuple[TrackedFace, ...]
    latency_seconds: float


@dataclass(frozen=True)
class Step:
    """What came of one item."""

    windows: tuple[Window, ...] = ()
    sight: Sight | None = None
    mark: Mark | None = None


class Mailbox:
    """Items in order of arrival, a bounded number of them; safe between threads.

    One picture too many pushes out the oldest waiting one. Anything else is never dropped: when
    too much of it waits, `full` is True and `put` blocks until there is room.
    """

    def __init__(self, limits: LiveLimits):
        self.limits = limits
        self.dropped: list[float] = []  # seconds of the pictures left out since last asked
        self.dropped_in_all = 0
        self._items: deque[tuple[Item, float]] = deque()
        self._pictures = 0
        self._changed = threading.Condition()

    def put(self, item: Item, *, stop: threading.Event | None = None) -> None:
        """Add an item; waits for room unless it is a picture or `stop` is set."""
        with self._changed:
            if isinstance(item, PICTURES):
                if self._pictures >= self.limits.pictures:
                    self._drop_oldest_picture()
                self._pictures += 1
            else:
                while self.full and not (stop and stop.is_set()):
                    self._changed.wait(0.1)
            self._items.append((item, time.monotonic()))
            self._changed.notify_all()

    def take(self, timeout_seconds: float = 0.0) -> tuple[Item, float] | None:
        """(item, its time of arrival), or None when nothing came in time."""
        with self._changed:
            if not self._items and timeout_seconds:
                self._changed.wait(timeout_seconds)
            if not self._items:
                return None
            item, arrived = self._items.popleft()
            self._pictures -= isinstance(item, PICTURES)
            self._changed.notify_all()
            return item, arrived

    @property
    def full(self) -> bool:
        """True when what may not be dropped waits up to the limit."""
        return len(self._items) - self._pictures >= self.limits.others

    def __len__(self) -> int:
        return len(self._items)

    def _drop_oldest_picture(self) -> None:
        place = next(i for i, (item, _) in enumerate(self._items) if isinstance(item, PICTURES))
        self.dropped.append(self._items[place][0].seconds)
        del self._items[place]
        self._pictures -= 1
        self.dropped_in_all += 1


class LiveSession:
    """One live analysis: `offer` items from anywhere, `step` through them in one thread.

    Every window carries in `latency_seconds`, beside the engine's own stages ("face", "voice",
    "text", "window"): "decode", the longest wait in the mailbox ("queue") and the time from the
    arrival of the item that completed the window to its answer ("total").
    """

    def __init__(
        self,
        options: Options,
        bundles: Mapping[str, Bundle],
        *,
        tracks: Iterable[str],
        limits: LiveLimits | None = None,
    ):
        self.options = options.answered_by(bundles)
        self.bundles, self.tracks = bundles, frozenset(tracks)
        self.limits = limits or LiveLimits()
        self.mailbox = Mailbox(self.limits)
        self.reset()

    def reset(self) -> None:
        """Forget everybody and everything: the clock starts at 0 again."""
        self.engine = Engine(
            self.options,
            self.bundles,
            tracks=self.tracks,
            max_lag_seconds=self.limits.max_lag_seconds,
        )
        self._waited = self._decoding = 0.0

    def offer(self, item: Item, *, stop: threading.Event | None = None) -> None:
        """Hand over an item; blocks only while too much sound or text waits."""
        self.mailbox.put(item, stop=stop)

    def step(self, timeout_seconds: float = 0.0) -> Step | None:
        """Work on the next item; None when there is none.

        A picture that cannot be decoded becomes an `Undecodable` outcome of its window.
        """
        taken = self.mailbox.take(timeout_seconds)
        if taken is None:
            return None
        item, arrived = taken
        self._waited = max(self._waited, time.monotonic() - arrived)
        if item is Mark.RESET:
            self.reset()
            return Step(mark=item)
        if item is Mark.END:
            return Step(self._stamped(self.engine.finish(), arrived), mark=item)
        if isinstance(item, EncodedPicture):
            item = self._decoded(item)
        windows = self._stamped(self.engine.push(item), arrived)
        sight = self._sight(item, arrived) if isinstance(item, VideoFrame) else None
        return Step(windows, sight)

    def _decoded(self, picture: EncodedPicture) -> VideoFrame | Damage:
        began = time.perf_counter()
        try:
            return picture.decode()
        except InputError as error:
            return Damage(picture.seconds, "video", f"{error.reason}; {error.remedy}")
        finally:
            self._decoding += time.perf_counter() - began

    def _stamped(self, windows: Iterator[Window], arrived: float) -> tuple[Window, ...]:
        stamped = []
        for window in windows:
            latency = {
                **window.latency_seconds,
                "decode": self._decoding,
                "queue": self._waited,
                "total": time.monotonic() - arrived,
            }
            self._waited = self._decoding = 0.0
            lost = self._left_out(window)
            stamped.append(
                replace(window, latency_seconds=latency, outcomes=(*window.outcomes, *lost))
            )
        return tuple(stamped)

    def _left_out(self, window: Window) -> list[Undecodable]:
        """Says in the window itself which pictures the analysis had no time for."""
        dropped, self.mailbox.dropped = self.mailbox.dropped, []
        if not dropped:
            return []
        detail = f"{len(dropped)} pictures left out: the analysis was behind"
        return [Undecodable("face", min(dropped), max(dropped), detail=detail)]

    def _sight(self, frame: VideoFrame, arrived: float) -> Sight:
        face = self.engine.senses.get("face")
        height, width = frame.image.shape[:2]
        seen = tuple(face.faces) if face is not None else ()
        return Sight(frame.seconds, width, height, seen, time.monotonic() - arrived)


def stream_live(
    sources: Iterable[LiveSource],
    options: Options,
    bundles: Mapping[str, Bundle],
    *,
    limits: LiveLimits | None = None,
) -> Iterator[Window]:
    """Windows of live sources, each read in a thread of its own and opened again when lost.

    Ends when all sources have ended; closing the iterator stops them. Raises the `InputError`
    of a source that cannot be opened.
    """
    sources = list(sources)
    tracks = {MODALITY_OF[track] for source in sources for track in source.tracks}
    session = LiveSession(options, bundles, tracks=tracks & set(options.modalities), limits=limits)
    stop, errors = threading.Event(), []
    began = time.monotonic()
    readers = [
        threading.Thread(target=_read, args=(source, session, began, stop, errors), daemon=True)
        for source in sources
    ]
    for reader in readers:
        reader.start()
    try:
        while (step := session.step(0.1)) or any(reader.is_alive() for reader in readers):
            yield from step.windows if step else ()
        if errors:
            raise errors[0]
        session.offer(Mark.END)
        while (step := session.step()).mark is not Mark.END:
            yield from step.windows
        yield from step.windows
    finally:
        stop.set()


def _read(source: LiveSource, session: LiveSession, began: float, stop, errors: list) -> None:
    try:
        for item in reconnecting(source, lambda: time.monotonic() - began, sleep=stop.wait):
            session.offer(item, stop=stop)
            if stop.is_set():
                return
    except InputError as error:
        errors.append(error)
        stop.set()
