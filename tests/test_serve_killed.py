"""A killed server comes back with every job where it was, and finishes each exactly once."""

from __future__ import annotations

import os
import signal
import sqlite3
from pathlib import Path

import httpx
import pytest

from emofuse.core import InputError
from emofuse.media import write_example
from emofuse.serve import Settings, serve
from servers import ServerProcess, finished, free_port, served, wait_until

JOBS = 2


@pytest.fixture(scope="module")
def long_clip(tmp_path_factory):
    return write_example(tmp_path_factory.mktemp("example") / "example.mp4")


def states(address, ids):
    return [httpx.get(f"http://{address}/v1/analyses/{id}").json()["state"] for id in ids]


def upload(address, data):
    answer = httpx.post(
        f"http://{address}/v1/analyses", files={"file": ("x.mp4", data)}, timeout=60
    )
    return answer.json()["id"]


def test_killed_in_the_middle_no_job_is_lost_or_done_twice(tmp_path, long_clip):
    data = tmp_path / "data"
    server = ServerProcess(data)
    ids = [upload(server.address, long_clip.read_bytes()) for _ in range(JOBS)]
    wait_until(lambda: "running" in states(server.address, ids), 60)
    server.kill()
    again = ServerProcess(data)
    try:
        assert set(states(again.address, ids)) <= {"queued", "running", "done"}
        for id in ids:
            assert finished(again.address, id)["state"] == "done"
            assert httpx.get(f"http://{again.address}/v1/analyses/{id}?format=csv").is_success
        wait_until(lambda: not list((data / "uploads").iterdir()), 20)
        with sqlite3.connect(data / "jobs.sqlite") as db:
            rows = db.execute("SELECT state, attempt, timeline FROM jobs").fetchall()
        assert len(rows) == JOBS and all(state == "done" and text for state, _, text in rows)
        # One was under way and was begun again at most once; nothing else ran a second time.
        assert sum(attempt for _, attempt, _ in rows) <= JOBS + 1
    finally:
        again.kill()


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="finds the worker in /proc")
def test_a_worker_that_is_killed_gets_the_file_once_more(tmp_path, long_clip):
    server = ServerProcess(tmp_path)
    try:
        id = upload(server.address, long_clip.read_bytes())
        child = wait_until(lambda: worker_of(server.process.pid), 60)
        os.kill(child, signal.SIGKILL)
        assert finished(server.address, id)["state"] == "done"
    finally:
        server.kill()


def worker_of(pid):
    """The process id of the server's analysing worker, once there is one."""
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((entry / "stat").read_bytes().rsplit(b")", 1)[1].split()[1])
            if parent == pid and b"analyse" in (entry / "cmdline").read_bytes():
                return int(entry.name)
        except OSError:  # it has just ended
            continue
    return None


def test_a_second_server_is_refused_the_folder(tmp_path):
    with served(tmp_path), pytest.raises(InputError, match="another server uses it"):
        serve(Settings(data=tmp_path, port=free_port()))
