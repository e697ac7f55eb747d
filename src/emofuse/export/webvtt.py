"""WebVTT: the fused answer as subtitles, one line a person, for any video player.

Only the fused tiers: subtitles of every modality at once cannot be read. Numbers have two
decimals, times milliseconds.
"""

from __future__ import annotations

import re
from html import escape, unescape
from pathlib import Path

from emofuse.core import Segment, Timeline

from .tiers import MEANING, clean, malformed, read_probability, tiers

_STAMP = r"(?:(\d{2,}):)?([0-5]\d):([0-5]\d)\.(\d{3})"
_TIMES = re.compile(rf"{_STAMP}[ \t]+-->[ \t]+{_STAMP}(?:[ \t].*)?")
_TEXT = re.compile(r"<v ([^>]+)>(.+) (\d\.\d\d)")


def write_vtt(timeline: Timeline, path: Path) -> None:
    note = [
        f"NOTE emofuse timeline of {escape(clean(timeline.source.name), quote=False)}: {MEANING}",
        *(f"NOTE {escape(clean(stamp), quote=False)}" for stamp in timeline.stamps),
    ]
    cues = [
        (segment, name.removesuffix("/fused"))
        for name, segments in tiers(timeline).items()
        if name.endswith("/fused")
        for segment in segments
    ]
    cues.sort(key=lambda cue: cue[0].start_seconds)  # the format wants cues in order of time
    blocks = ["WEBVTT", *note, *(_cue(segment, person) for segment, person in cues)]
    path.write_text("\n\n".join(blocks) + "\n", encoding="utf-8", newline="\n")


def read_vtt(path: Path) -> dict[str, list[Segment]]:
    """Tier "person/fused" -> segments; `InputError` when a cue is not one that `write_vtt` makes."""
    try:
        text = path.read_text(encoding="utf-8-sig").replace("\r\n", "\n")
        if not re.match(r"WEBVTT(?:[ \t\n]|$)", text):
            raise ValueError("the first line is not WEBVTT")
        found: dict[str, list[Segment]] = {}
        for block in re.split(r"\n{2,}", text.strip("\n"))[1:]:
            if not block.startswith(("NOTE", "STYLE", "REGION")):
                person, segment = _parse(block)
                found.setdefault(f"{person}/fused", []).append(segment)
        return found
    except ValueError as error:
        raise malformed(path, "WebVTT", error) from error


def _cue(segment: Segment, person: str) -> str:
    return (
        f"{_stamp(segment.start_seconds)} --> {_stamp(segment.end_seconds)}\n"
        f"<v {escape(person, quote=False)}>"
        f"{escape(segment.label, quote=False)} {segment.probability:.2f}"
    )


def _parse(block: str) -> tuple[str, Segment]:
    lines = block.split("\n")
    if "-->" not in lines[0]:
        lines = lines[1:]  # a cue may carry an identifier
    times, text = _TIMES.fullmatch(lines[0] if lines else ""), _TEXT.fullmatch("\n".join(lines[1:]))
    if not times or not text:
        raise ValueError(f"not a cue of a timeline: {block[:60]!r}")
    start, end = _seconds(times.groups()[:4]), _seconds(times.groups()[4:])
    if end <= start:
        raise ValueError(f"a cue ends before it starts: {lines[0]!r}")
    return unescape(text[1]), Segment(start, end, unescape(text[2]), read_probability(text[3]))


def _stamp(seconds: float) -> str:
    minutes, milliseconds = divmod(round(seconds * 1000), 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{milliseconds // 1000:02d}.{milliseconds % 1000:03d}"


def _seconds(parts: tuple[str | None, ...]) -> float:
    hours, minutes, seconds, milliseconds = (int(part or 0) for part in parts)
    return (hours * 3_600_000 + minutes * 60_000 + seconds * 1000 + milliseconds) / 1000
