"""Person adaptation: measure a person against his own mean.

It uses unlabelled clips of the person who is judged. In a corpus where everybody shows every
emotion equally often the mean gives away more than in life, so adapted numbers never stand in
one table with plain ones.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np

from emofuse.core import Posteriors
from emofuse.protocols import Stamp

How = Literal["centre", "zscore"]
# Fewer clips than this make the mean worse than none (specs of the published fusion, C4b).
MIN_ENROLMENT = 4


def adapt_by_person(
    values: np.ndarray,
    persons: Sequence[str],
    *,
    how: How = "centre",
    enrolment_clips: int | None = None,
    seed: int = 0,
) -> np.ndarray:
    """(N, D) values minus each person's mean; "zscore" also divides by his spread.

    `enrolment_clips` unlabelled clips of the person, drawn without the row itself, give mean and
    spread; None takes all of them. Warns below `MIN_ENROLMENT`, where this does harm. A person
    with fewer clips than asked for gives what there is.
    """
    if how not in ("centre", "zscore"):
        raise ValueError(f"how must be centre or zscore, got {how!r}")
    values, persons = np.asarray(values, dtype=float), np.asarray(persons)
    rng, adapted = np.random.default_rng(seed), np.empty_like(values)
    fewest = min(np.unique(persons, return_counts=True)[1], default=0)
    if min(enrolment_clips or fewest, fewest) < MIN_ENROLMENT:
        warnings.warn(
            f"person adaptation from fewer than {MIN_ENROLMENT} clips makes results worse",
            stacklevel=2,
        )
    for person in np.unique(persons):
        rows = np.flatnonzero(persons == person)
        mean, spread = _enrol(values[rows], enrolment_clips, rng)
        adapted[rows] = (values[rows] - mean) / (spread if how == "zscore" else 1.0)
    return adapted


def _enrol(values: np.ndarray, clips: int | None, rng) -> tuple[np.ndarray, np.ndarray]:
    """Mean and spread for each row: of all rows, or of `clips` random other ones."""
    if clips is None or len(values) == 1:
        drawn = values[None]
    else:
        order = rng.random((len(values), len(values)))
        np.fill_diagonal(order, np.inf)
        drawn = values[order.argsort(1)[:, : min(clips, len(values) - 1)]]
    spread = drawn.std(1)
    return drawn.mean(1), np.where(spread > 0, spread, 1.0)


def adapt_posteriors(
    posteriors: Posteriors,
    *,
    how: How = "centre",
    enrolment_clips: int | None = None,
    seed: int = 0,
) -> Posteriors:
    """Held-out log-probabilities adapted by person, as logits stamped PERSON-ADAPTED.

    The system's name then says how, and from how many clips.
    """
    held_out = posteriors.out_of_fold
    values = adapt_by_person(
        held_out.log_prob,
        held_out.subjects,
        how=how,
        enrolment_clips=enrolment_clips,
        seed=seed,
    )
    stamps = (*held_out.stamps, str(Stamp.PERSON_ADAPTED))
    name = f"{held_out.system} ({how} by person, {enrolment_clips or 'all'} clips)"
    return replace(held_out, values=values, scale="logit", system=name, stamps=stamps)
