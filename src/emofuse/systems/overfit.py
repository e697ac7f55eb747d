"""Can the audio-video nets learn at all from real films? RAVDESS actor 05, trained and asked.

Films of one person are here, as 15 face crops each, beside the sound of the same performances. No
score of new people can come of that: a form passes when it answers the very clips it was trained
on. Every file and picture is stamped so.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from time import process_time

import numpy as np

from emofuse.core import InputError
from emofuse.corpora import Manifest, read_corpus
from emofuse.evaluation import confusion_counts
from emofuse.training.curves import draw_confusion, draw_curves
from emofuse.training.runs import runs_folder, write_text
from emofuse.training.settings import read_settings
from emofuse.training.ship import machine
from emofuse.training.system import FoldRows

from .av_hybrid_fusion import FUSIONS
from .command import run_recorder
from .registry import system

ACTOR, CROPS = "05", "actor05_facecrops"
MEASURES = ("loss", "accuracy")
STAMP = "OVERFIT CHECK: TRAINING CLIPS OF ONE PERSON, NO SCORE"
# What the check needs and what it does without: it wants no generalisation.
SHARED = {"faces": "whole", "dropout": "none"}
SETTINGS: dict[str, Mapping[str, object]] = {
    "honest": {**SHARED, "form": "honest", "epochs": 60, "patience": 60},
    "published": {**SHARED, "form": "published", "epochs": 20, "size": 160},
}


def one_actor(data_dir: Path) -> Manifest:
    """Actor 05's 60 performances: sound and face crops, nothing else. `InputError` if absent."""
    manifest = read_corpus("ravdess", data_dir / "ravdess")
    clips = []
    for clip in manifest.clips:
        views = [v for v in clip.views if v.kind == "audio" or CROPS in v.path]
        if clip.subject == ACTOR and len(views) == 2:
            clips.append(replace(clip, views=tuple(views)))
    if not clips:
        raise InputError(data_dir / "ravdess", f"holds no {CROPS}", "fetch RAVDESS video")
    return replace(manifest, clips=tuple(clips))


def overfit(
    name: str, manifest: Manifest, settings: Mapping[str, object], *, folder: Path
) -> tuple[dict, np.ndarray, tuple]:
    """Train system `name` on all clips; (facts, confusion counts, history) on the same clips."""
    entry = system(name)
    options = read_settings(entry.options, settings, owner=name)
    began = process_time()
    examples = entry.read(options, manifest, entry.label_set(options), None)
    everything = np.arange(len(examples.clips))
    rows = FoldRows(0, everything, everything, everything)
    learned = entry.method(options).learn(options, examples, rows, folder=folder, progress=False)
    # What the engine calls validation are the training clips here, and must be drawn as such.
    history = tuple(
        {"epoch": row["epoch"], **{f"train_part_{m}": row[f"val_{m}"] for m in MEASURES}}
        for row in learned.history
    )
    answers = learned.answer(examples, everything).argmax(1)
    counts = confusion_counts(examples.truth, answers, len(examples.label_set))
    facts = {
        "stamp": STAMP,
        "settings": asdict(options),
        "clips": len(examples.clips),
        "answered_rightly": int(np.trace(counts)),
        "epoch": learned.epoch + 1,
        "training_accuracy_by_epoch": [round(row["train_part_accuracy"], 4) for row in history],
        "processor_seconds_of_last_call": round(process_time() - began, 1),
    }
    return facts, counts, history


def record_overfit(name: str, data_dir: Path, results: Path) -> Path:
    """Check every fusion and form; `results`/NAME-overfit.json grows with each, pictures beside it.

    What was trained by an earlier call is not trained again.
    """
    manifest = one_actor(Path(data_dir))
    path = results / f"{name}-overfit.json"
    record = {
        "date": datetime.now(UTC).date().isoformat(),
        "command": f"python -m emofuse.systems.overfit {name} --data DATA --results {results}",
        "system": name,
        "stamp": STAMP,
        "machine": machine(),
        "checks": {},
    }
    for (form, settings), fusion in product(SETTINGS.items(), FUSIONS):
        variant = f"{name}-overfit-{fusion}-{form}"
        facts, counts, history = overfit(
            name,
            manifest,
            {**settings, "fusion": fusion},
            folder=runs_folder() / "overfit" / variant,
        )
        draw_curves(history, results / f"{variant}-curves.png", chosen=facts["epoch"] - 1)
        draw_confusion(counts, manifest.label_set, results / f"{variant}-confusion.png")
        record["checks"][f"{fusion}, {form}"] = facts
        write_text(path, json.dumps(record, indent=1) + "\n")
    return path


if __name__ == "__main__":
    raise SystemExit(
        run_recorder(
            record_overfit, about=__doc__, names=("av-hybrid-fusion",), results="results/systems"
        )
    )
