"""RAVDESS: 24 actors, speech and song, three files of one performance.

Livingstone & Russo (2018), "The Ryerson Audio-Visual Database of Emotional Speech and Song",
PLoS ONE 13(5) e0196391; Zenodo 1188976. Facial landmark tracks: Swanson, Livingstone & Russo
(2019), Zenodo 3255102 (OpenFace 2.1). Names are MM-VC-EE-II-SS-RR-AA.
"""

from __future__ import annotations

import re
from pathlib import Path

from .corpus import Corpus
from .scan import Scan
from .tables import read_rows

EMOTIONS = {
    "01": "neutral",
    "02": "calm",
    "03": "happy",
    "04": "sad",
    "05": "angry",
    "06": "fear",
    "07": "disgust",
    "08": "surprise",
}
CHANNELS = {"01": "speech", "02": "song"}
INTENSITIES = {"01": "normal", "02": "strong"}
STATEMENTS = {"01": "Kids are talking by the door", "02": "Dogs are sitting by the door"}
MEANS_TABLE = "df_average_AUs_total.csv"  # Action-Unit means of whole clips, see `ravdess_au`
_MEDIA = {".wav": "audio", ".flac": "audio", ".mp4": "video", ".avi": "video", ".csv": "features"}
# Face crops cut from a performance carry this mark after its name.
_NAME = re.compile(r"(\d\d)-((?:\d\d-){5}\d\d)(_facecroppad)?")


def performance(stem: str) -> str:
    """The performance that a file shows: its name without the first field (the file's kind).

    >>> performance("02-01-06-01-02-01-12")
    '01-06-01-02-01-12'
    """
    return stem.split("-", 1)[1]


def describe(key: str) -> dict | str:
    """`Clip` fields of a performance "VC-EE-II-SS-RR-AA", or why the name is not a valid one."""
    channel, emotion, intensity, statement, repetition, actor = key.split("-")
    if channel not in CHANNELS or emotion not in EMOTIONS or intensity not in INTENSITIES:
        return "unknown channel, emotion or intensity code"
    if statement not in STATEMENTS or repetition not in ("01", "02") or not 1 <= int(actor) <= 24:
        return "unknown statement, repetition or actor code"
    return {
        "subject": actor,
        "label": EMOTIONS[emotion],
        "text": STATEMENTS[statement],
        "attributes": {
            "channel": CHANNELS[channel],
            "intensity": INTENSITIES[intensity],
            "statement": statement,
            "repetition": repetition,
            "sex": "male" if int(actor) % 2 else "female",
        },
    }


def means_table_stems(path: Path) -> list[str]:
    """The clip stem (01-VC-EE-II-SS-RR-AA) of each row of the table of Action-Unit means."""
    rows = read_rows(path, columns=("name", "AU01_r", "AU45_c"), delimiter=";")
    return [row["name"] for row in rows]


def read(scan: Scan, *, channel: str = "speech") -> None:
    """All views below the root, one clip a performance; `channel` speech, song or both.

    Files of kind 01, 02 and 03, face crops and OpenFace tracks of the same performance become
    views of one clip; a table of Action-Unit means in the tree adds a `features` row. The audio
    track of a 02 file, where there is one, is silence, so its view is `video`.
    """
    scan.use_labels("ravdess8")
    views: dict[str, list] = {}
    for path in scan.files(*(f"**/*{suffix}" for suffix in _MEDIA)):
        key = _performance_of(scan, path)
        if key is not None and _wanted(scan, path, key, channel):
            views.setdefault(key, []).append(scan.view(_kind(path), path))
    for table in scan.files(f"**/{MEANS_TABLE}", required=False):
        for row, stem in enumerate(means_table_stems(table)):
            if performance(stem) in views:
                views[performance(stem)].append(scan.view("features", table, row=row))
    for key in sorted(views):
        scan.add(key, views=tuple(views[key]), **describe(key))


def _performance_of(scan: Scan, path: Path) -> str | None:
    match = _NAME.fullmatch(path.stem)
    if match is None:
        if path.suffix != ".csv":  # tables of other kinds lie beside the media
            scan.skip(path, "name is not MM-VC-EE-II-SS-RR-AA")
        return None
    if match[1] not in ("01", "02", "03"):
        scan.skip(path, "unknown file kind (first field)")
        return None
    return match[2]


def _wanted(scan: Scan, path: Path, key: str, channel: str) -> bool:
    described = describe(key)
    if isinstance(described, str):
        scan.skip(path, described)
        return False
    if channel not in (described["attributes"]["channel"], "both"):
        scan.skip(path, f"{described['attributes']['channel']}, not {channel}")
        return False
    return True


def _kind(path: Path) -> str:
    kind = _MEDIA[path.suffix]
    return "audio_video" if path.suffix == ".mp4" and path.name.startswith("01") else kind


CORPUS = Corpus(
    name="ravdess",
    title="RAVDESS speech and song",
    label_set="ravdess8",
    licence="CC BY-NC-SA 4.0",
    source="Livingstone & Russo (2018), PLoS ONE 13(5) e0196391; Zenodo 1188976",
    people="24 actors, 12 of each sex (odd numbers male); 60 spoken performances each",
    modalities=("audio", "video", "features"),
    layout="Actor_NN/MM-VC-EE-II-SS-RR-AA.{wav,flac,mp4}; 01-*.csv OpenFace tracks; in any folders",
    read=read,
)
