"""`Scan`: what a reader collects while it walks a folder."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from emofuse.core import Clip, InputError, LabelSet, View, label_set

from .hashes import HashCache
from .manifest import Manifest, Skipped

Progress = Callable[[int, int, str], None]  # files done, files found so far, the current one
FEW_PEOPLE = 4


class Scan:
    """Collects clips, skips and notes of one corpus below `root`, hashing every file it shows.

    Readers only say what they found; the rules that hold for every corpus live here: files in a
    fixed order, empty files skipped, paths relative to the root, few people warned about.
    """

    def __init__(self, corpus: str, root: Path, hashes: HashCache, progress: Progress | None):
        self.corpus, self.root = corpus, root
        self._hashes, self._progress = hashes, progress
        self._clips: list[Clip] = []
        self._skipped: list[Skipped] = []
        self._notes: list[str] = []
        self._files: dict[Path, tuple[str, str]] = {}
        self._found = 0
        self.label_set: LabelSet  # set by use_labels, which every reader calls first

    def use_labels(self, labels: str | LabelSet, *, allowed: tuple[str, ...] = ()) -> LabelSet:
        """Declare the label set of all clips; `InputError` where the corpus cannot give it."""
        if allowed and labels not in allowed:
            raise InputError(
                self.corpus, f"has no labels {labels!r}", f"choose one of {', '.join(allowed)}"
            )
        self.label_set = label_set(labels) if isinstance(labels, str) else labels
        return self.label_set

    def files(self, *patterns: str, required: bool = True) -> list[Path]:
        """Files below the root that match, sorted; empty ones are skipped and counted.

        With `required`, `InputError` when nothing matches: a wrong folder must not look like an
        empty corpus.
        """
        found = sorted({path for pattern in patterns for path in self.root.glob(pattern)})
        found = [path for path in found if path.is_file() and not path.name.startswith(".")]
        if required and not found:
            raise InputError(
                self.root,
                f"holds no file like {patterns[0]}",
                f"give the folder that holds {self.corpus}",
            )
        for path in found:
            if not path.stat().st_size:
                self.skip(path, "empty file")
        kept = [path for path in found if path.stat().st_size]
        self._found += len(kept)
        return kept

    def relative(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix()

    def skip(self, path: Path | str, reason: str) -> None:
        name = self.relative(path) if isinstance(path, Path) else path
        self._skipped.append(Skipped(name, reason))

    def note(self, text: str) -> None:
        self._notes.append(text)

    def view(self, kind: str, path: Path, *, row: int | None = None) -> View:
        """A file as a view, hashed (once, however many rows of it are shown)."""
        name, sha256 = self._shown(path)
        return View(kind, name, sha256, row)

    def frames(self, kind: str, folder: Path, pattern: str) -> View | None:
        """A folder of numbered pictures as one view; its hash covers every picture in order."""
        pictures = sorted(folder.glob(pattern), key=lambda path: (len(path.name), path.name))
        if not pictures:
            return None
        digest = hashlib.sha256()
        for picture in pictures:
            digest.update(self._shown(picture)[1].encode())
        return View(kind, self.relative(folder / pattern), digest.hexdigest())

    def add(self, name: str, **fields) -> None:
        """Add a clip of the declared label set; `fields` are those of `core.Clip`."""
        self._clips.append(Clip(name, self.corpus, label_set=self.label_set.name, **fields))

    def manifest(self) -> Manifest:
        """What was collected, validated; `InputError` when nothing usable was found."""
        if not self._clips:
            why = self._skipped[0].reason if self._skipped else "no clip in it"
            raise InputError(self.root, f"gives no {self.corpus} clip ({why})", "check the layout")
        people = {clip.subject for clip in self._clips if clip.subject}
        if 0 < len(people) < FEW_PEOPLE:
            self.note(f"only {len(people)} people: person-independent numbers mean little")
        found = Manifest(
            self.corpus,
            self.root,
            tuple(self._clips),
            self.label_set,
            tuple(self._skipped),
            tuple(self._notes),
        )
        found.validate()
        return found

    def _shown(self, path: Path) -> tuple[str, str]:
        """Relative name and hash of a file, worked out once."""
        if path not in self._files:
            self._files[path] = self.relative(path), self._hashes.sha256(path)
            if self._progress is not None:
                done = len(self._files)
                self._progress(done, max(self._found, done), self._files[path][0])
        return self._files[path]
