"""A hash cache that survives a killed run: one JSON line a file, written as soon as it is known."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from emofuse.core import InputError, file_sha256


def text_hash(text: str) -> str:
    """SHA-256 of a line's words: letter case and spacing do not make another line."""
    return hashlib.sha256(" ".join(text.casefold().split()).encode()).hexdigest()


def bytes_hash(content: bytes) -> str:
    """SHA-256 of bytes in memory, e.g. the pixels of one image of an array file."""
    return hashlib.sha256(content).hexdigest()


def hash_entry(path: Path, *, root: Path) -> list:
    """[name below `root`, size, modification time in ns, SHA-256] of a file, as the log keeps it."""
    stat = path.stat()
    return [path.relative_to(root).as_posix(), stat.st_size, stat.st_mtime_ns, file_sha256(path)]


def add_entry(log: Path, entry: list) -> None:
    """Append an entry of `hash_entry` to a hash log."""
    with open(log, "a", encoding="utf-8") as file:
        file.write(json.dumps(entry) + "\n")


class HashCache:
    """SHA-256 of files below `root`; with `log`, remembered across runs.

    An entry counts only while the file's size and modification time are what they were. A line
    torn by a kill is ignored, so the next run gives the same hashes as an undisturbed one.
    """

    def __init__(self, root: Path, *, log: Path | None = None):
        self.root, self.log = root, log
        self._known: dict[tuple[str, int, int], str] = {}
        if log is not None and log.exists():
            self._known = dict(_entries(log))
            _end_line(log)

    def sha256(self, path: Path) -> str:
        """Hash of one file; `InputError` when it cannot be read."""
        name = path.relative_to(self.root).as_posix()
        try:
            stat = path.stat()
            key = (name, stat.st_size, stat.st_mtime_ns)
            if key not in self._known:
                self._known[key] = file_sha256(path)
                self._remember(key)
        except OSError as error:
            raise InputError(path, f"cannot be read ({error})", "check the file") from error
        return self._known[key]

    def _remember(self, key: tuple[str, int, int]) -> None:
        if self.log is not None:
            add_entry(self.log, [*key, self._known[key]])


def _entries(log: Path):
    for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            name, size, modified, sha256 = json.loads(line)
        except ValueError:
            continue
        yield (name, size, modified), sha256


def _end_line(log: Path) -> None:
    """A torn last line must not swallow the next entry."""
    if not log.read_bytes().endswith(b"\n"):
        with open(log, "a", encoding="utf-8") as file:
            file.write("\n")
