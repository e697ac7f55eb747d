"""An EEG file beside the recording: where it lies on the recording's clock, and its items."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from emofuse.core import file_sha256
from emofuse.media import AudioChunk, Damage, VideoFrame
from emofuse.perception.eeg import SUFFIXES, EegChunk, EegRecording, chunks, read_eeg
from emofuse.perception.text import Cue

# EEG is delivered this far beyond the recording's end, for the filters of the last window.
BEYOND_SECONDS = 4.0


@dataclass(frozen=True)
class EegTrack:
    """An EEG recording that starts `offset_seconds` after the other one; `sha256` of its file."""

    recording: EegRecording
    offset_seconds: float
    sha256: str

    @property
    def notes(self) -> list[str]:
        said = [f"EEG from {self.recording.source}", *self.recording.notes]
        if bad := self.recording.bad:
            said.append("EEG not used: " + ", ".join(f"{n} ({why})" for n, why in bad.items()))
        return said


def is_eeg(path: str | Path) -> bool:
    """True for files that are EEG by their name."""
    return Path(path).suffix.lower() in SUFFIXES


def open_eeg(
    eeg: str | Path | EegRecording, *, offset_seconds: float = 0.0, marker: str | None = None
) -> EegTrack:
    """Read the EEG (or take it as read) and place it.

    `marker` names the EEG's event at which the other recording starts; `offset_seconds` is then
    added. Raises `InputError` when the file or the marker cannot be used.
    """
    given = isinstance(eeg, EegRecording)
    recording = eeg if given else read_eeg(eeg)
    offset = offset_seconds - (recording.seconds_of(marker) if marker else 0.0)
    return EegTrack(recording, offset, "" if given else file_sha256(eeg))


def with_eeg(
    items: Iterable[VideoFrame | AudioChunk | Cue | Damage], track: EegTrack
) -> Iterator[VideoFrame | AudioChunk | Cue | Damage | EegChunk]:
    """The items with the EEG's chunks where they happen; little of it after their end."""
    pieces = chunks(track.recording, offset_seconds=track.offset_seconds)
    waiting, now = next(pieces, None), None
    for item in items:
        if not isinstance(item, Cue):
            now = item.start_seconds if isinstance(item, AudioChunk) else item.seconds
        while waiting is not None and now is not None and waiting.start_seconds <= now:
            yield waiting
            waiting = next(pieces, None)
        yield item
    while waiting is not None and (now is None or waiting.start_seconds <= now + BEYOND_SECONDS):
        yield waiting
        waiting = next(pieces, None)
