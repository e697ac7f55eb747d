"""GAMEEMO band powers: 28 people, four games, 14 channels.

Alakuş, Gönen & Türkoğlu (2020), "Database for an emotion recognition system based on EEG signals
and various computer games - GAMEEMO", Biomedical Signal Processing and Control 60, 101951. The
table holds delta, theta, alpha and beta powers of windows (no gamma); ratings are on 1-9.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from emofuse.core import InputError

from .corpus import Corpus
from .scan import Scan
from .tables import number, read_rows

MIDDLE = 5  # a rating above this is "high"
_WINDOW = re.compile(r"windowed_([\d.]+)_([\d.]+)")  # window and overlap seconds in the file name


def read(scan: Scan, *, target: str = "valence") -> None:
    """One clip a window; windows of one person playing one game share `trial`.

    `target` (valence or arousal) is the rating that says low or high; both stay in `dimensions`.
    """
    if target not in ("valence", "arousal"):
        raise InputError(target, "no such rating", "choose valence or arousal")
    scan.use_labels("high-low")
    ratings = _ratings(scan)
    path = scan.files("**/eeg_bandpower_features_windowed_*.csv")[0]
    timing = _WINDOW.search(path.stem)
    for row, entry in enumerate(read_rows(path, columns=("SUBJECT", "GAME", "WINDOW_INDEX"))):
        trial = f"S{entry['SUBJECT']:0>2}-G{entry['GAME']}"
        if trial not in ratings or not entry["WINDOW_INDEX"].isdigit():
            scan.skip(f"{scan.relative(path)}#{row}", f"no rating of {trial}, or no window")
            continue
        index = int(entry["WINDOW_INDEX"])
        scan.add(
            f"{trial}-W{index:02}",
            views=(scan.view("features", path, row=row),),
            subject=trial[:3],
            trial=trial,
            label="high" if ratings[trial][f"{target}_1_9"] > MIDDLE else "low",
            dimensions=ratings[trial],
            **_times(timing, index),
        )


def _times(timing: re.Match[str] | None, index: int) -> dict[str, float]:
    if timing is None:
        return {}
    window, overlap = float(timing[1]), float(timing[2])
    start = (index - 1) * (window - overlap)
    return {"start_seconds": start, "end_seconds": start + window}


def _ratings(scan: Scan) -> dict[str, Mapping[str, float]]:
    path = scan.files("**/final_SAM_scores.csv")[0]
    found = {}
    for row in read_rows(path, columns=("Path", "Subject", "Valence", "Arousal")):
        game = row["Path"].removesuffix(".pdf")
        valence, arousal = number(row["Valence"]), number(row["Arousal"])
        if valence is None or arousal is None:
            scan.skip(f"{scan.relative(path)}#{row['Subject']}-{game}", "no rating")
            continue
        found[f"{row['Subject']}-{game}"] = {"valence_1_9": valence, "arousal_1_9": arousal}
    return found


CORPUS = Corpus(
    name="gameemo",
    title="GAMEEMO features",
    label_set="high-low",
    licence="unclear: tests only",
    source="Alakuş et al. (2020), Biomedical Signal Processing and Control 60, 101951",
    people="28 people x 4 games, 2688 windows of 12 s",
    modalities=("features",),
    layout="eeg_bandpower_features_windowed_12.0_0.0.csv (SUBJECT, GAME, WINDOW_INDEX, "
    "AF3_Delta_Power…), final_SAM_scores.csv (Path, Subject, Valence, Arousal)",
    read=read,
)
