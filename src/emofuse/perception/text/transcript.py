"""`Cue` and `read_transcript`: what was said and when, from the files people have."""

from __future__ import annotations

import codecs
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from emofuse.core import InputError

from .subtitles import parse_subtitles
from .textgrid import parse_textgrid

# Formats with times come first: they say more than a plain text beside them.
SUFFIXES = (".srt", ".vtt", ".textgrid", ".txt")
_SPELLINGS = (".srt", ".SRT", ".vtt", ".VTT", ".TextGrid", ".textgrid", ".txt", ".TXT")
_BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


@dataclass(frozen=True, slots=True)
class Cue:
    """Words between two moments in seconds; both None where the file gives no times."""

    start_seconds: float | None
    end_seconds: float | None
    text: str


class Transcript(list[Cue]):
    """Cues in order of time; `notes` says what had to be guessed or set right."""

    def __init__(self, cues: Iterable[Cue] = (), notes: Iterable[str] = ()):
        super().__init__(cues)
        self.notes = tuple(notes)


def find_sidecar(media_path: str | Path) -> Path | None:
    """The transcript beside a recording: same stem, `.srt`, `.vtt`, `.TextGrid` or `.txt`.

    A timeline that emofuse itself wrote there (it names itself in its first lines) is not one.
    """
    media_path = Path(media_path)
    for spelling in _SPELLINGS:
        candidate = media_path.with_suffix(spelling)
        if candidate != media_path and candidate.is_file() and not _is_own_output(candidate):
            return candidate
    return None


def read_transcript(path: str | Path, *, tier: str | None = None) -> Transcript:
    """Cues of a SubRip, WebVTT, Praat TextGrid or plain text file, sorted by start.

    Overlapping cues are kept, reversed times swapped, times before the recording cut at 0 and
    cues that end there dropped; markup is removed. Plain text is one cue a line, without times. `tier`
    names the TextGrid tier, else the one with words is taken. Bytes that are no Unicode are read
    as Windows-1252 (or Latin-1), with a note. An empty file gives no cues.

    Raises `InputError` when the file cannot be read or is not what its name says.
    """
    path = Path(path)
    text, notes = _decode(path)
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise InputError(
            path, f"unknown transcript type {suffix!r}", "use .srt, .vtt, .TextGrid or .txt"
        )
    if not text.strip():
        return Transcript([], notes)
    try:
        if suffix == ".txt":
            rows = [(None, None, " ".join(line.split())) for line in text.split("\n")]
        elif suffix == ".textgrid":
            rows = parse_textgrid(text, tier=tier)
        else:
            rows = parse_subtitles(text)
    except ValueError as error:
        raise InputError(path, str(error), f"check that it is a {path.suffix} file") from None
    return _in_order(rows, notes)


def _in_order(rows: list[tuple[float | None, float | None, str]], notes: list[str]) -> Transcript:
    cues, repaired = [], 0
    for start, end, text in rows:
        if start is not None and (end < start or start < 0):
            repaired += 1
            start, end = max(0.0, min(start, end)), max(start, end)
            if end <= 0:
                continue
        if text:
            cues.append(Cue(start, end, text))
    if repaired:
        notes = [*notes, f"{repaired} cues had reversed or negative times"]
    cues.sort(key=lambda cue: -1.0 if cue.start_seconds is None else cue.start_seconds)
    return Transcript(cues, notes)


def _decode(path: Path) -> tuple[str, list[str]]:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(
            path, f"cannot be read ({error.strerror})", "check path and rights"
        ) from None
    text, notes = _to_text(path, data)
    if "\0" in text:
        raise InputError(path, "not a text file", "save the transcript as UTF-8 text")
    return text.replace("\r\n", "\n").replace("\r", "\n"), notes


def _to_text(path: Path, data: bytes) -> tuple[str, list[str]]:
    for mark, encoding in _BYTE_ORDER_MARKS.items():
        if data.startswith(mark):
            try:
                return data.decode(encoding), []
            except UnicodeDecodeError:
                raise InputError(
                    path, f"damaged {encoding} text", "save the transcript as UTF-8 text"
                ) from None
    for encoding in ("utf-8", "cp1252"):
        try:
            text = data.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        encoding, text = "latin-1", data.decode("latin-1")
    guessed = [] if encoding == "utf-8" else [f"{path.name} is not UTF-8; read as {encoding}"]
    return text, guessed


def _is_own_output(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return b"emofuse" in file.read(1024).replace(b"\0", b"")
    except OSError:
        return False
