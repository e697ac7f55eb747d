"""What one training step of a system costs: CPU time and peak memory, in a process of its own.

The step is training's own: network in training mode, loss, backward, clipping, optimiser. Its batch
is made beforehand, and so are cached features: another process fills the cache.
"""

from __future__ import annotations

import os
import resource
import statistics
import time
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, fields
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from emofuse.core import Clip, InputError, View, label_set
from emofuse.corpora import Manifest, read_manifest, write_manifest
from emofuse.media import encode_video
from emofuse.perception.face import ACTION_UNITS
from emofuse.training.examples import Examples
from emofuse.training.job import with_labels
from emofuse.training.settings import read_settings

from .registry import system

CLIPS, SECONDS, FRAME_RATE = 8, 3.6, 10.0
# Steps that take long are measured fewer times.
REPEATS, LONG_SECONDS = 5, 3.0


@dataclass(frozen=True)
class StepCost:
    """CPU milliseconds of a step (median, one thread) and the process's peak memory in MiB."""

    system: str
    form: str
    settings: Mapping[str, object]
    batch: int
    cpu_ms: float
    peak_mib: float


def step_cost(
    name: str, form: str, *, corpus: Path, batch: int, settings: Mapping[str, object] | None = None
) -> StepCost:
    """Measure `name` in the published or honest `form` on clips of `corpus`, `batch` at a time.

    Two processes, each forked from one that has only imported the libraries: the first computes
    features beside the corpus, the second takes steps. Raises `InputError` where the step is
    killed for want of memory.
    """
    given = {"form": form, **(settings or {})}
    context = get_context("forkserver")
    context.set_forkserver_preload([__spec__.name, "emofuse.training.network"])
    try:
        with ProcessPoolExecutor(
            1,
            mp_context=context,
            max_tasks_per_child=1,
            initializer=_keep_runs_in,
            initargs=(corpus.parent / "runs",),
        ) as processes:
            processes.submit(_fill_cache, name, given, corpus).result()
            cpu_ms, peak_mib = processes.submit(_measure, name, given, corpus, batch).result()
    except BrokenProcessPool:
        raise InputError(name, "a training step was killed", "free memory") from None
    return StepCost(name, form, dict(settings or {}), batch, cpu_ms, peak_mib)


def _keep_runs_in(folder: Path) -> None:
    os.environ["EMOFUSE_RUNS"] = str(folder)


def _fill_cache(name: str, settings: Mapping[str, object], corpus: Path) -> None:
    _read(name, settings, corpus)


def _read(name: str, settings: Mapping[str, object], corpus: Path) -> tuple[object, Examples]:
    entry = system(name)
    options = read_settings(entry.options, settings, owner=name)
    manifest, _ = with_labels(read_manifest(corpus), entry, options)
    return options, entry.read(options, manifest, manifest.label_set, None)


def _measure(
    name: str, settings: Mapping[str, object], corpus: Path, batch: int
) -> tuple[float, float]:
    """CPU milliseconds of a step, and the peak memory of this process in MiB."""
    options, examples = _read(name, settings, corpus)
    rows = np.resize(np.arange(len(examples.clips)), batch)
    step = system(name).method(options).step(options, examples, rows)
    step()  # the first allocates what all others use
    times: list[float] = []
    while len(times) < REPEATS and sum(times) < LONG_SECONDS:
        began = time.process_time()
        step()
        times.append(time.process_time() - began)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return 1000 * statistics.median(times), peak


def trains_by_steps(name: str) -> bool:
    """False for fusions of other systems and for classic models, which are fitted at once."""
    entry = system(name)
    return entry.method is not None and not entry.method(entry.options()).refits


def settings_for(name: str) -> dict[str, object]:
    """The clips show no faces: pictures are taken whole."""
    known = {part.name for part in fields(system(name).options)}
    return {"faces": "whole"} if "faces" in known else {}


def write_clips(folder: Path, *, clips: int = CLIPS, seconds: float = SECONDS) -> Path:
    """The manifest of `clips` films of noise with sound, words and Action Units: costs alone count.

    Their length is about that of the corpora's, so that nothing is padding.
    """
    labels, rng = label_set("ravdess8"), np.random.default_rng(0)
    folder.mkdir(parents=True, exist_ok=True)
    frames = round(seconds * FRAME_RATE)
    made = []
    for number in range(clips):
        film, table = f"{number}.mp4", f"{number}.csv"
        pictures = rng.integers(0, 255, (frames, 96, 96, 3)).astype(np.uint8)
        sound = rng.normal(0, 0.1, round(seconds * 16_000)).astype(np.float32)
        encode_video(folder / film, list(pictures), frame_rate=FRAME_RATE, audio=sound)
        units = rng.uniform(0, 5, (frames, len(ACTION_UNITS)))
        rows = [",".join(ACTION_UNITS), *(",".join(f"{v:.3f}" for v in row) for row in units)]
        (folder / table).write_text("\n".join(rows) + "\n", encoding="utf-8")
        made.append(
            Clip(
                f"clip-{number}",
                "noise",
                views=(View("audio_video", film), View("features", table)),
                subject=f"person-{number}",
                label=labels.labels[number % len(labels)],
                label_set=labels.name,
                text="so many words " * 6,
            )
        )
    manifest = Manifest("noise", folder, tuple(made), labels)
    return write_manifest(manifest, folder / "noise.parquet")
