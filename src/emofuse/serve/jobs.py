"""The dispatcher: takes queued jobs one by one and runs each in a process of its own."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
import time
from pathlib import Path

from .settings import Settings
from .store import RUNNING, Job, JobStore

log = logging.getLogger("emofuse.serve")
POLL_SECONDS = 0.2
SWEEP_SECONDS = 60.0
INSPECT_SECONDS = 30.0
# One thread a process: two oversubscribed threads were ten times slower than one.
_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


async def start_worker(task: str, most_bytes: int, *arguments: object, **options):
    """A child process running `emofuse.serve.worker`."""
    command = [sys.executable, "-m", "emofuse.serve.worker", task, str(most_bytes)]
    return await asyncio.create_subprocess_exec(
        *command, *map(str, arguments), env={**os.environ, **_ONE_THREAD}, **options
    )


async def inspect(media: Path, settings: Settings) -> dict[str, object]:
    """What an upload holds (see `worker.inspect`), found out in a process that may break."""
    process = await start_worker(
        "inspect",
        settings.limits.worker_bytes,
        media,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        out, _ = await asyncio.wait_for(process.communicate(), INSPECT_SECONDS)
        return json.loads(out)
    except (TimeoutError, ValueError):
        return {"error": "cannot be decoded here; export it again"}
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


class Dispatcher:
    """Runs at most `limits.workers` jobs at a time until it is cancelled."""

    def __init__(self, settings: Settings, store: JobStore):
        self.settings, self.store = settings, store
        self.running: set[asyncio.Task] = set()

    async def run(self) -> None:
        """Dispatch for ever; on the way out workers are ended and their jobs wait again."""
        swept = 0.0
        try:
            while True:
                while len(self.running) < self.settings.limits.workers:
                    job = await asyncio.to_thread(self.store.claim)
                    if job is None:
                        break
                    task = asyncio.create_task(self._run(job))
                    self.running.add(task)
                    task.add_done_callback(self.running.discard)
                if time.monotonic() - swept > SWEEP_SECONDS:
                    swept = time.monotonic()
                    await asyncio.to_thread(self.sweep)
                await asyncio.sleep(POLL_SECONDS)
        finally:
            for task in self.running:
                task.cancel()
            await asyncio.gather(*self.running, return_exceptions=True)

    async def _run(self, job: Job) -> None:
        limits = self.settings.limits
        process = await start_worker(
            "analyse",
            limits.worker_bytes,
            self.store.path,
            job.id,
            self.settings.keep_seconds,
            limits.media_seconds,
        )
        try:
            await self._watch(process, job)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        await asyncio.to_thread(self._settle, job)

    async def _watch(self, process, job: Job) -> None:
        """Return when the process has ended, or when it must be: cancelled, or without progress."""
        while True:
            try:
                await asyncio.wait_for(process.wait(), POLL_SECONDS)
                return
            except TimeoutError:
                now = await asyncio.to_thread(self.store.get, job.id)
            if now is None or now.state != RUNNING:
                return
            if time.time() - now.beat > self.settings.limits.stalled_seconds:
                log.warning("job %s made no progress; ended", job.id)
                return

    def _settle(self, job: Job) -> None:
        """A job that still counts as running was left without a word by its process."""
        now = self.store.get(job.id)
        if now is not None and now.state == RUNNING:
            log.warning("the worker of job %s broke down", job.id)
            self.store.crashed(now)
            now = self.store.get(job.id)
        if now is None or (now.finished is not None and not now.keep_media):
            remove(*job.files)

    def sweep(self, *, unknown_seconds: float = 3600.0) -> None:
        """Delete what has expired, and uploads that no job needs (their server was killed)."""
        for job in self.store.expired():
            self.store.delete(job.id)
            remove(*job.files)
        known = self.store.uploads()
        old = time.time() - unknown_seconds  # younger ones may just be arriving
        for path in self.settings.uploads.iterdir():
            if path not in known and path.stat().st_mtime < old:
                remove(path)


def remove(*paths: Path) -> None:
    for path in paths:
        path.unlink(missing_ok=True)
