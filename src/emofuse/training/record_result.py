"""A finished run as a dated result: numbers as JSON, curves and confusion matrix as pictures."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np

from emofuse.core import InputError, LabelSet

from .curves import draw_confusion
from .run_folder import RunFolder, identity
from .runs import write_text
from .ship import machine

KEPT = ("n", "scores", "intervals", "persons", "per_class", "confusion", "labels")


def record_result(run: RunFolder, results: Path, *, hours: float) -> Path:
    """Add the run to `results`/SYSTEM.json, in place of an earlier one of the same identity.

    Writes PICTURES-{curves,confusion}.png beside it, where PICTURES is in the entry: system,
    protocol, form and the run's eight digits. `InputError` for a run that is not evaluated, or
    that answers several labels.
    """
    record = run.record()
    if not run.evaluation.is_file():
        raise InputError(run.path, "is not evaluated", "train it up to its test")
    evaluation = json.loads(run.evaluation.read_text(encoding="utf-8"))
    if "scores" not in evaluation:
        raise InputError(run.path, "answers several labels", "keep its evaluation.json")
    settings = dict(record.settings)
    entry = {
        "date": record.created,
        "protocol": record.protocol,
        "protocol_params": dict(record.protocol_params),
        "settings": settings,
        "stamps": list(record.stamps),
        "plan_hash": record.plan_hash,
        "corpus": record.corpus,
        "corpus_hash": record.corpus_hash,
        "command": record.command,
        "folds": _folds(run),
        "hours": round(hours, 3),
        "machine": machine(),
        "pictures": f"{record.system}-{record.protocol}-{settings['form']}-{identity(record)}",
        **{name: evaluation[name] for name in KEPT},
    }
    path = results / f"{record.system}.json"
    known = json.loads(path.read_text(encoding="utf-8"))["runs"] if path.is_file() else []
    same = ("protocol", "protocol_params", "settings", "corpus_hash")
    others = [old for old in known if any(old[name] != entry[name] for name in same)]
    text = json.dumps({"system": record.system, "runs": [*others, entry]}, indent=1)
    write_text(path, text + "\n")
    _pictures(run, results, evaluation, stem=entry["pictures"])
    return path


def _folds(run: RunFolder) -> list[dict]:
    """Chosen epoch (from 1) and temperature of every fold that was run."""
    found = []
    for split in run.plan().splits:
        path = run.fold(split.fold) / "fold.json"
        if path.is_file():
            facts = json.loads(path.read_text(encoding="utf-8"))
            found.append({**facts, "epoch": facts["epoch"] + 1})
    return found


def _pictures(run: RunFolder, results: Path, evaluation: dict, *, stem: str) -> None:
    labels = LabelSet(evaluation["label_set"], tuple(evaluation["labels"]))
    draw_confusion(np.array(evaluation["confusion"]), labels, results / f"{stem}-confusion.png")
    curves = next(iter(sorted(run.path.glob("fold-*/curves.png"))), None)
    if curves is not None:
        shutil.copyfile(curves, results / f"{stem}-curves.png")
