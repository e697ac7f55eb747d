"""OpenFace Action Units of a clip: a track of frames, or the row of a table of clip means.

Baltrusaitis et al. (2018), "OpenFace 2.0", FG. 17 intensities (0..5) and 18 presences (0 or 1),
in the order of Luna-Jiménez et al. (2022), doi 10.3390/app12010327.
"""

from __future__ import annotations

import csv
from functools import lru_cache
from pathlib import Path

import numpy as np

from emofuse.core import Clip, InputError, View

_NUMBERS = (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17, 20, 23, 25, 26, 45)
INTENSITIES = tuple(f"AU{number:02}_r" for number in _NUMBERS)
PRESENCES = tuple(f"AU{number:02}_c" for number in (*_NUMBERS[:-1], 28, 45))
COLUMNS = (*INTENSITIES, *PRESENCES)
# Below this confidence OpenFace has lost the face; its own tools use the same bound.
MIN_CONFIDENCE = 0.75


def action_unit_track(path: str | Path, *, found_only: bool = True) -> np.ndarray:
    """(frames, 35) of an OpenFace CSV; `found_only` leaves out frames where the face was lost.

    `InputError` when a column is missing, a value is no number or no frame is left.
    """
    rows = _table(Path(path))
    if found_only and "success" in rows[0]:
        rows = tuple(row for row in rows if _found(row))
    if not rows:
        raise InputError(path, "the face was never found", "leave this clip out")
    return np.array([_units(path, row) for row in rows], np.float32)


def action_unit_means(root: Path, view: View, *, found_only: bool = True) -> np.ndarray:
    """(35,) clip means: a row of a table of means, or the mean of a track."""
    if view.row is None:
        return action_unit_track(root / view.path, found_only=found_only).mean(0)
    rows = _table(root / view.path)
    return np.array(_units(root / view.path, rows[view.row]))


def unit_view(clip: Clip, *, track: bool) -> View:
    """The clip's track of frames, or (unless `track`) the row of the table of means before it.

    `InputError` naming the clip where there is none.
    """
    views = [view for view in clip.views if view.kind == "features"]
    tracks = [view for view in views if view.row is None]
    rows = [view for view in views if view.row is not None]
    for view in tracks if track else (*rows, *tracks):
        return view
    what = "Action-Unit track (OpenFace CSV)" if track else "Action Units"
    raise InputError(clip.id, f"has no {what}", "put the OpenFace output beside the corpus")


@lru_cache(maxsize=4)
def _table(path: Path) -> tuple[dict[str, str], ...]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        raise InputError(path, "cannot be read as a table", "write it with OpenFace") from None
    delimiter = ";" if ";" in text[:200] else ","
    # OpenFace puts a blank after each comma.
    rows = csv.DictReader(text.splitlines(), delimiter=delimiter, skipinitialspace=True)
    found = tuple(rows)
    lacking = [name for name in COLUMNS if name not in (rows.fieldnames or ())]
    if lacking or not found:
        what = f"has no column {lacking[0]}" if lacking else "has no rows"
        raise InputError(path, what, "write it with OpenFace FeatureExtraction")
    return found


def _found(row: dict[str, str]) -> bool:
    return float(row["success"]) > 0 and float(row.get("confidence", 1)) >= MIN_CONFIDENCE


def _units(path: str | Path, row: dict[str, str]) -> list[float]:
    try:
        values = [float(row[name]) for name in COLUMNS]
    except (TypeError, ValueError):
        raise InputError(path, "an Action Unit is no number", "write it with OpenFace") from None
    if not np.isfinite(values).all():
        raise InputError(path, "an Action Unit is no number", "write it with OpenFace")
    return values
