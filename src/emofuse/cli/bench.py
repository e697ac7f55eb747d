"""`emofuse bench`: what things cost here, as dated JSON in results/bench/."""

from __future__ import annotations

import datetime
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import numpy as np
import typer

from emofuse.core import InputError

from .printing import JSON_HELP, emit_json, show_table

REPEATS = 5
LIBRARIES = ("numpy", "scipy", "av", "opencv-python-headless", "onnxruntime")
# Prints when the first window of a file is there, measured from the start of the process.
_FIRST_WINDOW = "import sys, emofuse; print(next(iter(emofuse.stream(sys.argv[1]))).index)"


def cpu_seconds(work: Callable[[], object]) -> float:
    """CPU seconds of this process for one call: what a quiet core would take."""
    began = time.process_time()
    work()
    return time.process_time() - began


def median_of(work: Callable[[], object], *, repeats: int = REPEATS) -> float:
    """Median CPU seconds of several calls after one that warms caches."""
    work()
    return statistics.median(cpu_seconds(work) for _ in range(repeats))


def bench_media(clip: Path) -> list[dict]:
    """Decoding a file to full-size RGB frames and 16 kHz samples."""
    from emofuse.media import probe, read

    frames = sum(1 for _ in read(clip, audio=False))
    info = probe(clip)
    seconds = median_of(lambda: [None for _ in read(clip)])
    return [
        measured("decode to rgb24", 1000 * seconds / frames, "ms per frame"),
        measured(
            "decode to rgb24", 1000 * seconds / info.duration_seconds, "ms per second of clip"
        ),
    ]


def bench_face(clip: Path) -> list[dict]:
    """Detecting, following and aligning, decoding not counted."""
    from emofuse.media import read
    from emofuse.perception.face import FaceTracker, align_face

    frames = list(read(clip, audio=False))
    tracker = FaceTracker()  # loading the networks is a cost of the process, not of a frame

    def follow() -> None:
        tracker.reset()
        for frame in frames:
            for face in tracker.update(frame.image, seconds=frame.seconds):
                align_face(frame.image, face.mesh, size=64)

    seconds = median_of(follow)
    size = "x".join(map(str, frames[0].image.shape[1::-1]))
    name = f"detect + follow + align, {size}"
    return [measured(name, 1000 * seconds / len(frames), "ms per frame", goal=2.5)]


def bench_voice() -> list[dict]:
    """Log-mel and voice activity on ten seconds of noise (content does not change the cost)."""
    from emofuse.perception.voice import VoiceActivity, log_mel

    samples = np.random.default_rng(0).normal(0, 0.1, 160_000).astype(np.float32)
    mel = median_of(lambda: log_mel(samples), repeats=20)
    activity = median_of(lambda: VoiceActivity().push(samples))
    return [
        measured("log-mel", 1000 * mel / 10, "ms per second of audio", goal=0.5),
        measured("voice activity", 1000 * activity / 10, "ms per second of audio"),
    ]


def bench_eeg() -> list[dict]:
    """Differential entropy of 4 s windows at 200 Hz; the goals are those of 14 channels."""
    from emofuse.perception.eeg import EPOC14, SEED62, differential_entropy

    rows = []
    for channels in (len(EPOC14), len(SEED62)):
        window = np.random.default_rng(0).normal(0, 20, (800, channels))
        trial = np.tile(window, (45, 1))  # three minutes, as a film of SEED-IV
        name, unit = f"differential entropy, {channels} channels", "ms per window of 4 s"
        goals = (0.7, 1.5) if channels == len(EPOC14) else (None, None)
        published = median_of(
            lambda x=window: differential_entropy(x, rate_hz=200, published=True), repeats=20
        )
        whole = median_of(lambda x=trial: differential_entropy(x, rate_hz=200))
        rows += [
            measured(f"{name}, published form", 1000 * published, unit, goal=goals[0]),
            measured(f"{name}, zero-phase, whole trial", 1000 * whole / 45, unit, goal=goals[1]),
        ]
    return rows


def bench_analyse(clip: Path) -> list[dict]:
    """A whole analysis of every frame beside decoding alone, and the start of a process."""
    from emofuse import analyse
    from emofuse.media import read

    duration = analyse(clip).source.duration_seconds
    decoding = median_of(lambda: [None for _ in read(clip)])
    whole = median_of(lambda: analyse(clip, thumbnails=False))
    budget = 1.5 * decoding / duration + 0.2
    waits = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        command = [sys.executable, "-c", _FIRST_WINDOW, str(clip)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        waits.append(time.perf_counter() - began)
    return [
        measured(
            "analysis of every frame",
            1000 * whole / duration,
            "ms per second of clip",
            goal=1000 * budget,
        ),
        measured("process start to first window", statistics.median(waits), "s (wall)", goal=2.0),
    ]


def bench_cost(clip: Path) -> list[dict]:
    """CPU time of a file in a run of many, and the size of its result; docs/scale.md counts on it."""
    import tempfile

    from emofuse.analysis import Options
    from emofuse.media import load_audio, probe, read, write_wav
    from emofuse.scale import Job, Task, run_task

    with tempfile.TemporaryDirectory(prefix="emofuse-bench-") as scratch:
        out, short, long = (Path(scratch) / name for name in ("out", "short.wav", "long.wav"))
        samples = load_audio(clip)
        for path, seconds in ((short, 1), (long, 5)):
            write_wav(path, np.resize(samples, seconds * 16_000), sample_rate=16_000)

        def cost(path: Path, *, run: str = "bench", **options) -> float:
            job = Job(Options(thumbnails=False, **options), out)
            task = Task(path, Path(path.stem))
            return 1000 * median_of(lambda: run_task(task, job, run=run))

        brief, voice = cost(short, modalities=("voice",)), cost(long, modalities=("voice",))
        second = (voice - brief) / 4
        fixed = brief - second
        anew = cost(short, run="", modalities=("voice",)) - brief
        duration = probe(clip).duration_seconds
        film = (cost(clip) - fixed) / duration
        windows = json.loads((out / f"{clip.stem}.json").read_text(encoding="utf-8"))
        shown = len(windows["starts"]) * len(windows["persons"])
        size = (out / f"{clip.stem}.json").stat().st_size / shown
    decoding = 1000 * median_of(lambda: [None for _ in read(clip)]) / duration
    return [
        measured("film: face, voice and words, every frame followed", film, "ms per second"),
        measured("film: decoding, part of this", decoding, "ms per second"),
        measured("sound: voice", second, "ms per second"),
        measured("a file: opened, named, written", fixed, "ms per file"),
        measured("a worker: models read", anew, "ms per run"),
        measured("result as JSON", size, "bytes per window and person"),
    ]


def measured(name: str, value: float, unit: str, *, goal: float | None = None) -> dict:
    """One row of a report; a goal is met by a value that is not above it."""
    return {
        "what": name,
        "value": round(value, 4),
        "unit": unit,
        "goal": None if goal is None else round(goal, 4),
        "met": None if goal is None else value <= goal,
    }


def circumstances() -> dict[str, object]:
    """Date, machine and library versions that a number is meaningless without."""
    return {
        "date": datetime.date.today().isoformat(),
        "machine": platform.machine(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "libraries": {name: metadata.version(name) for name in LIBRARIES},
        "measure": f"median CPU time of {REPEATS} runs, in process, one thread",
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


BENCHES = ("media", "face", "voice", "eeg", "analyse")
# Minutes each, and they want a quiet machine: only when named.
DOORS = ("live", "serve", "cost", "scale", "systems", "learning")


def bench(
    names: list[str] = typer.Argument(
        None, help=f"Some of: {', '.join(BENCHES)} (default: these), {', '.join(DOORS)}."
    ),
    clip: Path = typer.Option(
        None, help="Video to measure on; default: the bundled example (640x360)."
    ),
    out: Path = typer.Option(Path("results/bench"), help="Folder of the dated JSON."),
    note: str = typer.Option("", help="What a reader must know, e.g. what else ran beside."),
    json_file: str = typer.Option(None, "--json", metavar="FILE", help=JSON_HELP),
) -> None:
    """Measure decoding, face, voice, EEG and a whole analysis; the others on request."""
    from . import bench_serve as doors
    from . import bench_systems as training

    wanted = names or list(BENCHES)
    if unknown := set(wanted) - {*BENCHES, *DOORS}:
        known = ", ".join((*BENCHES, *DOORS))
        raise typer.BadParameter(f"{', '.join(unknown)}: choose from {known}")
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(variable, "1")
    clip = clip or _example()
    found = {
        "media": lambda: bench_media(clip),
        "face": lambda: bench_face(clip),
        "voice": bench_voice,
        "eeg": bench_eeg,
        "analyse": lambda: bench_analyse(clip),
        "live": lambda: doors.bench_live(clip),
        "serve": lambda: doors.bench_serve(clip),
        "cost": lambda: bench_cost(clip),
        "scale": lambda: doors.bench_scale(clip),
        "systems": training.bench_systems,
        "learning": training.bench_learning,
    }
    rows = [row for name in wanted for row in found[name]()]
    report = {**circumstances(), "clip": clip.name, "note": note, "rows": rows}
    if {"systems", "learning"} & set(wanted):
        report["libraries"]["torch"] = metadata.version("torch")
    show_table(rows, title=f"emofuse bench on {clip.name}")
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            out, f"cannot be made ({error.strerror})", "choose another --out"
        ) from None
    target = out / f"{report['date']}-{'-'.join(wanted)}.json"
    emit_json(report, str(target))
    typer.echo(f"wrote {target}")
    if json_file is not None:
        emit_json(report, json_file)


def _example() -> Path:
    import tempfile

    from emofuse.media import write_example

    return write_example(Path(tempfile.mkdtemp(prefix="emofuse-bench-")) / "example.mp4")


def register(app: typer.Typer) -> None:
    app.command(epilog="Example:  emofuse bench face --clip clip720p.mp4")(bench)
