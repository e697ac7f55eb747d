"""SubRip (.srt) and WebVTT (.vtt): timed text in one pass over the file."""

from __future__ import annotations

import html
import re
from itertools import pairwise

Row = tuple[float, float, str]

_TIME = r"(-?)(?:(\d+):)?(\d+):(\d+)(?:[,.](\d+))?"
_TIMING = re.compile(rf"\s*{_TIME}[ \t]*-->[ \t]*{_TIME}(?:[ \t].*)?")
# A line that means to be a timing: an arrow in the middle of spoken words is text.
_LOOKS_LIKE_TIMING = re.compile(r"^[ \t]*-?\d[\d:.,]*[ \t]*-->.*$", re.MULTILINE)
_COUNTER = re.compile(r"\n[ \t]*\d+[ \t]*$")
_BLANK_LINE = re.compile(r"\n[ \t]*\n")
# Tags begin with a letter (<i>, <v Anna>, </font>) or hold a time: "I <3 you" is no tag.
_TAGS = re.compile(r"</?[A-Za-z][^<>\n]*>|<\d+:[\d:.]+>|\{\\[^{}\n]*\}")


def parse_subtitles(text: str) -> list[Row]:
    """(start, end, words) of every cue, in file order, seconds. `ValueError` says what is wrong.

    WebVTT is told by its first line. There a blank line ends a cue; in SubRip, where people leave
    blank lines inside a cue, the next counter and timing do.
    """
    text = text.lstrip("\ufeff")
    is_vtt = text.lstrip().startswith("WEBVTT")
    timings = list(_LOOKS_LIKE_TIMING.finditer(text))
    if not timings:
        if is_vtt:
            return []
        raise ValueError("no subtitle times found")
    bodies = [text[a.end() : b.start()] for a, b in pairwise(timings)]
    # The line before a timing is that cue's counter, not the words of the one before.
    bodies = bodies if is_vtt else [_COUNTER.sub("", body.rstrip()) for body in bodies]
    bodies.append(text[timings[-1].end() :])
    return [
        (*_times(text, timing), _words(body, is_vtt))
        for timing, body in zip(timings, bodies, strict=True)
    ]


def _times(text: str, line: re.Match[str]) -> tuple[float, float]:
    match = _TIMING.fullmatch(line.group())
    if match is None:
        number = text.count("\n", 0, line.start()) + 1
        raise ValueError(f"line {number} is not a subtitle time: {line.group().strip()[:60]!r}")
    groups = match.groups()
    return _seconds(*groups[:5]), _seconds(*groups[5:])


def _seconds(sign: str, hours: str | None, minutes: str, seconds: str, part: str | None) -> float:
    whole = int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds)
    value = float(f"{whole}.{part or 0}")  # one rounding: 6.363, not 6.3629999999999995
    return -value if sign else value


def _words(body: str, is_vtt: bool) -> str:
    if is_vtt:
        body = _BLANK_LINE.split(body, maxsplit=1)[0]
    if "<" in body or "{" in body:
        body = _TAGS.sub("", body)
    if "&" in body:
        body = html.unescape(body)
    return " ".join(body.split())
