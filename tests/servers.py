"""Running servers for tests: in this process for most, in one of its own to be killed."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import uvicorn

from emofuse.serve import Limits, Settings, create_app

_PROCESS = """
import json, sys
from emofuse.serve import Limits, Settings, serve
values = json.loads(sys.argv[1])
serve(Settings(limits=Limits(**values.pop("limits", {})), **values))
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def served(data: Path, *, token: str = "", **limits):
    """The address of a server in a thread of this process."""
    settings = Settings(data=data, port=free_port(), token=token, limits=Limits(**limits))
    config = uvicorn.Config(
        create_app(settings),
        port=settings.port,
        log_level="error",
        ws_max_size=settings.limits.live_message_bytes,
        ws_per_message_deflate=False,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the server did not start"
        time.sleep(0.02)
    try:
        yield f"127.0.0.1:{settings.port}"
    finally:
        server.should_exit = True
        thread.join(20)


class ServerProcess:
    """A server in a process of its own."""

    def __init__(self, data: Path, *, port: int | None = None, **limits):
        self.port = port or free_port()
        self.address = f"127.0.0.1:{self.port}"
        values = {"data": str(data), "port": self.port, "limits": limits}
        self.process = subprocess.Popen(
            [sys.executable, "-c", _PROCESS, json.dumps(values)],
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
        wait_until(self.alive, 60)

    def alive(self) -> bool:
        assert self.process.poll() is None, "the server ended"
        with contextlib.suppress(httpx.TransportError):
            return httpx.get(f"http://{self.address}/healthz").status_code == 200
        return False

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


def wait_until(true, seconds: float):
    """The first truthy value of `true()`; fails after `seconds`."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := true():
            return value
        time.sleep(0.05)
    raise AssertionError(f"{true} did not come true within {seconds} s")


def finished(address: str, id: str, *, seconds: float = 120, **options) -> dict:
    """Where an analysis ended."""

    def over():
        status = httpx.get(f"http://{address}/v1/analyses/{id}", timeout=30, **options).json()
        return status if status["state"] not in ("queued", "running") else None

    return wait_until(over, seconds)
