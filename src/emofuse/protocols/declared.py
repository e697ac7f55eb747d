"""What a run declares about itself: which part decided, and which clips were seen by a fit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Literal

from .leak import Leak
from .plan import Split

Chooser = Literal["", "fixed", "train", "validation", "test"]


@dataclass(frozen=True)
class RunRecord:
    """Which part of the split decided what ("" where nothing of the kind exists)."""

    system: str
    checkpoint: Chooser = ""
    threshold: Chooser = ""
    temperature: Chooser = ""
    hyper_parameters: Chooser = ""


def check_record(record: RunRecord) -> tuple[Leak, ...]:
    """A leak for everything that was chosen by its score on the test part."""
    choices = asdict(record)
    system = choices.pop("system")
    return tuple(
        Leak("chosen-on-test", (), f"{system}: {what.replace('_', '-')} chosen on the test part")
        for what, part in choices.items()
        if part == "test"
    )


def check_fit(ids_seen: Iterable[str], split: Split, *, what: str) -> Leak | None:
    """A leak when `what` (a scaler, a vocabulary, an augmentation) was fitted on test clips."""
    seen = sorted(set(ids_seen) & set(split.test))
    if not seen:
        return None
    detail = f"the {what} of {split.name} was fitted on {len(seen)} test clips"
    return Leak("fitted-on-test", tuple(seen), detail)
