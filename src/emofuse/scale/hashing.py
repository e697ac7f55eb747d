"""Hash a corpus with many workers before it is prepared: reading every byte is what takes long."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from emofuse.corpora import add_entry, hash_entry, hash_log

from .workers import LOCAL, map_unordered


def hash_corpus(
    root: str | Path,
    manifest: str | Path,
    *,
    scheduler: str = LOCAL,
    jobs: int = 1,
    progress: Callable[[int, int, object], None] | None = None,
) -> int:
    """Fill the hash log of `manifest` with every file below `root`; returns how many.

    `prepare_corpus` then finds the hashes there. A file that a worker could not read is left to
    it: it is reported with the others. A stopped run leaves what it has.
    """
    root, log = Path(root).absolute(), hash_log(Path(manifest))
    log.parent.mkdir(parents=True, exist_ok=True)
    files = sorted(path for path in root.rglob("*") if path.is_file())
    hashed = 0
    found = map_unordered(partial(_entry, root=root), files, scheduler=scheduler, jobs=jobs)
    for done, (file, entry) in enumerate(found, start=1):
        if isinstance(entry, list):
            add_entry(log, entry)
            hashed += 1
        if progress:
            progress(done, len(files), file)
    return hashed


def _entry(path: Path, *, root: Path) -> list | None:
    try:
        return hash_entry(path, root=root)
    except OSError:
        return None
