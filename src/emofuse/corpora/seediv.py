"""SEED-IV: fifteen people, three sessions, 24 films a session, 62-channel EEG.

Zheng, Liu, Lu, Lu & Cichocki (2019), "EmotionMeter: A Multimodal Framework for Recognizing Human
Emotions", IEEE Trans. Cybernetics 49(3) 1110-1122. Here only the trials and their labels; signals
are read by `emofuse.perception.eeg`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from emofuse.core import InputError

from .corpus import Corpus
from .matfile import mat_shapes
from .scan import Scan

# Label of each of the 24 films a session: 0 neutral, 1 sad, 2 fear, 3 happy; six of each.
FILM_LABELS = {
    "1": (1, 2, 3, 0, 2, 0, 0, 1, 0, 1, 2, 1, 1, 1, 2, 3, 2, 2, 3, 3, 0, 3, 0, 3),
    "2": (2, 1, 3, 0, 0, 2, 0, 2, 3, 3, 2, 3, 2, 0, 1, 1, 2, 1, 0, 3, 0, 1, 3, 1),
    "3": (1, 2, 2, 1, 3, 3, 3, 1, 1, 2, 1, 0, 2, 3, 3, 0, 2, 3, 0, 0, 2, 0, 1, 0),
}
CHANNELS = 62
FEATURES_OF = ("de_LDS", "de_movingAve", "psd_LDS", "psd_movingAve")
_FILE = re.compile(r"(\d+)_\d+")


def read(scan: Scan) -> None:
    """One clip a trial of `eeg_raw_data`; `attributes["key"]` is the array's name in the file.

    `trial` is one person seeing one film; `attributes["film"]` is what people share.
    """
    _read(scan, "eeg_raw_data", kind="eeg", key=re.compile(r"[A-Za-z]+_eeg(\d+)"))


def read_features(scan: Scan, *, feature: str = "de_LDS") -> None:
    """One clip a trial of `eeg_feature_smooth`: arrays (62, windows of 4 s, 5 bands)."""
    if feature not in FEATURES_OF:
        raise InputError(feature, "no such feature", f"choose one of {', '.join(FEATURES_OF)}")
    _read(scan, "eeg_feature_smooth", kind="features", key=re.compile(rf"{feature}(\d+)"))


def _read(scan: Scan, folder: str, *, kind: str, key: re.Pattern[str]) -> None:
    scan.use_labels("seediv4")
    for path in scan.files(f"**/{folder}/[123]/*.mat"):
        match = _FILE.fullmatch(path.stem)
        if match is None:
            scan.skip(path, "name is not subject_date")
            continue
        shapes = mat_shapes(path)
        trials = {int(m[1]): name for name in shapes if (m := key.fullmatch(name))}
        _add_trials(scan, path, int(match[1]), kind, trials, shapes)


def _add_trials(
    scan: Scan, path: Path, subject: int, kind: str, trials: Mapping[int, str], shapes: Mapping
) -> None:
    session, labels = path.parent.name, scan.label_set.labels
    for number, name in sorted(trials.items()):
        where = f"{scan.relative(path)}#{name}"
        if not 1 <= number <= len(FILM_LABELS[session]):
            scan.skip(where, "there are 24 films a session")
        elif shapes[name][0] != CHANNELS:
            scan.skip(where, f"{shapes[name][0]} channels instead of {CHANNELS}")
        else:
            trial = f"s{session}-p{subject:02}-t{number:02}"
            scan.add(
                trial,
                views=(scan.view(kind, path, row=number - 1),),
                subject=f"{subject:02}",
                session=session,
                trial=trial,
                label=labels[FILM_LABELS[session][number - 1]],
                attributes={"key": name, "film": f"{session}-{number:02}"},
            )
    missing = len(FILM_LABELS[session]) - len(trials)
    if missing > 0:
        scan.skip(path, f"{missing} of 24 trials are not in the file")


_SOURCE = "Zheng et al. (2019), IEEE Trans. Cybernetics 49(3) 1110-1122"
CORPUS = Corpus(
    name="seediv",
    title="SEED-IV (raw EEG)",
    label_set="seediv4",
    licence="terms of its distributor; check them",
    source=_SOURCE,
    people="15 people x 3 sessions x 24 films",
    modalities=("eeg",),
    layout="eeg_raw_data/{1,2,3}/<subject>_<date>.mat: <initials>_eeg1…24, 62 x n at 200 Hz",
    read=read,
)
FEATURES = Corpus(
    name="seediv-features",
    title="SEED-IV (smoothed features)",
    label_set="seediv4",
    licence="terms of its distributor; check them",
    source=_SOURCE,
    people="15 people x 3 sessions x 24 films",
    modalities=("features",),
    layout="eeg_feature_smooth/{1,2,3}/*.mat: de_movingAve#, de_LDS#: 62 x windows x 5 bands",
    read=read_features,
)
