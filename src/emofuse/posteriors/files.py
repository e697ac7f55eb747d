"""`Posteriors` as Parquet: one row a clip and fold, label order and stamps in every file.

Columns: clip, subject, fold, role, truth (a label's name, null where unknown), label_set, scale,
system, values (list of numbers in label order). The order itself is in the file's metadata, so a
file stays readable when a registered label set is ever reordered.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from emofuse.core import InputError, LabelError, LabelSet, MissingExtra, Posteriors

if TYPE_CHECKING:
    import pyarrow

METADATA = b"emofuse"
SCHEMA = 1
CONSTANT = ("label_set", "scale", "system")
COLUMNS = ("clip", "subject", "fold", "role", "truth", *CONSTANT, "values")


def write_posteriors(posteriors: Posteriors, path: str | Path) -> Path:
    """Write `posteriors` to a Parquet file, whole or not at all; missing folders are made."""
    _, parquet = _arrow()
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f".{path.name}.part")
    parquet.write_table(_to_table(posteriors), scratch)
    return scratch.replace(path)


def read_posteriors(path: str | Path) -> Posteriors:
    """Read a Parquet file of posteriors.

    Raises `InputError` (file, reason, remedy) when it is missing, not Parquet, not of this schema
    or breaks a rule of `Posteriors` (NaN, rows that do not sum to 1, unknown role or label).
    """
    arrow, parquet = _arrow()
    if not Path(path).is_file():
        raise InputError(path, "no such file", "check the path")
    try:
        return _from_table(parquet.read_table(path))
    except (arrow.ArrowException, LabelError, ValueError, KeyError, TypeError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(
            path, f"not a posteriors file ({reason})", "write it with emofuse again"
        ) from None


def _arrow():
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise MissingExtra("reading and writing posteriors", "research") from None
    return pyarrow, pyarrow.parquet


def _to_table(posteriors: Posteriors) -> pyarrow.Table:
    arrow, _ = _arrow()
    labels = posteriors.label_set
    truth = [labels.labels[i] if i >= 0 else None for i in posteriors.truth]
    constant = (labels.name, posteriors.scale, posteriors.system)
    columns = [
        arrow.array(posteriors.clips, arrow.string()),
        arrow.array(posteriors.subjects, arrow.string()),
        arrow.array(posteriors.fold, arrow.int32()),
        arrow.array(posteriors.role.tolist(), arrow.string()),
        arrow.array(truth, arrow.string()),
        *(arrow.array([value] * len(posteriors), arrow.string()) for value in constant),
        arrow.array(posteriors.values.tolist(), arrow.list_(arrow.float64())),
    ]
    description = {
        "schema": SCHEMA,
        **dict(zip(CONSTANT, constant, strict=True)),
        "labels": labels.labels,
        "multi_label": labels.multi_label,
        "stamps": posteriors.stamps,
    }
    table = arrow.table(dict(zip(COLUMNS, columns, strict=True)))
    return table.replace_schema_metadata({METADATA: json.dumps(description)})


def _from_table(table: pyarrow.Table) -> Posteriors:
    missing = [name for name in COLUMNS if name not in table.column_names]
    if missing or METADATA not in (table.schema.metadata or {}):
        raise ValueError(f"columns {missing or 'and label order'} are missing")
    about = json.loads(table.schema.metadata[METADATA])
    if about["schema"] != SCHEMA:
        raise ValueError(f"schema {about['schema']}, this version reads {SCHEMA}")
    rows = table.select(COLUMNS).to_pydict()
    for name in CONSTANT:
        odd = set(rows[name]) - {about[name]}
        if odd:
            raise ValueError(f"column {name} mixes {sorted(odd)} with {about[name]}")
    labels = LabelSet(about["label_set"], tuple(about["labels"]), about["multi_label"])
    return Posteriors(
        clips=tuple(rows["clip"]),
        values=np.array(rows["values"], dtype=float).reshape(len(rows["clip"]), len(labels)),
        label_set=labels,
        scale=about["scale"],
        system=about["system"],
        role=np.array(rows["role"], dtype=object),
        fold=np.array(rows["fold"], dtype=int),
        truth=np.array([-1 if t is None else labels.index(t) for t in rows["truth"]], dtype=int),
        subjects=tuple(rows["subject"]),
        stamps=tuple(about["stamps"]),
    )
