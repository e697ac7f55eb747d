"""Praat TextGrid: an interval tier per person and modality, plus one each for its probabilities.

Long text format, UTF-8, as Praat writes it. Time without an answer is an empty interval.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from emofuse.core import Segment, Timeline

from .tiers import PROBABILITY, STATED, end_seconds, malformed, read_probability, tiers

Interval = tuple[float, float, str]
# Praat reads what stands free (strings, numbers, flags) and skips all other words.
_TOKEN = re.compile(r'"((?:[^"]|"")*)"|(?<!\S)(-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)(?!\S)|<(\w+)>')


def write_textgrid(timeline: Timeline, path: Path) -> None:
    end, found = end_seconds(timeline), tiers(timeline)
    named = {name: _tile(parts, end, lambda s: s.label) for name, parts in found.items()}
    # All numbers come after all labels, so that an open window shows the labels first.
    named |= {
        name + PROBABILITY: _tile(parts, end, lambda s: f"{s.probability:.4f}")
        for name, parts in found.items()
    }
    lines = [
        'File type = "ooTextFile"',
        'Object class = "TextGrid"',
        "! emofuse timeline",  # a comment to Praat; tells us that this is no transcript
        "",
        "xmin = 0 ",
        f"xmax = {_number(end)} ",
        "tiers? <exists> ",
        f"size = {len(named)} ",
        "item []: ",
    ]
    for place, (name, intervals) in enumerate(named.items(), 1):
        lines += [f"    item [{place}]:", *(f"        {s}" for s in _tier(name, intervals, end))]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")


def read_textgrid(path: Path) -> dict[str, list[Segment]]:
    """Tier name -> segments of the interval tiers, long or short format, UTF-8 or UTF-16.

    Point tiers are left out. `InputError` when the file is malformed.
    """
    try:
        found = _parse(_tokens(_text(path)))
        labels = {name: rows for name, rows in found.items() if not name.endswith(PROBABILITY)}
        return {
            name: _segments(rows, found.get(name + PROBABILITY, []))
            for name, rows in labels.items()
        }
    except (ValueError, OverflowError, StopIteration) as error:
        raise malformed(path, "TextGrid", str(error) or "it ends too early") from error


def _tile(segments: list[Segment], end: float, text: Callable[[Segment], str]) -> list[Interval]:
    """Intervals that fill 0..end without a gap, as Praat demands."""
    intervals, at = [], 0.0
    for segment in segments:
        if segment.start_seconds > at:
            intervals.append((at, segment.start_seconds, ""))
        intervals.append((segment.start_seconds, segment.end_seconds, text(segment)))
        at = segment.end_seconds
    if at < end:
        intervals.append((at, end, ""))
    return intervals


def _tier(name: str, intervals: list[Interval], end: float) -> Iterator[str]:
    yield 'class = "IntervalTier" '
    yield f"name = {_quote(name)} "
    yield "xmin = 0 "
    yield f"xmax = {_number(end)} "
    yield f"intervals: size = {len(intervals)} "
    for place, (start, stop, text) in enumerate(intervals, 1):
        yield f"intervals [{place}]:"
        yield f"    xmin = {_number(start)} "
        yield f"    xmax = {_number(stop)} "
        yield f"    text = {_quote(text)} "


def _quote(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _number(seconds: float) -> str:
    return f"{seconds:.6f}".rstrip("0").rstrip(".")


def _text(path: Path) -> str:
    data = path.read_bytes()
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16")
    return data.decode("utf-8-sig")


def _tokens(text: str) -> Iterator[str | float]:
    for match in _TOKEN.finditer(text):
        string, number, flag = match.groups()
        if number is not None:
            yield float(number)
        else:
            yield flag if string is None else string.replace('""', '"')


def _parse(tokens: Iterator[str | float]) -> dict[str, list[Interval]]:
    if (next(tokens), next(tokens)) != ("ooTextFile", "TextGrid"):
        raise ValueError("no TextGrid header")
    _take(tokens, float), _take(tokens, float)
    found: dict[str, list[Interval]] = {}
    if next(tokens) != "exists":
        return found
    for _ in range(int(_take(tokens, float))):
        kind, name = _take(tokens, str), _take(tokens, str)
        _take(tokens, float), _take(tokens, float)
        size = int(_take(tokens, float))
        if kind == "IntervalTier":
            found[name] = [_interval(tokens) for _ in range(size)]
        elif kind == "TextTier":
            for _ in range(size):
                _take(tokens, float), _take(tokens, str)
        else:
            raise ValueError(f"unknown tier class {kind!r}")
    return found


def _interval(tokens: Iterator[str | float]) -> Interval:
    start, end, text = _take(tokens, float), _take(tokens, float), _take(tokens, str)
    if end <= start:
        raise ValueError(f"an interval ends at {end} before it starts at {start}")
    return start, end, text


def _take(tokens: Iterator[str | float], kind: type):
    token = next(tokens)
    if not isinstance(token, kind):
        raise ValueError(f"found {token!r} in the wrong place")
    return token


def _segments(rows: list[Interval], numbers: list[Interval]) -> list[Segment]:
    probability = {start: read_probability(text) for start, _, text in numbers if text}
    return [
        Segment(start, end, text, probability.get(start, STATED))
        for start, end, text in rows
        if text
    ]
