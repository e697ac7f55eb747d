"""Parquet: the rows of the CSV with typed columns; the metadata sits in the schema."""

from __future__ import annotations

from pathlib import Path

from emofuse.core import MissingExtra, Timeline

from .json_file import decode, encode, not_a_timeline
from .records import columns, from_records, table_header

_KEY = b"emofuse"


def write_parquet(timeline: Timeline, path: Path) -> None:
    """Absent values are null. Needs pyarrow (`MissingExtra` says how to install it)."""
    pa, pq = _pyarrow()
    types = {str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_()}
    schema = pa.schema(
        [(name, types[kind]) for name, kind in columns(timeline).items()],
        metadata={_KEY: encode(table_header(timeline)).encode()},
    )
    pq.write_table(pa.Table.from_pylist(list(timeline.to_records()), schema=schema), path)


def read_parquet(path: Path) -> Timeline:
    """Raises `InputError` when the file is no timeline."""
    _, pq = _pyarrow()
    try:
        table = pq.read_table(path)
        document = decode((table.schema.metadata or {})[_KEY].decode(), path)
        return from_records(document, table.to_pylist())
    # pyarrow's own errors are ValueErrors and KeyErrors.
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise not_a_timeline(path, error) from error


def _pyarrow():
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise MissingExtra("Parquet", "table") from error
    return pyarrow, pyarrow.parquet
