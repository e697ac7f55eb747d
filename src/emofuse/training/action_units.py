"""OpenFace Action Units of a clip: a track of frames, or the row of a table of clip means."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np

from emofuse.core import Clip, InputError, View
from emofuse.perception.face import read_units, unit_steps

_table = lru_cache(maxsize=4)(read_units)  # a table of means is asked for once a clip


def action_unit_track(path: str | Path, *, found_only: bool = True) -> np.ndarray:
    """(frames, 35) of an OpenFace CSV; `found_only` leaves out frames where the face was lost.

    `InputError` when a column is missing, a value is no number or no frame is left.
    """
    units = unit_steps(_table(Path(path)), found_only=found_only)
    if not len(units):
        raise InputError(path, "the face was never found", "leave this clip out")
    return units


def action_unit_means(root: Path, view: View, *, found_only: bool = True) -> np.ndarray:
    """(35,) clip means: a row of a table of means, or the mean of a track."""
    if view.row is None:
        return action_unit_track(root / view.path, found_only=found_only).mean(0)
    return _table(root / view.path).units[view.row]


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
