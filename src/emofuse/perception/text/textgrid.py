"""Praat TextGrid, long and short text form.

Praat reads a text file by its free-standing values and takes everything else as decoration
(manual: "TextGrid file formats"); doing the same reads both forms with one parser.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

Row = tuple[float, float, str]
Tier = tuple[str, list[Row]]

_VALUE = re.compile(
    r'"(?P<text>[^"]*(?:""[^"]*)*)"'
    r"|(?<!\S)(?P<number>[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)(?!\S)"
    r"|(?P<flag><(?:exists|absent)>)"
)
# What annotators call the tier with words, alone or as a part ("Anna - words", "ORT-MAU"), the most
# telling first.
_WORD_TIERS = ("utterance", "sentence", "transcript", "transcription", "text", "word", "ort")
_NAME_PARTS = re.compile(r"[\W_]+")
_SILENCE = frozenset({"", "sil", "sp", "spn", "<sil>", "<p:>", "<p>", "<eps>", "#", "xxx", "_"})


def parse_textgrid(text: str, *, tier: str | None = None) -> list[Row]:
    """(start, end, words) of one interval tier, silences left out. `ValueError` says what is wrong.

    Without `tier`: the interval tier whose name says it holds utterances or words, else the one
    with the longest labels (phones are short).
    """
    tiers = _read_tiers(text)
    if not tiers:
        raise ValueError("no interval tier with words")
    _, rows = _choose(tiers, tier)
    return [(start, end, label) for start, end, label in rows if label.lower() not in _SILENCE]


def _choose(tiers: list[Tier], wanted: str | None) -> Tier:
    if wanted is not None:
        for name, rows in tiers:
            if name == wanted:
                return name, rows
        raise ValueError(f"no interval tier {wanted!r}; there are {[name for name, _ in tiers]}")
    for word in _WORD_TIERS:
        for name, rows in tiers:
            if not {word, word + "s"}.isdisjoint(_NAME_PARTS.split(name.lower())):
                return name, rows
    return max(tiers, key=lambda tier: _mean_length(tier[1]))


def _mean_length(rows: list[Row]) -> float:
    labels = [label for _, _, label in rows if label.lower() not in _SILENCE]
    return sum(map(len, labels)) / len(labels) if labels else 0.0


def _read_tiers(text: str) -> list[Tier]:
    values = _values(text)
    try:
        if [next(values), next(values)] != ["ooTextFile", "TextGrid"]:
            raise ValueError("not a Praat TextGrid text file")
        _number(values), _number(values)
        if next(values) != "<exists>":
            return []
        found = [_read_tier(values) for _ in range(int(_number(values)))]
    except StopIteration:
        raise ValueError("the TextGrid ends too early") from None
    return [tier for tier in found if tier is not None]


def _read_tier(values: Iterator[str | float]) -> Tier | None:
    """One tier's intervals, or None for a tier of points."""
    kind, name = next(values), str(next(values))
    _number(values), _number(values)
    count = int(_number(values))
    if kind == "TextTier":
        for _ in range(count):
            _number(values), next(values)
        return None
    if kind != "IntervalTier":
        raise ValueError(f"unknown tier class {kind!r}")
    rows = [
        (_number(values), _number(values), " ".join(str(next(values)).split()))
        for _ in range(count)
    ]
    return name, rows


def _values(text: str) -> Iterator[str | float]:
    for match in _VALUE.finditer(text):
        if match["text"] is not None:
            yield match["text"].replace('""', '"')
        elif match["number"] is not None:
            yield float(match["number"])
        else:
            yield match["flag"]


def _number(values: Iterator[str | float]) -> float:
    value = next(values)
    if not isinstance(value, float):
        raise ValueError(f"expected a number, found {value[:40]!r}")
    return value
