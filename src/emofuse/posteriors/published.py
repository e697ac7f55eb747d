"""Readers for the posteriors published with Luna-Jiménez et al. (2022), doi 10.3390/app12010327.

Their files mix two label orders (alphabetical; RAVDESS codes) and two scales (logits;
probabilities) without saying so. Here every one comes out as `ravdess8` with its scale named.
"""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from emofuse.core import IN_SAMPLE, OUT_OF_FOLD, InputError, Posteriors, Scale, label_set

FOLDS = 5
# Their checkpoints, and the settings of the perceptron and the fusion, were chosen by test score.
CHOSEN_ON_TEST = "CHECKPOINT CHOSEN ON TEST"
_PART = {OUT_OF_FOLD: "test", IN_SAMPLE: "train"}


@dataclass(frozen=True)
class PublishedSystem:
    """Where one published system's files lie and what is in them.

    `pattern` is filled with part (train/test), fold (0..4) and number (fold + 1); `clip_column`
    is None for the header-less files of the bi-LSTM.
    """

    pattern: str
    order: str
    scale: Scale
    clip_column: str | None
    stamps: tuple[str, ...] = (CHOSEN_ON_TEST,)


PUBLISHED = {
    "wav2vec2": PublishedSystem(
        "wav2Vec/posteriors/20211020_094500/fold{fold}/posteriors_{part}.csv",
        "ravdess8-alphabetical",
        "logit",
        "name",
    ),
    "au-bilstm": PublishedSystem(
        "AUs_biLSTM_6213/posteriorsv2/RAVDESS_AUs-{part}--fold_{number}_outof_5-posteriors.csv",
        "ravdess8-alphabetical",
        "logit",
        None,
    ),
    "au-mlp80": PublishedSystem(
        "avg_MLP80_AUs/posteriors/{part}_fold{fold}.csv", "ravdess8", "prob", "video_name"
    ),
    "fusion": PublishedSystem(
        "Fusion/posteriors/{part}_fold{fold}.csv",
        "ravdess8",
        "prob",
        "video_name",
        (CHOSEN_ON_TEST, "LEAKY", "IN-SAMPLE"),
    ),
}


def read_published(folder: str | Path, system: str, *, role: str = OUT_OF_FOLD) -> Posteriors:
    """All five folds of a published `system` (see `PUBLISHED`) in `ravdess8` order.

    Clips are named by performance (VC-EE-II-SS-RR-AA, without the first field of the file name),
    persons by actor number. `folder` is the one that holds `posteriors/`. `role` "out_of_fold" reads the outputs on each
    fold's test actors, "in_sample" those on its own training clips. Raises `InputError` when a
    file is missing or unusable; the published training outputs of the fusion are (their names
    are wrong or empty), so they are refused.
    """
    if system not in PUBLISHED:
        raise InputError(system, "no such published system", f"known: {', '.join(PUBLISHED)}")
    about = PUBLISHED[system]
    stems, values, folds = [], [], []
    for fold in range(FOLDS):
        path = _file(Path(folder), about, role, fold)
        names, scores = _read(path, about)
        held_out = _held_out_names(Path(folder), about, fold) if role == IN_SAMPLE else set()
        _check_names(path, names, held_out)
        stems += names
        values += scores
        folds += [fold] * len(names)
    order = label_set(about.order)
    in_codes = label_set("ravdess8")
    codes = np.array([int(stem.split("-")[2]) - 1 for stem in stems])
    posteriors = Posteriors(
        clips=tuple(stem.split("-", 1)[1] for stem in stems),
        values=np.array(values),
        label_set=order,
        scale=about.scale,
        system=system,
        role=role,
        fold=np.array(folds),
        truth=np.array([order.index(in_codes.labels[code]) for code in codes]),
        subjects=tuple(stem.split("-")[6] for stem in stems),
        stamps=about.stamps,
    )
    return posteriors.reorder(in_codes)


def _file(folder: Path, about: PublishedSystem, role: str, fold: int) -> Path:
    part = _PART[role]
    if about.clip_column is None and part == "test":
        part = "val"  # what the bi-LSTM's authors call the test fold
    path = folder / "posteriors" / about.pattern.format(part=part, fold=fold, number=fold + 1)
    if not path.is_file():
        raise InputError(path, "no such file", "point to the folder that holds posteriors/")
    return path


def _read(path: Path, about: PublishedSystem) -> tuple[list[str], list[list[float]]]:
    """Clip names and scores of one file; labels it carries must agree with the clip names."""
    names, scores = [], []
    try:
        for name, row, label in _rows(path, about):
            names.append(name)
            scores.append(row)
            said = label_set("ravdess8").labels[int(name.split("-")[2]) - 1] if label else ""
            if said != label.lower():
                raise ValueError(f"{name} is {said} by its name and {label} by its label")
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise InputError(path, f"not a posteriors file ({error})", "copy it again") from None
    return names, scores


def _rows(path: Path, about: PublishedSystem) -> Iterator[tuple[str, list[float], str]]:
    """(clip, scores, label or "") of each row."""
    with path.open(newline="", encoding="utf-8") as file:
        if about.clip_column is None:
            for tag, scores in csv.reader(file):
                yield tag.removesuffix(".csv"), json.loads(scores), ""
            return
        for row in csv.DictReader(file, delimiter=";"):
            scores = [float(row[f"embs{i}"]) for i in range(8)]
            yield row[about.clip_column], scores, row.get("emotion", "")


def _held_out_names(folder: Path, about: PublishedSystem, fold: int) -> set[str]:
    path = _file(folder, about, OUT_OF_FOLD, fold)
    return {name for name, _, _ in _rows(path, about)}


def _check_names(path: Path, names: list[str], held_out: set[str]) -> None:
    """Refuse rows that cannot be told apart, are no RAVDESS clips or belong to the test fold."""
    counts = Counter(names)
    empty = counts.pop("", 0)
    repeated = sum(n - 1 for n in counts.values())
    strange = sum(not _is_stem(name) for name in counts)
    reasons = [
        f"{count} of {len(names)} rows {what}"
        for count, what in (
            (empty, "have no clip name"),
            (repeated, "repeat a clip name"),
            (strange, "carry a name that is no RAVDESS clip"),
            (len(held_out & set(names)), "of a training file are named like test clips"),
        )
        if count
    ]
    if reasons:
        raise InputError(
            path,
            f"clip names are broken: {', '.join(reasons)}, so scores cannot be matched to clips",
            "use the out_of_fold (test) files of this system",
        )


def _is_stem(name: str) -> bool:
    parts = name.split("-")
    return len(parts) == 7 and all(p.isdigit() for p in parts) and 1 <= int(parts[2]) <= 8
