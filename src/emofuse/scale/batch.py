"""Analyse many files: one task a file, a bad file never stops the run."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePath

import emofuse
from emofuse.analysis import AnalysisInterrupted, Options, analyse, load_bundles
from emofuse.core import UNCERTAIN, InputError, MissingExtra, Timeline, file_sha256
from emofuse.export import FORMATS, save, save_overlay

from .inputs import Task
from .record import FileResult, RunRecord
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
        if isinstance(result, Exception):  # the worker itself died: killed, or out of memory
            error = f"{task.path}: its worker was lost ({result!r}); analyse this file alone"
            result = FileResult(str(task.path), "failed", error=error)
        if record:
            record.add(result)
        yield result


def _run_all(waiting: Sequence[Task], job: Job, scheduler: str, jobs: int, on_progress) -> Iterator:
    if scheduler == LOCAL and jobs == 1:  # only here can the progress within a file be followed
        return ((task, run_task(task, job, on_progress=on_progress)) for task in waiting)
    return map_unordered(partial(run_task, job=job), waiting, scheduler=scheduler, jobs=jobs)


def run_task(
    task: Task, job: Job, *, on_progress: Callable[[Task, float, float], None] | None = None
) -> FileResult:
    """Analyse one file and write its outputs. Never raises for a bad file."""
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
                **dataclasses.asdict(job.options),
            )
        except AnalysisInterrupted as interrupted:
            timeline, status = interrupted.timeline, "partial"
        summary = summarise(timeline)
        if job.out is not None:
            outputs = _write(timeline, task, job)
    except (InputError, MissingExtra) as problem:
        status, error = "failed", str(problem)
    except OSError as problem:
        status, error = "failed", f"{task.path}: {problem.strerror or problem}; free some space"
    except MemoryError:
        status, error = "failed", f"{task.path}: out of memory; use a smaller recording"
    except Exception as bug:  # the other files of the run must not suffer from our mistake
        status = "failed"
        error = f"{task.path}: unexpected {type(bug).__name__} ({bug}); please report it as a bug"
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
