"""Synthetic CMU-MOSEI: as processed for MME2E, and as SDK sequences."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from emofuse.core import label_set
from emofuse.media import write_wav

from .. import mosei
from .draw import Draw
from .foreign import write_plain_pickle
from .pictures import write_pictures
from .signals import film, sentence, voice

SECONDS = 1.5
SEGMENTS = 8  # a video
# Sequence -> its columns; each shows the digit of its modality in one column a digit.
SEQUENCES = {"COVAREP": ("audio", 74), "OpenFace_2": ("video", 35), "glove_vectors": ("text", 30)}


def segments(draw: Draw) -> Iterator[tuple[str, int, list[int], tuple[int, ...]]]:
    """(video, segment, its emotions, what text, voice and picture show), a video a person.

    Every eighth segment has two emotions (the signals show the first), every ninth none (they
    show a seventh class).
    """
    classes = len(label_set("mosei6"))
    for number in range(draw.persons):
        for segment in range(SEGMENTS):
            place = number * SEGMENTS + segment
            present = [place % classes]
            if place % 9 == 8:
                present = []
            elif place % 8 == 7:
                present.append((place + 2) % classes)
            first = present[0] if present else classes
            digits = draw.digits(first, classes + 1, 3, "mosei", number, segment)
            yield f"vid{number:03}", segment, present, digits


def write_processed(out: Path, draw: Draw) -> None:
    """MOSEI_RAW_PROCESSED with frames every 500 ms, and MOSEI_SPLIT by video."""
    home, meta = out / "MOSEI_RAW_PROCESSED", {}
    parts: dict[str, list[str]] = {"train": [], "valid": [], "test": []}
    for video, segment, present, (said, heard, seen) in segments(draw):
        name, number = f"{video}_{segment}", int(video[3:])
        person, rng = draw.person(number), draw.rng("mosei", video, segment)
        meta[name] = {
            "text": sentence([said], person, rng),
            "label": [int(i in present) for i in range(len(label_set("mosei6")))],
        }
        sound = voice(heard, person, rng, seconds=SECONDS, sample_rate=16_000)
        write_wav(home / name / "audio.wav", sound, sample_rate=16_000)
        write_pictures(home / name, "image_", film(seen, person, rng, frames=round(2 * SECONDS)))
        parts[part_of(number)].append(name)
    write_plain_pickle(home / "meta.pkl", meta)
    for part, names in parts.items():
        path = out / "MOSEI_SPLIT" / f"{part}_split.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(names) + "\n", encoding="utf-8")


def part_of(video: int) -> str:
    """The first video validates, the second tests, the others train; then again."""
    return {0: "valid", 1: "test"}.get(video % 5, "train")


def write_sequences(out: Path, draw: Draw) -> None:
    """CMU_MOSEI_*.csd and `folds.json` (split -> videos) for the reader's option `folds`."""
    import h5py

    out.mkdir(parents=True, exist_ok=True)
    found = list(segments(draw))
    videos = sorted({video for video, *_ in found})
    with h5py.File(out / "CMU_MOSEI_Labels.csd", "w") as file:
        for video in videos:
            rows = [_intensities(draw, *entry[:3]) for entry in found if entry[0] == video]
            _write_sequence(file, "All Labels", video, np.array(rows), _intervals(len(rows)))
    for name, (modality, columns) in SEQUENCES.items():
        digit_of = ("text", "audio", "video").index(modality)
        with h5py.File(out / f"CMU_MOSEI_{name}.csd", "w") as file:
            for video in videos:
                digits = [entry[3][digit_of] for entry in found if entry[0] == video]
                rng = draw.rng("mosei", name, video)
                values = rng.normal(0, 0.3, (len(digits), columns)) + rng.normal(0, 0.5, columns)
                values[np.arange(len(digits)), digits] += 3
                _write_sequence(file, name, video, values, _intervals(len(digits)))
    folds: dict[str, list[str]] = {"train": [], "validation": [], "test": []}
    for video in videos:
        folds[{"valid": "validation"}.get(part_of(int(video[3:])), part_of(int(video[3:])))].append(
            video
        )
    (out / "folds.json").write_text(json.dumps(folds), encoding="utf-8")


def _intensities(draw: Draw, video: str, segment: int, present: list[int]) -> list[float]:
    rng = draw.rng("mosei intensity", video, segment)
    names = [label_set("mosei6").labels[i] for i in present]
    strengths = {name: round(float(rng.uniform(0.3, 3)), 2) for name in names}
    return [float(rng.integers(-3, 4)), *(strengths.get(name, 0.0) for name in mosei.COLUMNS[1:])]


def _intervals(count: int) -> np.ndarray:
    starts = np.arange(count) * SECONDS
    return np.column_stack([starts, starts + SECONDS])


def _write_sequence(file, name: str, video: str, values: np.ndarray, times: np.ndarray) -> None:
    group = file.require_group(f"{name}/data/{video}")
    group["features"], group["intervals"] = values.astype(np.float32), times
