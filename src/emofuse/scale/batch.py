"""Analyse many files: one task a file, a bad file never stops the run."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path, PurePath

import emofuse
from emofuse.analysis import AnalysisInterrupted, Options, analyse, load_bundles
from emofuse.core import UNCERTAIN, InputError, MissingExtra, Timeline, file_sha256
from emofuse.export import FORMATS, save, save_overlay

from .inputs import Task
from .record import FileResult, RunRecord

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
    settings: Mapping[str, object] = field(default_factory=dict)


def describe_settings(options: Options, formats: Sequence[str]) -> dict[str, object]:
    """What decides a result, for the run manifest: version, options, formats, model hashes."""
    models = {m: bundle.spec.weights_sha256 for m, bundle in load_bundles(options).items()}
    return {
        "emofuse": emofuse.__version__,
        "options": dataclasses.asdict(options),
        "formats": sorted(formats),
        "models": models,
    }


def run_batch(
    tasks: Sequence[Task],
    job: Job,
    *,
    jobs: int = 1,
    on_progress: Callable[[Task, float, float], None] | None = None,
) -> Iterator[FileResult]:
    """Results in the order they finish; finished files of an earlier run are kept, not redone."""
    record = None
    if job.out is not None:
        record = RunRecord(job.out, job.settings or describe_settings(job.options, job.formats))
    waiting = []
    for task in tasks:
        kept = record.earlier(task.path) if record else None
        if kept is not None:
            yield dataclasses.replace(kept, status="kept")
        else:
            waiting.append(task)
    results = (
        _in_processes(waiting, job, jobs)
        if jobs > 1 and len(waiting) > 1
        else (run_task(task, job, on_progress=on_progress) for task in waiting)
    )
    for result in results:
        if record:
            record.add(result)
        yield result


def _in_processes(tasks: Sequence[Task], job: Job, jobs: int) -> Iterator[FileResult]:
    """Fresh processes: threads would share OpenCV's and ONNX Runtime's pools."""
    with ProcessPoolExecutor(min(jobs, len(tasks)), mp_context=get_context("spawn")) as pool:
        futures: dict[Future, Task] = {pool.submit(run_task, task, job): task for task in tasks}
        for future in as_completed(futures):
            error = future.exception()
            if error is None:
                yield future.result()
            else:  # the worker itself died (killed, out of memory)
                path = futures[future].path
                yield FileResult(str(path), "failed", error=f"{path}: worker lost ({error!r})")


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
        ending = ".overlay.mp4" if name == OVERLAY else FORMATS[name].extensions[0]
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
