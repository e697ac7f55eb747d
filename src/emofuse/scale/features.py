"""What a system trains on, made ahead of the training: one task a clip, each kept in the cache."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from emofuse.core import InputError
from emofuse.corpora import Manifest

from .record import FileResult, lost, reason_of
from .workers import LOCAL, map_unordered


@dataclass(frozen=True)
class Extraction:
    """A system (by its name), its settings and the folder whose cache is filled."""

    system: str
    settings: Mapping[str, object]
    runs: Path


def extract_features(
    system: str,
    manifest: Manifest,
    *,
    settings: Mapping[str, object] | None = None,
    scheduler: str = LOCAL,
    jobs: int = 1,
    progress: Callable[[int, int, object], None] | None = None,
) -> Iterator[FileResult]:
    """Fill the cache that `emofuse train SYSTEM` reads; a result a clip, as they finish.

    A clip whose features are there is not made again, so a run that was killed goes on. A file that
    cannot be read is a failed result with its reason, and the others go on. Of a fusion, its parts
    are prepared one after the other. Raises `InputError` for settings or labels that do not fit.
    """
    from emofuse.systems.registry import system as called
    from emofuse.training.runs import runs_folder

    parts = list(_parts(called(system), manifest, settings or {}))
    of, done = sum(len(clips) for _, _, clips in parts), 0
    for name, own, clips in parts:
        work = partial(extract_clip, extraction=Extraction(name, own, runs_folder().resolve()))
        for one, result in map_unordered(work, _singly(clips), scheduler=scheduler, jobs=jobs):
            if isinstance(result, Exception):
                result = lost(one.clips[0].id, result)
            done += 1
            if progress:
                progress(done, of, result.path)
            yield result


def _parts(system, manifest: Manifest, settings: Mapping[str, object]) -> Iterator[tuple]:
    """(name, settings, labelled clips) of a system that reads clips, or of each of its parts."""
    from emofuse.training.job import with_labels
    from emofuse.training.settings import read_settings

    options = read_settings(system.options, settings, owner=system.name)
    if system.parts is None:
        yield system.name, settings, with_labels(manifest, system, options)[0]
        return
    for part, own in system.parts(options).values():
        yield from _parts(part, manifest, own)


def _singly(manifest: Manifest) -> list[Manifest]:
    """A manifest a clip: what a task carries must be small, and mean the same anywhere."""
    small = replace(manifest, root=manifest.root.absolute(), clips=(), skipped=(), notes=())
    return [replace(small, clips=(clip,)) for clip in manifest.clips]


def extract_clip(one: Manifest, *, extraction: Extraction) -> FileResult:
    """Read the one clip of a manifest as the system does, which leaves it in the cache.

    Never raises for a bad file.
    """
    from emofuse.systems.registry import system as called
    from emofuse.training.runs import runs_folder
    from emofuse.training.settings import read_settings

    clip, began, error = one.clips[0].id, time.perf_counter(), ""
    try:
        if runs_folder().resolve() != extraction.runs:
            raise InputError(
                runs_folder(),
                "is where this worker keeps features",
                f"set EMOFUSE_RUNS={extraction.runs}",
            )
        system = called(extraction.system)
        options = read_settings(system.options, extraction.settings, owner=system.name)
        system.read(options, one, one.label_set, None)
    except Exception as problem:  # the other clips must not suffer from it
        error = reason_of(problem, of=clip)
    seconds = time.perf_counter() - began
    return FileResult(clip, "failed" if error else "done", seconds=seconds, error=error)
