"""From a run's posteriors to `evaluation.json` and `report.html`."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from emofuse.core import Posteriors
from emofuse.corpora import Manifest
from emofuse.evaluation import evaluate, multi_label_scores, write_label_report, write_report

from .run_folder import RunFolder
from .runs import write_text

# Facts of a clip whose groups are scored apart.
GROUPED_BY = ("sex", "intensity", "statement")


def judge(
    posteriors: Posteriors, manifest: Manifest, folder: RunFolder, *, truth: np.ndarray
) -> dict:
    """Write the evaluation (and report) of a run; returns the evaluation as plain data.

    `truth` is (N,) or, for several labels a clip, (N, C) over the manifest's clips: then each
    label is scored beside the answers "always yes" and "always no".
    """
    record, plan = folder.record(), folder.plan()
    said = {"protocol": record.protocol, "split_hash": plan.hash, "stamps": record.stamps}
    page = {
        "title": f"{record.system} on {record.corpus}",
        "licence": record.licence,
        "command": record.command,
        "curves": validation_curves(folder, [split.fold for split in plan.splits]),
        "notes": record.notes,
    }
    if truth.ndim > 1:
        found = {**said, **several_labels(posteriors, manifest, truth)}
        write_text(folder.evaluation, json.dumps(found, indent=1) + "\n")
        write_label_report(found, folder.report, **page)
        return found
    evaluation = evaluate(posteriors, attributes=attributes_of(manifest), **said)
    write_text(folder.evaluation, evaluation.to_json())
    write_report(evaluation, folder.report, **page)
    return json.loads(evaluation.to_json())


def several_labels(posteriors: Posteriors, manifest: Manifest, truth: np.ndarray) -> dict:
    """Scores of every label of held-out clips, at a probability of one half."""
    held_out = posteriors.out_of_fold
    place = {clip.id: row for row, clip in enumerate(manifest.clips)}
    rows = np.array([place[clip] for clip in held_out.clips])
    probabilities = 1 / (1 + np.exp(-held_out.values))
    scores = multi_label_scores(truth[rows], probabilities, held_out.label_set)
    return {"system": held_out.system, "n": len(held_out), "labels_scored": scores}


def attributes_of(manifest: Manifest) -> dict[str, dict[str, str]]:
    """Attribute -> clip -> value, for those of `GROUPED_BY` that the corpus knows."""
    found = {
        name: {c.id: c.attributes[name] for c in manifest.clips if name in c.attributes}
        for name in GROUPED_BY
    }
    return {name: values for name, values in found.items() if values}


def validation_curves(folder: RunFolder, folds: list[int]) -> Mapping[str, list[float]]:
    """Validation loss over epochs, a line a fold."""
    curves = {}
    for fold in folds:
        values = _column(folder.fold(fold) / "history.csv", "val_loss")
        if values:
            curves[f"fold {fold}, validation loss"] = values
    return curves


def _column(path: Path, name: str) -> list[float]:
    if not path.is_file():
        return []
    with open(path, newline="", encoding="utf-8") as file:
        return [float(row[name]) for row in csv.DictReader(file) if row.get(name)]
