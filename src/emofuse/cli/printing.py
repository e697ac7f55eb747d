"""Tables for people and the same rows as JSON for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from emofuse.core import InputError

JSON_HELP = "Print the table as JSON, or write it to FILE (needs no FILE when it comes last)."
console = Console()


def emit_json(value: object, target: str | None) -> None:
    """Write `value` to the file `target`, or to stdout where it is "-"."""
    text = json.dumps(value, indent=2, ensure_ascii=False, default=str) + "\n"
    if target in (None, "", "-"):
        sys.stdout.write(text)
        return
    path = Path(target)
    scratch = path.with_name(f".{path.name}.part")
    try:
        scratch.write_text(text, encoding="utf-8")
        scratch.replace(path)
    except OSError as error:
        raise InputError(
            path, f"cannot be written ({error.strerror})", "choose another file"
        ) from None


@contextmanager
def follow(description: str) -> Iterator[Callable[[int, int, object], None]]:
    """A progress bar on stderr; yields the callback (done, of, what) that moves it."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(description, total=None)

        def move(done: int, of: int, _what: object = "") -> None:
            bar.update(task, completed=done, total=of)

        yield move


def show_table(rows: Sequence[Mapping[str, object]], *, title: str = "", note: str = "") -> None:
    """Rows with the same keys as a table; numbers right, text left, None as a dash."""
    table = Table(
        box=SIMPLE_HEAD,
        pad_edge=False,
        title=title or None,
        title_justify="left",
        caption=note or None,
        caption_justify="left",
    )
    columns = list(rows[0]) if rows else []
    for name in columns:
        numeric = all(isinstance(row[name], (int, float)) or row[name] is None for row in rows)
        table.add_column(
            name.replace("_", " "), justify="right" if numeric else "left", overflow="fold"
        )
    for row in rows:
        table.add_row(*(_cell(row[name]) for name in columns))
    console.print(table)


def _cell(value: object) -> str:
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.3f}".rstrip("0").rstrip(".") if abs(value) < 1000 else f"{value:.0f}"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value)) or "–"
    return str(value)
