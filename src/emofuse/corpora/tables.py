"""Text tables as people's programs write them: UTF-8, or Windows code page 1252."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from pathlib import Path

from emofuse.core import InputError


def read_text(path: Path) -> str:
    """A text file's content; line ends become "\\n" and stray Windows punctuation is repaired.

    Tables that went through a Windows program hold "\\x92" for an apostrophe, in one of two ways:
    as that byte, or as the control character U+0092 in UTF-8. Both come out as "’".
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(path, f"cannot be read ({error})", "check the file") from error
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")
    text = text.replace("\r\n", "\n")
    return "".join(map(_repair, text)) if any("\x80" <= c <= "\x9f" for c in text) else text


def _repair(character: str) -> str:
    if "\x80" <= character <= "\x9f":
        return character.encode("latin-1").decode("cp1252", errors="replace")
    return character


def read_rows(path: Path, *, columns: Iterable[str], delimiter: str = ",") -> list[dict[str, str]]:
    """Rows of a table with a header; `InputError` names the first of `columns` that is missing.

    Names and values lose surrounding blanks (OpenFace writes ", confidence").
    """
    reader = csv.DictReader(io.StringIO(read_text(path)), delimiter=delimiter)
    names = [name.strip() for name in reader.fieldnames or []]
    for column in columns:
        if column not in names:
            raise InputError(path, f"has no column {column!r}", f"columns are {', '.join(names)}")
    return [
        {name.strip(): (value or "").strip() for name, value in row.items() if name is not None}
        for row in reader
    ]


def number(text: str) -> float | None:
    """A finite number, or None."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if abs(value) < float("inf") else None
