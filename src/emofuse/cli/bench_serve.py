"""`emofuse bench live|serve|scale`: the live door, many clients, and a cluster, on this machine."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from .bench import measured

PIECE_SECONDS = 0.1  # of sound a message
WARM_UP_SECONDS = 3.0  # answers of the first moments are not counted: models are being loaded
HOUR_SECONDS, HOUR_FPS = 3600.0, 10.0
TURNS, FILMS, SOUNDS = 3, 12, 80  # of `bench_scale`


@dataclass(frozen=True)
class Material:
    """What a client sends: encoded pictures and samples of a clip, to be repeated."""

    pictures: list[bytes]
    samples: np.ndarray


@dataclass
class Answers:
    """What one client got: seconds from each picture to its answer, windows, what was lost."""

    delays: list[float] = field(default_factory=list)
    sent: int = 0
    windows: int = 0
    without_sound: int = 0
    dropped: int = 0


def material(clip: Path) -> Material:
    import cv2

    from emofuse.media import load_audio, read

    pictures = []
    for frame in read(clip, audio=False):
        small = cv2.resize(frame.image[..., ::-1], (640, 360), interpolation=cv2.INTER_AREA)
        _, data = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 85])
        pictures.append(data.tobytes())
    return Material(pictures, load_audio(clip))


@contextmanager
def running_server() -> Iterator[str]:
    """Address of a server in a process of its own."""
    from emofuse.serve import Settings, serve

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="emofuse-bench-") as data:
        process = get_context("spawn").Process(target=serve, args=(Settings(port=port, data=data),))
        process.start()
        try:
            _wait_for(port)
            yield f"127.0.0.1:{port}"
        finally:
            process.terminate()
            process.join()


def _wait_for(port: int) -> None:
    for _ in range(600):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise TimeoutError("the server did not start")


async def client(address: str, given: Material, *, seconds: float, fps: float) -> Answers:
    """One live session in real time: pictures at `fps` and sound, all answers counted."""
    from websockets.asyncio.client import connect

    answers = Answers()
    async with connect(f"ws://{address}/v1/live", max_size=None, compression=None) as socket:
        await socket.send(json.dumps({"type": "start", "tracks": ["face", "voice"]}))
        await socket.recv()
        began = time.perf_counter()
        reader = asyncio.create_task(_listen(socket, answers, began))
        await _play(socket, given, answers, seconds=seconds, fps=fps, began=began)
        await reader
    return answers


async def _play(socket, given: Material, answers: Answers, *, seconds, fps, began) -> None:
    from emofuse.serve.live_protocol import PICTURE, SOUND, pack

    piece = round(16_000 * PIECE_SECONDS)
    pcm = (given.samples * 32767).astype("<i2")
    pictures = [(i / fps, PICTURE, i) for i in range(int(seconds * fps))]
    sound = [((i + 1) * PIECE_SECONDS, SOUND, i) for i in range(int(seconds / PIECE_SECONDS))]
    for due, kind, i in sorted(pictures + sound):
        await asyncio.sleep(max(0.0, began + due - time.perf_counter()))
        if kind == PICTURE:
            data = given.pictures[i % len(given.pictures)]
            # Stamped when it is sent: a busy client must not count as a slow server.
            await socket.send(pack(PICTURE, data, seconds=time.perf_counter() - began))
            answers.sent += 1
        else:
            at = i * piece % max(1, len(pcm) - piece)
            start = due - PIECE_SECONDS
            data = pcm[at : at + piece].tobytes()
            await socket.send(pack(SOUND, data, seconds=start, sample_rate=16_000))
    await socket.send('{"type": "end"}')


async def _listen(socket, answers: Answers, began: float) -> None:
    async for text in socket:
        message = json.loads(text)
        if message["type"] == "frame":
            if message["seconds"] >= WARM_UP_SECONDS:
                answers.delays.append(time.perf_counter() - began - message["seconds"])
        elif message["type"] == "window":
            answers.windows += 1
            estimates = message["persons"][-1]["estimates"].values()
            answers.without_sound += any(e["outcome"] == "NoAudioTrack" for e in estimates)
        elif message["type"] == "end":
            answers.dropped = message["dropped_pictures"]


def bench_live(clip: Path, *, seconds: float = 30.0) -> list[dict]:
    """30 pictures a second with sound from one client in real time; then an hour, accelerated."""
    given = material(clip)
    with running_server() as address:
        answers = asyncio.run(client(address, given, seconds=seconds, fps=30.0))
    name = "live, 30 pictures/s 640x360 + sound"
    p95 = 1000 * float(np.percentile(answers.delays, 95))
    return [
        measured(f"{name}: picture to answer, p95", p95, "ms (wall)", goal=100.0),
        measured(f"{name}: pictures left out", answers.dropped, f"of {answers.sent}", goal=0),
        measured(f"{name}: windows without sound", answers.without_sound, "windows", goal=0),
        *bench_hour(given),
    ]


def bench_hour(given: Material, *, seconds: float = HOUR_SECONDS) -> list[dict]:
    """Growth of memory over an hour of input, as fast as it goes."""
    from emofuse.analysis import LiveSession, Options, load_bundles
    from emofuse.media import AudioChunk, EncodedPicture

    options = Options()
    session = LiveSession(options, load_bundles(options), tracks=("face", "voice"))
    piece, pictures = round(16_000 / HOUR_FPS), itertools.cycle(given.pictures)
    settled, began = 0, time.perf_counter()
    for i in range(int(seconds * HOUR_FPS)):
        at = i * piece % max(1, len(given.samples) - piece)
        session.offer(EncodedPicture(i / HOUR_FPS, next(pictures)))
        session.offer(AudioChunk(i / HOUR_FPS, given.samples[at : at + piece]))
        while session.step() is not None:
            pass
        if i == int(seconds * HOUR_FPS / 6):  # by then every buffer is at its size
            settled = resident_bytes()
    growth = 100.0 * (resident_bytes() - settled) / settled
    pace = seconds / (time.perf_counter() - began)
    return [
        measured("live, an hour of input: growth of memory", growth, "%", goal=5.0),
        measured("live, an hour of input: pace", pace, "times real time"),
    ]


def resident_bytes() -> int:
    """Memory of this process that is in use now."""
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def bench_serve(
    clip: Path, *, clients: int = 20, fps: float = 5.0, seconds: float = 30.0
) -> list[dict]:
    """Many live clients at once: is anybody starved?"""
    given = material(clip)

    async def all_clients(address: str) -> list[Answers]:
        each = (client(address, given, seconds=seconds, fps=fps) for _ in range(clients))
        return await asyncio.gather(*each)

    with running_server() as address:
        answers = asyncio.run(all_clients(address))
    name = f"{clients} clients, {fps:g} pictures/s + sound each"
    delays = np.concatenate([a.delays for a in answers])
    worst = min(len(a.delays) for a in answers) / max(len(a.delays) for a in answers)
    return [
        measured(
            f"{name}: picture to answer, p95", 1000 * float(np.percentile(delays, 95)), "ms (wall)"
        ),
        measured(f"{name}: answers, least to most served", worst, "ratio (starved below 0.9)"),
        measured(f"{name}: fewest windows", min(a.windows for a in answers), "windows"),
        measured(f"{name}: pictures left out", sum(a.dropped for a in answers), "pictures"),
    ]


def bench_scale(clip: Path) -> list[dict]:
    """The same clips through two plain processes and through Dask with two workers.

    By turns, so that what else the machine does meets both: the ratio is the median of rounds.
    """
    from emofuse.media import load_audio, write_wav

    rows = []
    with tempfile.TemporaryDirectory(prefix="emofuse-bench-") as scratch:
        films, sounds = Path(scratch) / "films", Path(scratch) / "sounds"
        films.mkdir()
        for i in range(FILMS):
            shutil.copy(clip, films / f"{i:05d}{clip.suffix}")
        samples = load_audio(clip)
        for i in range(SOUNDS):
            shifted = np.roll(samples, 1000 * i)[:48_000]
            write_wav(sounds / f"{i:05d}.wav", shifted, sample_rate=16_000)
        rows += _by_turns("films", films, Path(scratch))
        rows += _by_turns("3 s of sound", sounds, Path(scratch), modalities=("voice",))
    return rows


def _by_turns(name: str, folder: Path, scratch: Path, **options) -> list[dict]:
    """Rows of one kind of clip, all in `folder`."""
    import dask
    import distributed

    from emofuse.analysis import Options
    from emofuse.scale import QUIET, Job, collect

    tasks, found = collect([folder]), []
    for turn in range(TURNS):
        job = Job(Options(thumbnails=False, **options), scratch / f"plain-{name}-{turn}")
        plain = _rate(tasks, job, jobs=2)
        job = Job(Options(thumbnails=False, **options), scratch / f"dask-{name}-{turn}")
        with (
            dask.config.set(QUIET),
            distributed.LocalCluster(
                n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
            ) as cluster,
        ):
            found.append((plain, _rate(tasks, job, scheduler=cluster.scheduler_address)))
    rates, cpu = np.moveaxis(np.array(found), 2, 0)  # (turns, 2): plain, Dask
    ratios = 100 * rates[:, 1] / rates[:, 0]
    unit = "clips per second"
    return [
        measured(f"{name}: two plain processes", float(np.median(rates[:, 0])), unit),
        measured(f"{name}: Dask with 2 workers", float(np.median(rates[:, 1])), unit),
        {
            **measured(f"{name}: Dask to plain, median", float(np.median(ratios)), "%"),
            "goal": 90.0,
            "met": bool(np.median(ratios) >= 90.0),
        },
        measured(f"{name}: Dask to plain, lowest of {TURNS} rounds", float(ratios.min()), "%"),
        measured(
            f"{name}: work in the CPU time that Dask takes",
            100 * float(np.median(cpu[:, 0] / cpu[:, 1])),
            "%",
        ),
    ]


def _rate(tasks, job, **how) -> tuple[float, float]:
    """Clips a second and CPU seconds a clip, from when both workers are warm to the last result."""
    from emofuse.scale import run_batch

    warm, marks = len(tasks) // 4, []
    for done, _ in enumerate(run_batch(tasks, job, **how), start=1):
        if done in (warm, len(tasks)):
            marks.append((time.perf_counter(), _cpu_of_all()))
    seconds, cpu = np.diff(marks, axis=0)[0]
    clips = len(tasks) - warm
    return clips / seconds, cpu / clips


def _cpu_of_all() -> float:
    """CPU seconds of this process and of those it started."""
    import psutil  # comes with Dask

    here = psutil.Process()
    times = [process.cpu_times() for process in (here, *here.children(recursive=True))]
    return sum(time.user + time.system for time in times)
