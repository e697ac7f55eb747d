"""Seeded draws of whole groups: k folds, and a validation part inside a training part."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np

from emofuse.core import Clip

from .keys import content_keys, field_groups, linked, view_keys

INNER_FOLDS = 5  # about one person in five is held out for validation
MOST_STRATA = 64  # more label combinations than this cannot be balanced over a few folds


def group_folds(
    groups: np.ndarray, classes: np.ndarray, *, folds: int, seed: int
) -> list[np.ndarray]:
    """Rows of each of `folds` test parts: whole groups, classes as even as groups allow.

    Raises `ValueError` when there are fewer groups than folds.
    """
    from sklearn.model_selection import GroupKFold, StratifiedGroupKFold

    if len(np.unique(groups)) < folds:
        raise ValueError(f"{len(np.unique(groups))} groups cannot make {folds} folds")
    classes = _codes(classes)
    if np.bincount(classes).max() < folds:
        classes = np.zeros_like(classes)
    rows = np.zeros(len(groups))
    with warnings.catch_warnings():
        # Classes rarer than the folds cannot be in each of them: known, and not an error here.
        warnings.simplefilter("ignore", UserWarning)
        splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
        found = [test for _, test in splitter.split(rows, classes, groups)]
    if all(len(test) for test in found):
        return found
    # Balancing classes may leave a fold empty when groups differ much in size.
    return [test for _, test in GroupKFold(folds).split(rows, classes, groups)]


def hold_out(
    clips: Sequence[Clip], separates: Sequence[str], *, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """(train, validation) rows: about a fifth of the groups, at least one, never all.

    With nothing to separate, single clips are drawn, copies of one clip together. A single group
    cannot be divided: validation is empty then.
    """
    if separates:
        groups = field_groups(clips, separates)
    else:
        groups = linked(clips, content_keys(clips), view_keys(clips))
    count = len(np.unique(groups))
    if count < 2:
        return np.arange(len(clips)), np.array([], dtype=int)
    folds = group_folds(groups, strata(clips), folds=min(INNER_FOLDS, count), seed=seed)
    return np.setdiff1d(np.arange(len(clips)), folds[0]), folds[0]


def validation_unit(clips: Sequence[Clip], units: Sequence[str], separates: Sequence[str]) -> str:
    """The first of `units` that all clips name and that makes two groups; "" for single clips."""
    for unit in units:
        fields = separates if unit == "subject" else (unit,)
        if not all(getattr(clip, unit) for clip in clips):
            continue
        if field_groups(clips, fields).max(initial=0) > 0:
            return unit
    return ""


def strata(clips: Sequence[Clip]) -> np.ndarray:
    """(N,) what to keep even: the (first) label, and the person's sex where it is known."""
    labels = [((clip.label or "").split("|")[0], clip.attributes.get("sex", "")) for clip in clips]
    return _codes([f"{label}/{sex}" for label, sex in labels])


def shuffled_parts(
    clips: Sequence[Clip], *, shares: Sequence[float], seed: int, by_label: bool
) -> list[np.ndarray]:
    """Rows drawn clip by clip into parts of `shares` (the last takes the rest).

    This is what published splits did that separate nothing. `by_label` draws inside each label.
    """
    random = np.random.default_rng(seed)
    classes = strata(clips) if by_label else np.zeros(len(clips), int)
    parts: list[list[np.ndarray]] = [[] for _ in range(len(shares) + 1)]
    for one in np.unique(classes):
        rows = random.permutation(np.flatnonzero(classes == one))
        # 0.7 + 0.1 is a little below 0.8: without the grain a whole clip would change sides.
        cuts = (np.cumsum(shares) * len(rows) + 1e-9).astype(int)
        for part, piece in zip(parts, np.split(rows, cuts), strict=True):
            part.append(piece)
    return [np.sort(np.concatenate(part)) for part in parts]


def _codes(names: Sequence[str] | np.ndarray) -> np.ndarray:
    codes = np.unique(np.asarray(names), return_inverse=True)[1]
    return codes if codes.max(initial=0) < MOST_STRATA else np.zeros_like(codes)
