"""Action Units as OpenFace writes them: a CSV file, one row a frame.

Baltrusaitis et al. (2018), "OpenFace 2.0", FG. 17 intensities (0..5) and 18 presences (0 or 1),
in the order of Luna-Jiménez et al. (2022), doi 10.3390/app12010327.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from emofuse.core import InputError

_NUMBERS = (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17, 20, 23, 25, 26, 45)
INTENSITIES = tuple(f"AU{number:02}_r" for number in _NUMBERS)
PRESENCES = tuple(f"AU{number:02}_c" for number in (*_NUMBERS[:-1], 28, 45))
ACTION_UNITS = (*INTENSITIES, *PRESENCES)
# Below this confidence OpenFace has lost the face; its own tools use the same bound.
MIN_CONFIDENCE = 0.75
# Of tables without times: the rate of OpenFace's own examples.
ASSUMED_RATE_HZ = 30.0


@dataclass(frozen=True)
class UnitTrack:
    """Action Units (frames, 35) at `seconds` (frames,); `found` is False where the face was lost."""

    seconds: np.ndarray
    units: np.ndarray
    found: np.ndarray

    def __len__(self) -> int:
        return len(self.units)

    @property
    def step_seconds(self) -> float:
        return float(np.median(np.diff(self.seconds))) if len(self) > 1 else 1 / ASSUMED_RATE_HZ

    @property
    def duration_seconds(self) -> float:
        return float(self.seconds[-1]) + self.step_seconds

    def between(self, start_seconds: float, end_seconds: float) -> UnitTrack:
        low, high = np.searchsorted(self.seconds, [start_seconds - 1e-9, end_seconds - 1e-9])
        return UnitTrack(self.seconds[low:high], self.units[low:high], self.found[low:high])


def is_unit_table(path: str | Path) -> bool:
    """True for a CSV file whose first line names every Action Unit."""
    path = Path(path)
    if path.suffix.lower() != ".csv" or not path.is_file():
        return False
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        head = file.readline()
    return {part.strip() for part in head.split(_delimiter(head))} >= set(ACTION_UNITS)


def read_units(path: str | Path) -> UnitTrack:
    """All frames of an OpenFace CSV; `InputError` when a column lacks or a value is no number."""
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        raise InputError(path, "cannot be read as a table", "write it with OpenFace") from None
    # OpenFace puts a blank after each comma.
    table = csv.DictReader(
        text.splitlines(), delimiter=_delimiter(text[:200]), skipinitialspace=True
    )
    rows = list(table)
    lacking = [name for name in ACTION_UNITS if name not in (table.fieldnames or ())]
    if lacking or not rows:
        what = f"has no column {lacking[0]}" if lacking else "has no rows"
        raise InputError(path, what, "write it with OpenFace FeatureExtraction")
    units = _numbers(path, rows, ACTION_UNITS)
    found = np.ones(len(rows), bool)
    if "success" in rows[0]:
        found = _numbers(path, rows, ("success",))[:, 0] > 0
    if "confidence" in rows[0]:
        found &= _numbers(path, rows, ("confidence",))[:, 0] >= MIN_CONFIDENCE
    seconds = np.arange(len(rows)) / ASSUMED_RATE_HZ
    if "timestamp" in rows[0]:
        seconds = np.maximum.accumulate(_numbers(path, rows, ("timestamp",))[:, 0])
    return UnitTrack(seconds, units, found)


def _delimiter(head: str) -> str:
    return ";" if ";" in head else ","


def _numbers(
    path: str | Path, rows: Sequence[Mapping[str, str]], names: Sequence[str]
) -> np.ndarray:
    try:
        values = np.array([[float(row[name]) for name in names] for row in rows])
    except (TypeError, ValueError):
        values = np.array(np.nan)
    if not np.isfinite(values).all():
        what = "an Action Unit" if names is ACTION_UNITS else names[0]
        raise InputError(path, f"{what} is no number", "write it with OpenFace")
    return values


def unit_steps(track: UnitTrack, *, found_only: bool = True) -> np.ndarray:
    """(frames, 35) float32: "openface_units". `found_only` leaves out frames without a face."""
    units = track.units[track.found] if found_only else track.units
    return units.astype(np.float32)
