"""A worker process: looks into one upload, or analyses one job.

    python -m emofuse.serve.worker inspect MOST_BYTES MEDIA      (one line of JSON on stdout)
    python -m emofuse.serve.worker analyse MOST_BYTES DATABASE JOB KEEP_SECONDS MOST_SECONDS

Strangers' files meet the decoders only here, under a memory limit: what breaks is this process.
"""

from __future__ import annotations

import base64
import json
import logging
import os
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from emofuse.core import InputError, Thumbnail, Timeline

from .store import Job, JobStore

REPORT_SECONDS = 0.25
OK, REFUSED, STOPPED = 0, 3, 4
TOO_LONG = "is longer than this server allows"


class Stopped(Exception):
    """The job was cancelled, given to somebody else, or the server is gone."""


def limit_memory(most_bytes: int) -> None:
    """Let allocations beyond `most_bytes` of address space fail, where the system can."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    resource.setrlimit(resource.RLIMIT_AS, (most_bytes, most_bytes))


def inspect(media: Path) -> dict[str, object]:
    """What an upload holds; `{"error": ...}` when it cannot be analysed."""
    from emofuse.media import probe

    try:
        info = probe(media)
    except InputError as error:
        return {"error": f"{error.reason}; {error.remedy}"}
    except MemoryError:
        return {"error": "claims more than fits into memory; export it again"}
    return {"seconds": info.duration_seconds, "video": info.has_video, "audio": info.has_audio}


def analyse_job(store: JobStore, job: Job, *, keep_seconds: float, most_seconds: float) -> int:
    """Analyse and store the result; returns the exit status."""
    from emofuse.analysis import analyse

    try:
        timeline = analyse(
            job.media,
            text=job.words,
            progress=_watcher(store, job, most_seconds),
            **job.options,
        )
    except Stopped:
        return STOPPED
    except InputError as error:
        store.fail(job, f"{error.reason}; {error.remedy}")
        return REFUSED
    except MemoryError:
        store.fail(job, "needs more memory than this server allows; send it in parts")
        return REFUSED
    from emofuse.export import dumps

    # The file's name on disk is random and its own name was never kept.
    timeline = replace(timeline, source=replace(timeline.source, name=f"analysis {job.id[:8]}"))
    kept = store.finish(
        job,
        timeline=dumps(timeline),
        thumbnails=pack_thumbnails(timeline),
        keep_seconds=keep_seconds,
    )
    return OK if kept else STOPPED


def _watcher(store: JobStore, job: Job, most_seconds: float) -> Callable[[float, float], None]:
    """The progress callback: reports now and then, and stops what is no longer wanted."""
    parent, last = os.getppid(), [0.0]

    def progress(done: float, of: float) -> None:
        if done > most_seconds:
            raise InputError(job.media, TOO_LONG, f"send at most {most_seconds:.0f} s")
        if time.monotonic() - last[0] < REPORT_SECONDS:
            return
        last[0] = time.monotonic()
        share = min(0.99, done / of) if of > 0 else 0.0
        if os.getppid() != parent or not store.report(job, share):
            raise Stopped

    return progress


def pack_thumbnails(timeline: Timeline) -> str:
    """The pictures of a timeline as JSON: person, seconds and a base64 PNG each."""
    import cv2

    packed = []
    for thumbnail in timeline.thumbnails:
        _, data = cv2.imencode(".png", thumbnail.image[..., ::-1])
        text = base64.b64encode(data.tobytes()).decode()
        packed.append({"person": thumbnail.person, "seconds": thumbnail.seconds, "png": text})
    return json.dumps(packed)


def unpack_thumbnails(text: str) -> tuple[Thumbnail, ...]:
    """Inverse of `pack_thumbnails`."""
    import cv2
    import numpy as np

    def image(png: str) -> np.ndarray:
        data = np.frombuffer(base64.b64decode(png), np.uint8)
        return cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1]

    return tuple(Thumbnail(t["person"], t["seconds"], image(t["png"])) for t in json.loads(text))


def main(arguments: list[str]) -> int:
    task, most_bytes, *rest = arguments
    logging.basicConfig(level=logging.WARNING)
    limit_memory(int(most_bytes))
    if task == "inspect":
        print(json.dumps(inspect(Path(rest[0]))))
        return OK
    database, id, keep_seconds, most_seconds = rest
    store = JobStore(Path(database))
    job = store.get(id)
    if job is None:
        return STOPPED
    return analyse_job(
        store, job, keep_seconds=float(keep_seconds), most_seconds=float(most_seconds)
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
