"""Writes the pickle files that some corpora come with, from plain data, by hand.

Only what `corpora.foreign` reads: dict, list, str, int and float, in protocol 2.
"""

from __future__ import annotations

import struct
from pathlib import Path


def write_plain_pickle(path: Path, value: object) -> None:
    """Write `value` (dict, list, str, int, float, nested) as a protocol-2 pickle file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\x80\x02" + _encode(value) + b".")


def _encode(value: object) -> bytes:
    if isinstance(value, dict):
        items = b"".join(_encode(part) for pair in value.items() for part in pair)
        return b"}(" + items + b"u"
    if isinstance(value, list):
        return b"](" + b"".join(map(_encode, value)) + b"e"
    if isinstance(value, str):
        text = value.encode()
        return b"X" + struct.pack("<I", len(text)) + text
    if isinstance(value, float):
        return b"G" + struct.pack(">d", value)
    if isinstance(value, int):
        return b"J" + struct.pack("<i", value)
    raise TypeError(f"{type(value).__name__} is not plain data")
