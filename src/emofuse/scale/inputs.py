"""Which files a run analyses, and what their outputs are called."""

from __future__ import annotations

import glob
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from emofuse.core import InputError

VIDEO = (".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".flv", ".wmv", ".3gp")
AUDIO = (".wav", ".flac", ".mp3", ".m4a", ".aac", ".ogg", ".opus", ".wma")
PICTURES = (".jpg", ".jpeg", ".png", ".webp", ".bmp")
TRANSCRIPTS = (".srt", ".vtt", ".textgrid", ".txt")
MEDIA = VIDEO + AUDIO + PICTURES


@dataclass(frozen=True)
class Task:
    """One input file and the output path of its results, without ending, below the out folder."""

    path: Path
    target: PurePath


def collect(paths: Sequence[str | Path]) -> list[Task]:
    """Files, folders (all media in them) and glob patterns to tasks that mirror the input tree.

    A transcript beside a media file of the same stem belongs to that file and is no task of its
    own. A named file that does not exist stays a task: its error is reported with the others.
    """
    found: dict[Path, PurePath] = {}
    for given in paths:
        for path in _expand(str(given)):
            if path.is_dir():
                for file in _media_below(path):
                    found.setdefault(file, PurePath(path.resolve().name) / file.relative_to(path))
            else:
                found.setdefault(path, PurePath(path.name))
    if not found:
        raise InputError(
            ", ".join(map(str, paths)), "no media file in it", f"known endings: {' '.join(MEDIA)}"
        )
    return [Task(path, target) for path, target in _without_clashes(found)]


def _expand(given: str) -> Iterable[Path]:
    if Path(given).exists() or not glob.has_magic(given):
        return [Path(given)]
    return [Path(name) for name in sorted(glob.glob(given, recursive=True))]  # noqa: PTH207


def _media_below(folder: Path) -> list[Path]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    media = [path for path in files if path.suffix.lower() in MEDIA]
    taken = {path.with_suffix("") for path in media}
    words = [
        path
        for path in files
        if path.suffix.lower() in TRANSCRIPTS and path.with_suffix("") not in taken
    ]
    return sorted(media + words)


def _without_clashes(found: dict[Path, PurePath]) -> list[tuple[Path, PurePath]]:
    """Outputs are named by stem; where two inputs share one, by their full name, then a number."""
    stems = Counter(target.with_suffix("") for target in found.values())
    names = {
        path: target if stems[target.with_suffix("")] > 1 else target.with_suffix("")
        for path, target in found.items()
    }
    used: Counter[PurePath] = Counter()
    result = []
    for path, name in names.items():
        used[name] += 1
        number = used[name]
        result.append((path, name if number == 1 else name.with_name(f"{name.name}-{number}")))
    return result
