"""One track of a file while it is read: packets in, timed pictures or samples out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator

import av

from .types import AudioChunk, Damage, VideoFrame

Item = VideoFrame | AudioChunk | Damage


class Track(ABC):
    """Decodes the packets of one stream. A run of failures is reported once, as one `Damage`.

    `reached_seconds` is where the packets so far end.
    """

    modality: str

    def __init__(self, stream: av.VideoStream | av.AudioStream, zero_seconds: float):
        self.stream, self.zero_seconds = stream, zero_seconds
        self.reached_seconds = 0.0
        self._in_damage = False

    @property
    def declared_seconds(self) -> float | None:
        """Where the header says that this track ends, if it says so."""
        if not self.stream.duration:
            return None
        end = (self.stream.start_time or 0) + self.stream.duration
        return float(end * self.stream.time_base) - self.zero_seconds

    def take(self, packet: av.Packet) -> Iterator[Item]:
        """What can be decoded once `packet` is there (the empty packet at the end flushes)."""
        start = self.reached_seconds
        if packet.pts is not None:
            start = float(packet.pts * packet.time_base) - self.zero_seconds
            end = start + float((packet.duration or 0) * packet.time_base)
            self.reached_seconds = max(self.reached_seconds, end)
        try:
            frames = packet.decode()
        except av.FFmpegError as error:
            yield from self.damaged(f"not decodable ({error.strerror})", max(start, 0.0))
            return
        for frame in frames:
            yield from self._converted(frame, max(start, 0.0))

    def _converted(self, frame: av.VideoFrame | av.AudioFrame, seconds: float) -> Iterator[Item]:
        try:
            items = list(self.convert(frame))
        except (av.FFmpegError, ValueError) as error:  # a format or size that fits nothing
            items = [Damage(seconds, self.modality, f"not convertible ({error})")]
        for item in items:
            if isinstance(item, Damage):
                yield from self.damaged(item.detail, item.seconds)
            else:
                self._in_damage = False
                yield item

    def damaged(self, detail: str, seconds: float) -> Iterator[Damage]:
        """A `Damage`, unless the one before already stands for it."""
        if not self._in_damage:
            self._in_damage = True
            yield Damage(seconds, self.modality, detail)

    @abstractmethod
    def convert(self, frame: av.VideoFrame | av.AudioFrame) -> Iterator[Item]:
        """A decoded frame as items on the recording's clock."""

    @abstractmethod
    def finish(self) -> Iterator[Item]:
        """What is still held back when the file has ended."""
