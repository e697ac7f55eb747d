"""Analyse many files: one task a file, a bad file never stops the run."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path, PurePath
from secrets import token_hex

import emofuse
from emofuse.analysis import AnalysisInterrupted, Options, analyse, load_bundles
from emofuse.bundle import Bundle
from emofuse.core import UNCERTAIN, InputError, Timeline, file_sha256
from emofuse.export import FORMATS, save, save_overlay
from emofuse.media import unfinished_files

from .inputs import Task
from .record import FileResult, RunRecord, lost, reason_of
from .workers import LOCAL, map_unordered

OVERLAY = "overlay"


@dataclass(frozen=True)
class Job:
    """How every file of a run is analysed and written. `out` None: nothing is written."""

    options: Options = field(default_factory=Options)
    out: Path | None = None
    formats: tuple[str, ...] = ("json",)
    text: Path | None = None
    audio: Path | None = None
    audio_offset_seconds: float = 0.0
    eeg: Path | None = None
    eeg_offset_seconds: float = 0.0
    eeg_marker: str | None = None

    def anchored(self) -> Job:
        """The same with absolute paths, for workers whose working folder is another one."""
        paths = {name: getattr(self, name) for name in ("out", "text", "audio", "eeg")}
        options = dataclasses.replace(
            self.options,
            models=tuple(map(_anchored, self.options.models)),
            transcribe=_anchored(self.options.transcribe),
            enrol=_anchored(self.options.enrol),
        )
        found = {name: path and Path(path).absolute() for name, path in paths.items()}
        return dataclasses.replace(self, options=options, **found)


def _anchored(name: str) -> str:
    """A file or folder by its absolute path; other names as they are."""
    return str(Path(name).absolute()) if name and Path(name).exists() else name


def describe_settings(job: Job) -> dict[str, object]:
    """What decides a result, for the run manifest: version, options, formats, content hashes."""
    models = {m: b.spec.weights_sha256 for m, b in load_bundles(job.options).items()}
    companions = {
        name: file_sha256(path)
        for name, path in (("text", job.text), ("audio", job.audio), ("eeg", job.eeg))
        if path is not None and Path(path).is_file()
    }
    return {
        "emofuse": emofuse.__version__,
        "options": dataclasses.asdict(job.options),
        "formats": sorted(job.formats),
        "models": models,
        "companions": companions,
        "offsets_seconds": [job.audio_offset_seconds, job.eeg_offset_seconds],
        "eeg_marker": job.eeg_marker,
    }


def run_batch(
    tasks: Sequence[Task],
    job: Job,
    *,
    scheduler: str = LOCAL,
    jobs: int = 1,
    on_progress: Callable[[Task, float, float], None] | None = None,
) -> Iterator[FileResult]:
    """Results in the order they finish; finished files of an earlier run are kept, not redone."""
    record = None
    if job.out is not None:
        record = RunRecord(job.out, describe_settings(job))
    waiting = []
    for task in tasks:
        kept = record.earlier(task.path) if record else None
        if kept is not None:
            yield dataclasses.replace(kept, status="kept")
        else:
            waiting.append(task)
    for task, result in _run_all(waiting, job, scheduler, jobs, on_progress):
        if isinstance(result, Exception):
            result = lost(task.path, result)
        if record:
            record.add(result)
        yield result
    if job.out is not None:
        for path in unfinished_files(job.out):
            path.unlink(missing_ok=True)


def _run_all(waiting: Sequence[Task], job: Job, scheduler: str, jobs: int, on_progress) -> Iterator:
    run = token_hex(8)
    if scheduler == LOCAL and jobs == 1:  # only here can the progress within a file be followed
        for task in waiting:
            yield task, run_task(task, job, run=run, on_progress=on_progress)
        return
    work = partial(run_task, job=job.anchored(), run=run)
    given = {dataclasses.replace(task, path=task.path.absolute()): task for task in waiting}
    for sent, result in map_unordered(work, list(given), scheduler=scheduler, jobs=jobs):
        task = given[sent]
        if isinstance(result, FileResult):
            result = dataclasses.replace(result, path=str(task.path))
        yield task, result


@lru_cache(maxsize=2)
def _load_once(options: Options, run: str) -> dict[str, Bundle]:
    """Models are read once a worker and run: it takes longer than the voice of a short clip.

    Another run reads them again, for a worker may live longer than a model's file.
    """
    return load_bundles(options)


def run_task(
    task: Task,
    job: Job,
    *,
    run: str = "",
    on_progress: Callable[[Task, float, float], None] | None = None,
) -> FileResult:
    """Analyse one file and write its outputs. Never raises for a bad file.

    Tasks of one `run`, whatever its name, share the models in memory.
    """
    began = time.perf_counter()
    status, error, outputs, summary = "done", "", {}, {}
    try:
        try:
            timeline = analyse(
                task.path,
                text=job.text,
                audio=job.audio,
                audio_offset_seconds=job.audio_offset_seconds,
                eeg=job.eeg,
                eeg_offset_seconds=job.eeg_offset_seconds,
                eeg_marker=job.eeg_marker,
                progress=(lambda done, of: on_progress(task, done, of)) if on_progress else None,
                load=partial(_load_once, run=run) if run else None,
                **dataclasses.asdict(job.options),
            )
        except AnalysisInterrupted as interrupted:
            timeline, status = interrupted.timeline, "partial"
        summary = summarise(timeline)
        if job.out is not None:
            outputs = _write(timeline, task, job)
    except Exception as problem:  # the other files of the run must not suffer from it
        status, error = "failed", reason_of(problem, of=task.path)
    sha256 = file_sha256(task.path) if status == "done" else ""
    seconds = time.perf_counter() - began
    return FileResult(str(task.path), status, sha256, outputs, seconds, summary, error)


def _write(timeline: Timeline, task: Task, job: Job) -> dict[str, str]:
    """Save every format below `job.out`; returns output name -> SHA-256."""
    outputs = {}
    for name in job.formats:
        ending = ".overlay.mp4" if name == OVERLAY else FORMATS[name].suffix
        relative = PurePath(str(task.target) + ending)
        target = job.out / relative
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(
                target.parent, f"cannot be a folder ({error.strerror})", "choose another --out"
            ) from None
        if name == OVERLAY:
            save_overlay(timeline, task.path, target, blur_faces=job.options.blur_faces)
        else:
            save(timeline, target, format=name)
        outputs[str(relative)] = file_sha256(target)
    return outputs


def summarise(timeline: Timeline) -> dict[str, object]:
    """The row of the summary table: who, what is expressed most, how often uncertain, what lacks."""
    seconds: dict[str, float] = {}
    for part in timeline.persons:
        for segment in timeline.segments(part.person):
            length = segment.end_seconds - segment.start_seconds
            seconds[segment.label] = seconds.get(segment.label, 0.0) + length
    total = sum(seconds.values())
    shares = {label: round(value / total, 4) for label, value in seconds.items() if total}
    named = {label: share for label, share in shares.items() if label != UNCERTAIN}
    return {
        "duration_seconds": round(timeline.source.duration_seconds, 3),
        "persons": [part.person for part in timeline.persons],
        "expressed": dict(sorted(named.items(), key=lambda item: -item[1])),
        "uncertain": shares.get(UNCERTAIN, 0.0),
        "outcomes": sorted({outcome.kind for outcome in timeline.outcomes}),
        "stamps": list(timeline.stamps),
    }
