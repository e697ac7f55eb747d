"""Cross-fitting: every row is fused by a fuser that was fitted without it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from emofuse.core import IN_SAMPLE, PosteriorMismatch, Posteriors
from emofuse.protocols import require_out_of_fold

from .fit import fit_fuser
from .streams import Streams, stack_streams, with_leaks

Rows = Iterator[tuple[np.ndarray, np.ndarray]]


def _other_folds(streams: Streams) -> Rows:
    """Fit on the held-out outputs of the other folds, apply to this one.

    The base models behind the other folds have seen this fold's persons: "strict" removes that.
    """
    for fold in np.unique(streams.folds):
        yield streams.held_out & (streams.folds != fold), streams.held_out & (streams.folds == fold)


def _same_fold_other_persons(streams: Streams) -> Rows:
    """Inside one fold, fit on its other persons: no base model involved has seen the person."""
    for fold in np.unique(streams.folds):
        inside = streams.held_out & (streams.folds == fold)
        for person in np.unique(streams.persons[inside]):
            yield inside & (streams.persons != person), inside & (streams.persons == person)


def _own_training_clips(streams: Streams) -> Rows:
    """Fit on the base models' outputs on their own training clips, as some papers do. Leaky."""
    for fold in np.unique(streams.folds):
        inside = streams.folds == fold
        yield inside & (streams.role == IN_SAMPLE), inside & streams.held_out


SPLITS: dict[str, Callable[[Streams], Rows]] = {
    "cross-fitted": _other_folds,
    "strict": _same_fold_other_persons,
    "in-sample": _own_training_clips,
}


def cross_fit(streams: Streams, method: str, *, split: str = "cross-fitted") -> Posteriors:
    """Fused posteriors of all held-out rows, each from a fuser fitted on the `split`'s other rows.

    `split` is "cross-fitted", "strict" or "in-sample" (see `SPLITS`). `ValueError` when there is
    nothing to fit on, e.g. one fold only, or no in-sample rows.
    """
    if split not in SPLITS:
        raise ValueError(f"unknown split {split!r}; known: {', '.join(SPLITS)}")
    fused = np.zeros(streams.log_probs.shape[1:])
    for fit_rows, apply_rows in SPLITS[split](streams):
        fit_rows = fit_rows & (streams.truth >= 0)
        if not fit_rows.any():
            raise ValueError(f"{split}: no rows to fit on beside those to be fused")
        fuser = fit_fuser(streams.take(fit_rows), method)
        fused[apply_rows] = fuser(streams.log_probs[:, apply_rows])
    held_out = streams.take(streams.held_out)
    return held_out.answered(fused[streams.held_out], f"{method}({' + '.join(streams.systems)})")


def fuse(
    parts: Sequence[Posteriors],
    *,
    method: str = "pool",
    split: str = "cross-fitted",
    allow_leakage: bool = False,
) -> Posteriors:
    """Fuse several systems' posteriors honestly: align, check for leakage, cross-fit.

    The split "in-sample" needs posteriors with both roles and `allow_leakage`; everything it
    gives is stamped LEAKY.
    """
    return cross_fit(stack_streams(parts, allow_leakage=allow_leakage), method, split=split)


def fuse_new(
    parts: Sequence[Posteriors],
    new: Sequence[Posteriors],
    *,
    method: str = "pool",
    allow_leakage: bool = False,
) -> Posteriors:
    """Fit on all rows of `parts`, apply to `new`: the same systems in the same order.

    Here rows that are declared out-of-fold can be checked against the new ones: outputs that are
    far better and want to be sharpened are refused as in-sample (`LeakageError`).
    """
    if [part.system for part in parts] != [part.system for part in new]:
        raise PosteriorMismatch("fit and apply need the same systems in the same order")
    leaks = require_out_of_fold(parts, test=new, allow_leakage=allow_leakage)
    streams = stack_streams(parts, allow_leakage=allow_leakage)
    fuser = fit_fuser(streams.take(streams.truth >= 0), method)
    target = stack_streams(new)
    target = replace(target, stamps=with_leaks((*streams.stamps, *target.stamps), leaks))
    return target.answered(fuser(target.log_probs), f"{method}({' + '.join(target.systems)})")
