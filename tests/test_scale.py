"""Many files on a Dask cluster: nothing lost, nothing twice, whatever is killed."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from emofuse.analysis import Options
from emofuse.core import InputError
from emofuse.media import write_wav
from emofuse.scale import Job, collect, map_unordered, run_batch
from servers import free_port

distributed = pytest.importorskip(
    "distributed", reason="no Dask; install it with: pip install 'emofuse[scale]'"
)
VOICE_ONLY = Options(modalities=("voice",), thumbnails=False)
KILL_EVERY_SECONDS = 20.0


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
        self.workers: list[subprocess.Popen] = []

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
                    "PYTHONPATH": str(Path(__file__).parent),
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
        return worker

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


def lines(out: Path) -> list[dict]:
    text = (out / "emofuse-run.jsonl").read_text(encoding="utf-8")
    return [json.loads(line)["result"] for line in text.splitlines()]


def assert_each_once(out: Path, clips: Path):
    """Every clip has one line in the run manifest and one whole result; nothing else is there."""
    names = sorted(path.stem for path in clips.iterdir())
    assert sorted(Path(line["path"]).stem for line in lines(out)) == names
    results = [path for path in out.rglob("*") if path.suffix != ".jsonl" and path.is_file()]
    assert sorted(path.stem for path in results) == names
    for path in results:
        json.loads(path.read_text(encoding="utf-8"))


def test_a_killed_worker_loses_and_repeats_nothing(tmp_path):
    clips = make_clips(tmp_path / "clips", 12)
    job = Job(VOICE_ONLY, tmp_path / "out")
    with cluster(tmp_path / "dask") as running:
        done = []
        for result in run_batch(collect([clips]), job, scheduler=running.address):
            done.append(result)
            if len(done) in (3, 7):
                running.kill_a_worker()
    assert {result.status for result in done} == {"done"}
    assert_each_once(tmp_path / "out", clips)


def test_a_poisoned_file_does_not_stop_the_run(tmp_path):
    clips = make_clips(tmp_path / "clips", 4)
    (clips / "poison.mp4").write_bytes(b"\0" * 5000)
    with cluster(tmp_path / "dask", workers=1) as running:
        job = Job(VOICE_ONLY, tmp_path / "out")
        results = list(run_batch(collect([clips]), job, scheduler=running.address))
    by_status = {
        r.status: [Path(x.path).name for x in results if x.status == r.status] for r in results
    }
    assert by_status["failed"] == ["poison.mp4"] and len(by_status["done"]) == 4


def slow_or_deadly(name: str) -> str:
    """Ends the worker that runs it when the name says so."""
    if name == "deadly":
        os.kill(os.getpid(), signal.SIGKILL)
    return name


def test_a_file_that_kills_every_worker_is_given_up(tmp_path):
    """After its retries the item comes back with the exception; the others are done."""
    with cluster(tmp_path / "dask", workers=1) as running:
        stop = threading.Event()

        def revive():
            while not stop.wait(0.2):
                if running.workers[-1].poll() is not None:
                    running.add_worker()

        reviver = threading.Thread(target=revive)
        reviver.start()
        try:
            items = ["deadly", *(f"item{i}" for i in range(5))]
            found = dict(map_unordered(slow_or_deadly, items, scheduler=running.address))
        finally:
            stop.set()
            reviver.join()
    assert isinstance(found.pop("deadly"), Exception)
    assert found == {name: name for name in items[1:]}


def test_after_the_scheduler_was_killed_the_same_command_goes_on(tmp_path):
    clips = make_clips(tmp_path / "clips", 10)
    job, tasks = Job(VOICE_ONLY, tmp_path / "out"), collect([clips])
    first = []
    with cluster(tmp_path / "dask") as running, pytest.raises(InputError, match="run the same"):
        for result in run_batch(tasks, job, scheduler=running.address):
            first.append(result)
            if len(first) == 3:
                running.scheduler.kill()
    assert 3 <= len(first) < len(tasks)
    with cluster(tmp_path / "again") as running:
        second = list(run_batch(tasks, job, scheduler=running.address))
    assert sum(result.status == "kept" for result in second) == len(first)
    assert {result.status for result in second} == {"kept", "done"}
    assert_each_once(tmp_path / "out", clips)


def test_no_scheduler_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr("emofuse.scale.workers.CONNECT_SECONDS", 1)
    clips = make_clips(tmp_path / "clips", 1)
    with pytest.raises(InputError, match="start one with"):
        list(run_batch(collect([clips]), Job(), scheduler=f"tcp://127.0.0.1:{free_port()}"))


def test_processes_here_do_the_same(tmp_path):
    clips = make_clips(tmp_path / "clips", 3)
    results = list(run_batch(collect([clips]), Job(VOICE_ONLY, tmp_path / "out"), jobs=2))
    assert {result.status for result in results} == {"done"}
    assert_each_once(tmp_path / "out", clips)


@pytest.mark.slow
def test_two_thousand_clips_with_a_worker_killed_every_twenty_seconds(tmp_path):
    clips = make_clips(tmp_path / "clips", 2000)
    job = Job(VOICE_ONLY, tmp_path / "out")
    with cluster(tmp_path / "dask") as running:
        last, kills, statuses = time.monotonic(), 0, []
        for result in run_batch(collect([clips]), job, scheduler=running.address):
            statuses.append(result.status)
            if time.monotonic() - last > KILL_EVERY_SECONDS:
                running.kill_a_worker()
                last, kills = time.monotonic(), kills + 1
    assert statuses == ["done"] * 2000 and kills >= 1
    assert_each_once(tmp_path / "out", clips)
