"""What people marked in a recording: ELAN, Praat and CSV files, and tables of rater by unit."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from emofuse.core import InputError, LabelSet

from .tables import number, read_rows, read_text


@dataclass(frozen=True)
class Annotation:
    """One value that `rater` gave to a stretch of a recording. `tier` is what was rated."""

    rater: str
    tier: str
    start_seconds: float
    end_seconds: float
    value: str


@dataclass(frozen=True)
class RatingTable:
    """Values (R, U) as given by R raters to U units (start, end in seconds); "" where skipped."""

    raters: tuple[str, ...]
    units: tuple[tuple[float, float], ...]
    values: np.ndarray

    @cached_property
    def numbers(self) -> np.ndarray:
        """(R, U) floats, NaN where skipped; `ValueError` where a value is no number."""
        return np.where(self.values == "", "nan", self.values).astype(float)

    def shares(self, labels: LabelSet) -> np.ndarray:
        """(U, C) shares of the raters' votes over `labels`; NaN where nobody voted for one."""
        votes = np.array([(self.values == label).sum(0) for label in labels], float).T
        total = votes.sum(1, keepdims=True)
        return np.divide(votes, total, out=np.full_like(votes, np.nan), where=total > 0)


def read_annotations(path: str | Path, *, rater: str = "") -> tuple[Annotation, ...]:
    """Annotations of an `.eaf`, `.TextGrid` or `.csv` file, in its order; empty values left out.

    The rater is `rater` where given, else what the file says (ELAN: the tier's annotator; CSV: a
    column `rater`), else the file's stem. Raises `InputError` on other or broken files.
    """
    path = Path(path)
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise InputError(path, "is no annotation file", f"use one of {', '.join(_READERS)}")
    found = [
        Annotation(rater or said or path.stem, tier, start, end, value.strip())
        for said, tier, start, end, value in reader(path)
    ]
    for each in found:
        if each.end_seconds < each.start_seconds:
            raise InputError(path, f"{each.value!r} ends before it starts", "correct the times")
    return tuple(each for each in found if each.value)


def rating_table(
    annotations: Iterable[Annotation], *, step_seconds: float | None = None
) -> RatingTable:
    """Who gave which value to which unit, of annotations of one tier of one recording.

    Without a step, units are the stretches that anybody marked (equal to the millisecond); with
    one, moments every `step_seconds`, each rated by what covers its middle. A rater's later
    annotation of the same unit replaces the earlier.
    """
    annotations = list(annotations)
    raters = tuple(sorted({each.rater for each in annotations}))
    if step_seconds is None:
        spans = {(round(a.start_seconds, 3), round(a.end_seconds, 3)) for a in annotations}
        units = tuple(sorted(spans))
    else:
        last = max((a.end_seconds for a in annotations), default=0.0)
        edges = np.arange(round(last / step_seconds + 1e-9) + 1) * step_seconds
        units = tuple(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True))
    starts, ends = np.array(units).reshape(-1, 2).T
    values = np.full((len(raters), len(units)), "", dtype=object)
    for each in annotations:
        if step_seconds is None:
            hit = (starts == round(each.start_seconds, 3)) & (ends == round(each.end_seconds, 3))
        else:
            middle = (starts + ends) / 2
            hit = (each.start_seconds <= middle) & (middle < each.end_seconds)
        values[raters.index(each.rater), hit] = each.value
    return RatingTable(raters, units, values)


ANNOTATION_FILES = (".eaf", ".TextGrid", ".csv")
Rows = Iterable[tuple[str, str, float, float, str]]  # rater, tier, start, end, value


class _NoDoctype(ElementTree.TreeBuilder):
    """EAF has no DOCTYPE; one could read other files or swell to gigabytes."""

    def doctype(self, name: str, public_id: str | None, system: str | None) -> None:
        raise ValueError("it declares a DOCTYPE")


def _read_elan(path: Path) -> Rows:
    try:
        parser = ElementTree.XMLParser(target=_NoDoctype())
        root = ElementTree.parse(path, parser).getroot()
        slots = {
            slot.attrib["TIME_SLOT_ID"]: int(slot.attrib["TIME_VALUE"]) / 1000
            for slot in root.iter("TIME_SLOT")
            if "TIME_VALUE" in slot.attrib  # ELAN leaves it out where nobody set the time
        }
        return [
            (
                tier.get("ANNOTATOR", ""),
                tier.attrib["TIER_ID"],
                slots[node.attrib["TIME_SLOT_REF1"]],
                slots[node.attrib["TIME_SLOT_REF2"]],
                node.findtext("ANNOTATION_VALUE") or "",
            )
            for tier in root.iter("TIER")
            for node in tier.iter("ALIGNABLE_ANNOTATION")
        ]
    except KeyError as error:
        reason = f"an annotation or tier lacks its {error}"
        raise InputError(path, reason, "complete it in ELAN") from error
    except (ElementTree.ParseError, ValueError, OSError) as error:
        raise InputError(path, f"is not an ELAN file ({error})", "save it again in ELAN") from error


_FIELD = re.compile(r'(class|name|xmin|xmax|text) = ("(?:[^"]|"")*"|[\d.eE+-]+)')


def _read_textgrid(path: Path) -> Rows:
    """Interval tiers of a long TextGrid, in UTF-8 or, as Praat also writes it, UTF-16."""
    content = path.read_bytes()
    utf16 = content[:2] in (b"\xfe\xff", b"\xff\xfe")
    text = content.decode("utf-16", errors="replace") if utf16 else read_text(path)
    if '"TextGrid"' not in text[:200]:
        raise InputError(path, "is not a long-format TextGrid", "save it as text file in Praat")
    found, kind, tier, times = [], "", "", {}
    for name, value in _FIELD.findall(text):
        plain = value[1:-1].replace('""', '"') if value.startswith('"') else value
        if name == "class":
            kind, times = plain, {}
        elif name == "name":
            tier = plain
        elif name == "text" and kind == "IntervalTier":
            found.append(("", tier, times["xmin"], times["xmax"], plain))
        elif name in ("xmin", "xmax"):
            times[name] = float(plain)
    return found


def _read_csv(path: Path) -> Rows:
    rows = read_rows(path, columns=("start", "end", "label"))
    found = []
    for place, row in enumerate(rows, start=2):
        start, end = number(row["start"]), number(row["end"])
        if start is None or end is None:
            raise InputError(path, f"line {place} has no start and end", "give seconds")
        found.append((row.get("rater", ""), row.get("tier", ""), start, end, row["label"]))
    return found


_READERS = {".eaf": _read_elan, ".textgrid": _read_textgrid, ".csv": _read_csv}
