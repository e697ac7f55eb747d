"""Tables of synthetic corpora."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path


def write_csv(
    path: Path, columns: Sequence[str], rows: Iterable[Sequence], *, delimiter: str = ","
) -> None:
    """Write a table; without `columns` it has no header. Folders on the way are made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter=delimiter, lineterminator="\n")
        if columns:
            writer.writerow(columns)
        writer.writerows(rows)
