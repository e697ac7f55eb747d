"""CSV: one row a person and window, opened by any spreadsheet, R or pandas without options.

What belongs to the whole recording (labels, models, outcomes, ...) is JSON in the last column,
`timeline_metadata`, cut into pieces of a few hundred characters from the first row on. A comment
line at the top would break spreadsheets and default readers; a second file would get lost.
"""

from __future__ import annotations

import csv
from itertools import zip_longest
from pathlib import Path

from emofuse.core import Timeline

from .json_file import decode, encode, not_a_timeline
from .records import columns, from_records, table_header

METADATA = "timeline_metadata"
_PIECE = 500


def write_csv(timeline: Timeline, path: Path) -> None:
    """Empty cells are absent values. Rows that hold only metadata follow where rows are few."""
    text = encode(table_header(timeline))
    pieces = [text[i : i + _PIECE] for i in range(0, len(text), _PIECE)]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [*columns(timeline), METADATA])
        writer.writeheader()
        for record, piece in zip_longest(timeline.to_records(), pieces, fillvalue=None):
            writer.writerow((record or {}) | {METADATA: piece})


def read_csv(path: Path) -> Timeline:
    """Raises `InputError` when the file is no timeline or its rows were changed."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            cells = list(csv.DictReader(file))
        document = decode("".join(row[METADATA] for row in cells), path)
        return from_records(document, [_record(row) for row in cells if row["window"]])
    except (KeyError, TypeError, ValueError, AttributeError, csv.Error) as error:
        raise not_a_timeline(path, error) from error


def _record(row: dict[str, str]) -> dict:
    """Text cells as `to_records` values: numbers are parsed where the columns are numbers."""
    values: dict = {name: text or None for name, text in row.items()}
    values |= {"person": row["person"], "window": int(row["window"])}
    values["uncertain"] = {"True": True, "False": False}[row["uncertain"]]
    return values
