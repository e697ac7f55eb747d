"""A Dask scheduler and its workers as processes that tests can kill, and clips to share out."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np

from emofuse.media import write_wav
from servers import free_port, wait_until

HERE = str(Path(__file__).parent)  # workers must find the functions of test modules


class Cluster:
    """A scheduler and workers as processes of their own, on loopback, to be killed."""

    def __init__(self, folder: Path, *, port: int | None = None):
        self.folder = folder
        self.address = f"tcp://127.0.0.1:{port or free_port()}"
        self.scheduler = self._start(
            "distributed.cli.dask_scheduler",
            "--port",
            self.address.rpartition(":")[2],
            "--host",
            "127.0.0.1",
            "--no-dashboard",
            "--no-show",
        )
        wait_until(self._listens, 60)
        self.workers: list[subprocess.Popen] = []
        self.started = 0

    def _listens(self) -> bool:
        assert self.scheduler.poll() is None, "the scheduler ended"
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", int(self.address.rpartition(":")[2]))) == 0

    def _start(self, module: str, *arguments: str) -> subprocess.Popen:
        code = f"from {module} import main; main()"
        with open(self.folder / "cluster.log", "ab") as log:
            return subprocess.Popen(
                [sys.executable, "-c", code, *arguments],
                cwd=self.folder,
                stdout=log,
                stderr=log,
                env={
                    **os.environ,
                    "OMP_NUM_THREADS": "1",
                    "PYTHONPATH": os.pathsep.join([HERE, os.environ.get("PYTHONPATH", "")]),
                },
            )

    def add_worker(self) -> subprocess.Popen:
        worker = self._start(
            "distributed.cli.dask_worker",
            self.address,
            "--nthreads",
            "1",
            "--no-nanny",
            "--no-dashboard",
            "--host",
            "127.0.0.1",
            "--local-directory",
            str(self.folder),
        )
        self.workers.append(worker)
        self.started += 1
        return worker

    def all_have_come(self) -> bool:
        """Whether every worker that was started has reported to the scheduler."""
        log = (self.folder / "cluster.log").read_text(encoding="utf-8", errors="replace")
        return log.count("Registered to:") >= self.started

    def kill_a_worker(self) -> None:
        """Kill the oldest worker and start another."""
        self.workers.pop(0).send_signal(signal.SIGKILL)
        self.add_worker()

    def close(self) -> None:
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait()


@contextlib.contextmanager
def cluster(folder: Path, *, workers: int = 2):
    folder.mkdir()
    running = Cluster(folder)
    try:
        for _ in range(workers):
            running.add_worker()
        yield running
    finally:
        running.close()


def make_clips(folder: Path, count: int, *, seconds: float = 0.5) -> Path:
    folder.mkdir()
    rng = np.random.default_rng(0)
    for i in range(count):
        samples = rng.normal(0, 0.05, round(16_000 * seconds)).astype(np.float32)
        write_wav(folder / f"clip{i:04d}.wav", samples, sample_rate=16_000)
    return folder
