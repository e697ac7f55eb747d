"""Finished analyses in the formats that people ask for."""

from __future__ import annotations

import tempfile
import threading
from dataclasses import dataclass, replace
from pathlib import Path

from emofuse.core import Timeline
from emofuse.export import FORMATS, load, save

from .worker import unpack_thumbnails

MEDIA_TYPES = {
    "json": "application/json",
    "csv": "text/csv; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
    "vtt": "text/vtt; charset=utf-8",
    "eaf": "application/xml; charset=utf-8",
    "textgrid": "text/plain; charset=utf-8",
    "png": "image/png",
    "html": "text/html; charset=utf-8",
}
_WITH_PICTURES = ("png", "html")
# One plot at a time: drawing is the one heavy thing that requests do in the server itself.
_DRAWING = threading.Lock()


@dataclass(frozen=True)
class Rendered:
    """One result file as it is sent."""

    data: bytes
    media_type: str
    suffix: str


def render(timeline: str, thumbnails: str, format: str) -> Rendered:
    """A stored result in `format`, one of `FORMATS`."""
    suffix, media_type = FORMATS[format].suffix, MEDIA_TYPES[format]
    if format == "json":
        return Rendered(timeline.encode(), media_type, suffix)
    with tempfile.TemporaryDirectory(prefix="emofuse-") as scratch, _DRAWING:
        target = Path(scratch) / f"result{suffix}"
        save(_loaded(timeline, thumbnails, format, Path(scratch)), target, format=format)
        return Rendered(target.read_bytes(), media_type, suffix)


def _loaded(timeline: str, thumbnails: str, format: str, scratch: Path) -> Timeline:
    source = scratch / "timeline.json"
    source.write_text(timeline, encoding="utf-8")
    loaded = load(source)
    if format in _WITH_PICTURES:
        loaded = replace(loaded, thumbnails=unpack_thumbnails(thumbnails))
    return loaded
