"""Manifests as Parquet: one row a clip, everything else in a JSON block of the schema."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, fields
from pathlib import Path

from emofuse.core import Clip, InputError, LabelSet, MissingExtra, View

from .manifest import Manifest, Skipped

SCHEMA_VERSION = 1
_BLOCK = b"emofuse"


def write_manifest(manifest: Manifest, path: str | Path) -> Path:
    """Write `manifest` as Parquet, whole or not at all; the same manifest gives the same bytes.

    Paths in it are relative to the root, and the root to the file, so both can move together.
    Raises `MissingExtra` without pyarrow.
    """
    pyarrow, parquet = _pyarrow()
    path = Path(path)
    block = {
        "schema_version": SCHEMA_VERSION,
        "corpus": manifest.corpus,
        "root": Path(os.path.relpath(manifest.root.resolve(), path.resolve().parent)).as_posix(),
        "label_set": asdict(manifest.label_set),
        "skipped": [asdict(skip) for skip in manifest.skipped],
        "notes": list(manifest.notes),
    }
    schema = _schema(pyarrow).with_metadata({_BLOCK: json.dumps(block).encode()})
    table = pyarrow.Table.from_pylist([_row(clip) for clip in manifest], schema=schema)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        parquet.write_table(table, unfinished, compression="zstd")
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return path


def read_manifest(path: str | Path, *, root: str | Path | None = None) -> Manifest:
    """Read a manifest; `root` says where the corpus lies now, if it moved.

    Raises `InputError` when the file is no manifest or of a newer schema, `MissingExtra` without
    pyarrow.
    """
    _, parquet = _pyarrow()
    path = Path(path)
    try:
        table = parquet.read_table(path)
        block = json.loads((table.schema.metadata or {})[_BLOCK])
    except (OSError, KeyError, ValueError) as error:
        reason = "does not exist" if not path.exists() else "is not a manifest"
        raise InputError(path, reason, "write one with emofuse prepare") from error
    if block["schema_version"] > SCHEMA_VERSION:
        raise InputError(path, f"has schema {block['schema_version']}", "update emofuse")
    labels = block["label_set"]
    return Manifest(
        block["corpus"],
        Path(root) if root is not None else path.resolve().parent / block["root"],
        tuple(_clip(row) for row in table.to_pylist()),
        LabelSet(labels["name"], tuple(labels["labels"]), labels["multi_label"]),
        tuple(Skipped(**skip) for skip in block["skipped"]),
        tuple(block["notes"]),
    )


def _pyarrow():
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise MissingExtra("the manifest file", "table") from None
    return pyarrow, parquet


def _schema(pyarrow):
    view = pyarrow.struct(
        [
            ("kind", pyarrow.string()),
            ("path", pyarrow.string()),
            ("sha256", pyarrow.string()),
            ("row", pyarrow.int64()),
        ]
    )
    numbers, words = pyarrow.float64(), pyarrow.string()
    nested = {
        "views": pyarrow.list_(view),
        "soft": pyarrow.map_(words, pyarrow.list_(numbers)),
        "dimensions": pyarrow.map_(words, numbers),
        "attributes": pyarrow.map_(words, words),
        "start_seconds": numbers,
        "end_seconds": numbers,
    }
    return pyarrow.schema([(part.name, nested.get(part.name, words)) for part in fields(Clip)])


def _row(clip: Clip) -> dict:
    row = {part.name: getattr(clip, part.name) for part in fields(Clip)}
    row["views"] = [asdict(view) for view in clip.views]
    row["soft"] = [(name, list(values)) for name, values in clip.soft.items()]
    row["dimensions"] = list(clip.dimensions.items())
    row["attributes"] = list(clip.attributes.items())
    return row


def _clip(row: dict) -> Clip:
    return Clip(
        **{
            **row,
            "views": tuple(View(**view) for view in row["views"]),
            "soft": {name: tuple(values) for name, values in row["soft"]},
            "dimensions": dict(row["dimensions"]),
            "attributes": dict(row["attributes"]),
        }
    )
