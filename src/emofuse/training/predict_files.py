"""A run's answer about files that are in no corpus: whole recordings, one answer each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from emofuse.core import OUT_OF_FOLD, Clip, InputError, LabelSet, Posteriors, View, file_sha256
from emofuse.corpora import Manifest
from emofuse.media import probe

from .export_run import open_run
from .pipeline import fold_facts, rows_of
from .run_folder import RunFolder
from .settings import read_settings
from .system import FoldRows, System

_TABLES, _TEXTS = (".csv",), (".txt",)


def predict_files(
    system: System,
    run: RunFolder,
    paths: Sequence[str | Path],
    *,
    fold: int = 0,
    manifest: Manifest | None = None,
) -> Posteriors:
    """What the model of `fold` answers about each recording (or Action-Unit table) as a whole.

    Words come from a text file beside a recording. A classic model is refitted on its corpus,
    which must still be there (or be given as `manifest`). Raises `InputError` for files that hold
    nothing the system reads.
    """
    if system.method is None:
        raise InputError(run.path, "is a fusion of several runs", "predict with its parts")
    record = run.record()
    options = read_settings(system.options, record.settings, owner=system.name)
    labels = system.label_set(options)
    files = files_as_clips(paths, labels)
    new = system.read(options, files, labels, None)
    method = system.method(options)
    rows = FoldRows(fold, *[np.arange(len(files))] * 3)
    known = new
    if method.refits:
        job = open_run(system, run, manifest)
        known = system.read(options, job.manifest, labels, None)
        rows = rows_of(known, next(s for s in job.plan.splits if s.fold == fold))
    learned = method.restore(options, known, rows, folder=run.fold(fold))
    values = learned.answer(new, np.arange(len(files)))
    if learned.scale == "logit":
        values = values / fold_facts(run.fold(fold))["temperature"]
    return Posteriors(
        clips=tuple(clip.id for clip in files),
        values=values,
        label_set=labels,
        scale=learned.scale,
        system=system.name,
        role=OUT_OF_FOLD,
        fold=fold,
        stamps=record.stamps,
    )


def files_as_clips(paths: Sequence[str | Path], labels: LabelSet) -> Manifest:
    """Files as clips without labels; `InputError` for one that is missing or of no known kind."""
    resolved = [Path(path).resolve() for path in paths]
    for path in resolved:
        if not path.is_file():
            raise InputError(path, "no such file", "give recordings")
    if not resolved:
        raise InputError("predict", "no file was given", "give recordings")
    root = Path(resolved[0].anchor)
    clips = tuple(
        Clip(
            path.name,
            "files",
            views=(View(_kind(path), path.relative_to(root).as_posix(), file_sha256(path)),),
            label_set=labels.name,
            text=_words(path),
        )
        for path in resolved
    )
    return Manifest("files", root, clips, labels)


def _kind(path: Path) -> str:
    if path.suffix.lower() in _TABLES:
        return "features"
    found = probe(path)
    if found.has_video:
        return "audio_video" if found.has_audio else "video"
    return "audio"


def _words(path: Path) -> str | None:
    for suffix in _TEXTS:
        beside = path.with_suffix(suffix)
        if beside.is_file():
            return beside.read_text(encoding="utf-8").strip()
    return None
