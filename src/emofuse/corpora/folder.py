"""A person's own data: a table of files, or a folder a label.

The table (CSV, TSV or Parquet) has `path` and any of `subject`, `session`, `start`, `end`, `text`,
`label`; other columns are kept as attributes. Without a table, `label/file` says the label. Labels
are those of a named set, of a given list, or simply those found.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from emofuse.core import InputError, LabelSet, MissingExtra, concept, label_set

from .corpus import Corpus
from .hashes import text_hash
from .scan import Scan
from .tables import number, read_rows

KINDS = {
    "audio": "wav flac mp3 ogg opus m4a aac",
    "audio_video": "mp4 mkv mov avi webm mpg mpeg flv m4v",
    "image": "jpg jpeg png bmp",
    "text": "txt srt vtt",
    "eeg": "edf bdf fif set vhdr xdf mat",
}
_KIND_OF = {f".{suffix}": kind for kind, suffixes in KINDS.items() for suffix in suffixes.split()}
_KNOWN = ("path", "subject", "session", "start", "end", "text", "label")
_TABLES = ("*.csv", "*.tsv", "*.parquet")


def read(scan: Scan, *, labels: str = "", table: str = "") -> None:
    """Clips of a table (`table`, else the only one in the folder) or of folders named by label.

    `labels` is a label set's name or a comma-separated list; spellings of one concept meet (joy,
    happiness, happy). Without it the labels found, sorted, become the set `declared`.
    """
    path = _find_table(scan.root, table)
    rows = _folder_rows(scan) if path is None else _table_rows(path)
    scan.use_labels(declared_labels(labels, [row.get("label", "") for row in rows]))
    spelling = {concept(label): label for label in scan.label_set}
    seen: dict[str, int] = {}
    for position, row in enumerate(rows):
        where = row.get("path") or f"row {position + 1}"
        label = row.get("label", "")
        known = label if label in scan.label_set else spelling.get(concept(label.lower()))
        if label and known is None:
            scan.skip(where, f"label {label!r} is not in {scan.label_set.name}")
            continue
        problem, view = _view(scan, row)
        if problem:
            scan.skip(where, problem)
            continue
        seen[where] = seen.get(where, 0) + 1
        repeat = "" if seen[where] == 1 else f"#{seen[where]}"
        _add(scan, f"{where}{repeat}", row, label=known if label else None, view=view)


def _add(scan: Scan, name: str, row: dict[str, str], *, label: str | None, view) -> None:
    start, end = number(row.get("start", "")), number(row.get("end", ""))
    cut = f"@{start}-{end}" if start is not None or end is not None else ""
    scan.add(
        name,
        views=(view,) if view else (),
        subject=row.get("subject", ""),
        session=row.get("session", ""),
        source=row.get("path", ""),
        label=label,
        text=row.get("text") or None,
        start_seconds=start,
        end_seconds=end,
        # Parts of one recording are not copies of each other.
        content=f"{view.sha256}{cut}" if view else text_hash(row["text"]),
        attributes={key: value for key, value in row.items() if key not in _KNOWN and value},
    )


def _view(scan: Scan, row: dict[str, str]):
    """(why the row is unusable, its view); a row of text alone has neither."""
    if not row.get("path"):
        return ("" if row.get("text") else "neither path nor text"), None
    name = PurePosixPath(row["path"].replace("\\", "/"))
    if name.is_absolute() or ".." in name.parts:
        return "path leads out of the folder", None
    path = scan.root / name
    if not path.is_file() or not path.stat().st_size:
        return "no such file" if not path.is_file() else "empty file", None
    kind = kind_of(path)
    return ("", scan.view(kind, path)) if kind else (f"unknown kind of file {path.suffix!r}", None)


def kind_of(path: Path) -> str | None:
    """The kind of view that a file is by its suffix, or None."""
    return _KIND_OF.get(path.suffix.lower())


def declared_labels(labels: str, found: Iterable[str]) -> LabelSet:
    """A named set, a comma-separated list, or the labels `found`, sorted (set `declared`)."""
    if labels and "," not in labels:
        return label_set(labels)
    names = labels.split(",") if labels else sorted({label for label in found if label})
    return LabelSet("declared", tuple(name.strip() for name in names) or ("unlabelled",))


def _find_table(root: Path, table: str) -> Path | None:
    if table:
        if not (root / table).is_file():
            raise InputError(root / table, "no such table", "name a file in the folder")
        return root / table
    found = sorted(path for pattern in _TABLES for path in root.glob(pattern))
    if len(found) > 1:
        names = ", ".join(path.name for path in found)
        raise InputError(root, f"several tables ({names})", "say which: table=NAME")
    return found[0] if found else None


def _table_rows(path: Path) -> list[dict[str, str]]:
    if path.suffix != ".parquet":
        delimiter = "\t" if path.suffix == ".tsv" else ","
        return read_rows(path, columns=("path",), delimiter=delimiter)
    try:
        from pyarrow import parquet
    except ImportError:
        raise MissingExtra("reading a Parquet table", "table") from None
    try:
        rows = parquet.read_table(path).to_pylist()
    except (OSError, ValueError) as error:
        raise InputError(path, "is not a Parquet file", "check the file") from error
    if rows and "path" not in rows[0]:
        raise InputError(path, "has no column 'path'", f"columns are {', '.join(rows[0])}")
    return [{k: "" if v is None else str(v) for k, v in row.items()} for row in rows]


def _folder_rows(scan: Scan) -> list[dict[str, str]]:
    files = [path for path in scan.files("*/**/*") if kind_of(path)]
    return [{"path": scan.relative(p), "label": p.relative_to(scan.root).parts[0]} for p in files]


CORPUS = Corpus(
    name="folder",
    title="your own data",
    label_set="declared",
    licence="yours to state",
    source="a table with path and any of subject, session, start, end, text, label; or label/file",
    people="column `subject`; without it, nobody can be told apart",
    modalities=("audio", "audio_video", "image", "text", "eeg"),
    layout="one CSV, TSV or Parquet with `path`…; or <label>/<file>",
    read=read,
)
