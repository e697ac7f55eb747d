"""The incomplete-data table of the audio-video system: what is left when a modality is not there.

Chumachenko et al. (2022), arXiv 2201.11095, table 3: fusion × modality dropout × what is present.
Their code could not produce it; here it is one command.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from emofuse.core import InputError
from emofuse.corpora import Manifest
from emofuse.training.examples import Examples, Input
from emofuse.training.export_run import open_run
from emofuse.training.pipeline import rows_of, train_system
from emofuse.training.system import Progress

from .av_hybrid_fusion import FUSIONS, SYSTEM

DROPOUTS = ("none", "noise", "softhard")
# Column -> the input that is taken away, and what stands in its place.
COLUMNS: dict[str, tuple[str, str] | None] = {
    "both": None,
    "audio, no picture": ("video", "absent"),
    "audio, noise as picture": ("video", "noise"),
    "video, no sound": ("audio", "absent"),
    "video, noise as sound": ("audio", "noise"),
}


def incomplete_table(
    manifest: Manifest,
    *,
    protocol: str,
    settings: Mapping[str, object],
    out: Path,
    fusions: Sequence[str] = FUSIONS,
    dropouts: Sequence[str] = DROPOUTS,
    allow_leakage: bool = False,
    progress: Progress | None = None,
) -> list[dict]:
    """Train every fusion with every dropout below `out`, and score each with parts taken away.

    One row a combination: accuracy over all test clips by column of `COLUMNS`.
    """
    rows = []
    for fusion in fusions:
        for dropout in dropouts:
            run = train_system(
                SYSTEM,
                manifest,
                protocol=protocol,
                settings={**settings, "fusion": fusion, "dropout": dropout},
                out=out / f"{fusion}-{dropout}",
                allow_leakage=allow_leakage,
                progress=progress,
            )
            rows.append({"fusion": fusion, "dropout": dropout, **_scores(run, manifest)})
    return rows


def _scores(run, manifest: Manifest) -> dict[str, float]:
    """Accuracy over the test clips of all folds, by what is present."""
    job = open_run(SYSTEM, run, manifest)
    whole = SYSTEM.read(job.options, job.manifest, job.manifest.label_set, None)
    right: dict[str, list[np.ndarray]] = {column: [] for column in COLUMNS}
    for split in job.plan.splits:
        rows = rows_of(whole, split)
        learned = SYSTEM.method(job.options).restore(
            job.options, whole, rows, folder=run.fold(split.fold)
        )
        for column, change in COLUMNS.items():
            given = whole if change is None else without(whole, *change, seed=job.options.seed)
            answer = learned.answer(given, rows.test).argmax(1)
            right[column].append(answer == whole.truth[rows.test])
    return {column: float(np.concatenate(found).mean()) for column, found in right.items()}


def without(examples: Examples, name: str, instead: str, *, seed: int) -> Examples:
    """The examples with the input `name` replaced: "absent" (zeros where there is no mask) or
    "noise", drawn with the spread of the input's own values."""
    if name not in {part.name for part in examples.inputs}:
        raise InputError(name, "is no input of this system", "choose audio or video")
    changed = (
        _replaced(part, instead, seed) if part.name == name else part for part in examples.inputs
    )
    return replace(examples, inputs=tuple(changed))


def _replaced(part: Input, instead: str, seed: int) -> Input:
    rng = np.random.default_rng(seed)
    if instead == "absent":
        values = [v[:0] if part.mask else np.zeros_like(v) for v in part.values]
        return replace(part, values=values)
    values = []
    for value in part.values:
        known = np.asarray(value, np.float32)
        noise = rng.normal(np.nanmean(known) if known.size else 0.0, 1.0, known.shape)
        spread = float(np.nanstd(known)) if known.size else 1.0
        values.append(np.clip(noise * max(spread, 1e-6), *_range(value)).astype(value.dtype))
    return replace(part, values=values)


def _range(value: np.ndarray) -> tuple[float, float]:
    """What numbers of the array's type can be."""
    if np.issubdtype(value.dtype, np.integer):
        return float(np.iinfo(value.dtype).min), float(np.iinfo(value.dtype).max)
    return -np.inf, np.inf
