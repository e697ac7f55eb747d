"""Which formats there are, and saving and loading by name or suffix.

A new format is one file with a writer (and a reader where one makes sense) and one line here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from emofuse.core import InputError, Segment, Timeline

from .csv_file import read_csv, write_csv
from .elan import read_eaf, write_eaf
from .figure import write_png
from .json_file import read_json, write_json
from .page import write_html
from .parquet_file import read_parquet, write_parquet
from .textgrid import read_textgrid, write_textgrid
from .webvtt import read_vtt, write_vtt

Tiers = dict[str, list[Segment]]


@dataclass(frozen=True)
class Format:
    """A file format: suffixes (the first is written), its writer and readers.

    `read` gives the whole timeline back, `read_segments` the tiers of an annotation format.
    """

    suffixes: tuple[str, ...]
    write: Callable[[Timeline, Path], None]
    read: Callable[[Path], Timeline] | None = None
    read_segments: Callable[[Path], Tiers] | None = None

    @property
    def suffix(self) -> str:
        return self.suffixes[0]


FORMATS: dict[str, Format] = {
    "json": Format((".json",), write_json, read=read_json),
    "csv": Format((".csv",), write_csv, read=read_csv),
    "parquet": Format((".parquet",), write_parquet, read=read_parquet),
    "vtt": Format((".vtt",), write_vtt, read_segments=read_vtt),
    "eaf": Format((".eaf",), write_eaf, read_segments=read_eaf),
    "textgrid": Format((".TextGrid",), write_textgrid, read_segments=read_textgrid),
    "png": Format((".png",), write_png),
    "html": Format((".html", ".htm"), write_html),
}


def save(timeline: Timeline, path: str | Path, *, format: str | None = None) -> Path:
    """Write `timeline` to `path` in `format` (else the one of its suffix), whole or not at all.

    Missing folders are made; a former file is replaced only by a complete new one. Raises
    `InputError` (unknown format, no place, full disk) or `MissingExtra`. Returns the path.
    """
    # Loaded here: reading a timeline needs no decoder.
    from emofuse.media import whole_file

    path = Path(path)
    chosen = find_format(path, format)
    with whole_file(path) as scratch:
        chosen.write(timeline, scratch)
    return path


def load(path: str | Path, *, format: str | None = None) -> Timeline:
    """The timeline that `save` wrote as JSON, CSV or Parquet; `InputError` when it is none."""
    path = Path(path)
    return _reader(path, find_format(path, format).read, "timeline", "json, csv or parquet")(path)


def read_segments(path: str | Path, *, format: str | None = None) -> Tiers:
    """Tier name -> segments of a WebVTT, EAF or TextGrid file; `InputError` when malformed."""
    path = Path(path)
    reader = find_format(path, format).read_segments
    return _reader(path, reader, "tiers", "vtt, eaf or textgrid")(path)


def find_format(path: Path, name: str | None = None) -> Format:
    """The format called `name`, else the one of the path's suffix; `InputError` lists them."""
    if name is not None and name.lower() in FORMATS:
        return FORMATS[name.lower()]
    for candidate in FORMATS.values():
        if name is None and path.suffix.lower() in map(str.lower, candidate.suffixes):
            return candidate
    asked = name if name is not None else path.suffix or "no suffix"
    raise InputError(path, f"no format {asked!r}", f"choose one of {', '.join(FORMATS)}")


def _reader(path: Path, reader: Callable | None, what: str, formats: str) -> Callable:
    if reader is None:
        raise InputError(path, f"this format keeps no {what}", f"save as {formats}")

    def read(path: Path):
        try:
            return reader(path)
        except OSError as error:
            reason = f"cannot be read ({error.strerror or error})"
            raise InputError(path, reason, "check the path and its permissions") from error

    return read
