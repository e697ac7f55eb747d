"""`AuditRow`: one line of an audit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields


@dataclass(frozen=True)
class AuditRow:
    """Accuracies in per cent (mean of folds), None where there is no such number.

    `claimed` in the paper, `as_published` rebuilt by the authors' own procedure, `honest` with
    everything fitted and chosen without the test fold, `strict` with no model involved that has
    seen the test person, `person_adapted` with unlabelled clips of the test person. `stamp` says
    what still has to be known, `n` how many clips were scored.
    """

    name: str
    claimed: float | None = None
    as_published: float | None = None
    honest: float | None = None
    strict: float | None = None
    person_adapted: float | None = None
    stamp: str = ""
    n: int = 0

    def to_dict(self) -> dict:
        return {
            name: round(value, 4) if isinstance(value, float) else value
            for name, value in asdict(self).items()
        }


COLUMNS = tuple(field.name for field in fields(AuditRow))


def printable(rows: Sequence[dict]) -> list[tuple[str, ...]]:
    """The cells of audit rows as text, in the order of `COLUMNS`."""

    def text(value: object) -> str:
        if value is None:
            return "–"
        return f"{value:.2f}" if isinstance(value, float) else str(value)

    return [tuple(text(row[name]) for name in COLUMNS) for row in rows]
