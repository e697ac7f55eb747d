"""FER2013: 48x48 grey faces from the web.

Goodfellow, Erhan, Carrier, Courville, Mirza et al. (2013), "Challenges in Representation Learning:
A report on three machine learning contests", ICONIP. The original CSV has emotion, pixels (2304
integers) and Usage; the array file holds the same as `x`, `y`, `usage`. The set repeats pictures,
some with other labels, and holds blank ones: they stay, marked, so that published counts hold.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from emofuse.core import InputError

from .corpus import Corpus
from .hashes import bytes_hash
from .scan import Scan
from .tables import read_rows

SPLITS = {"Training": "train", "PublicTest": "validation", "PrivateTest": "test"}
SIDE = 48
BLANK_BELOW = 1.0  # grey levels of standard deviation


def read(scan: Scan) -> None:
    """One clip a picture; `View.row` is its place in the file, `content` the hash of its pixels."""
    labels = scan.use_labels("fer7")
    path = scan.files("**/fer2013.npz", "**/fer2013.csv")[0]
    pictures, numbers, usages = read_pictures(path)
    blank = np.array([picture.std() < BLANK_BELOW for picture in pictures])
    for row, (picture, number, usage) in enumerate(zip(pictures, numbers, usages, strict=True)):
        if not 0 <= number < len(labels) or usage not in SPLITS:
            scan.skip(f"{scan.relative(path)}#{row}", "unknown emotion number or usage")
            continue
        scan.add(
            f"{row:05}",
            views=(scan.view("image", path, row=row),),
            label=labels.labels[number],
            official_split=SPLITS[usage],
            content=bytes_hash(picture.tobytes()),
            attributes={"blank": "yes"} if blank[row] else {},
        )
    if blank.any():
        scan.note(f"{blank.sum()} blank pictures (marked)")


def read_pictures(path: Path) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Pictures (N, 48, 48) uint8, emotion numbers (N,) and usages of either file form.

    Raises `InputError` when the file is of another form.
    """
    pictures, numbers, usages = (_from_arrays if path.suffix == ".npz" else _from_table)(path)
    if pictures.shape != (len(numbers), SIDE, SIDE) or pictures.dtype != np.uint8:
        raise InputError(path, f"pictures are {pictures.shape}, not 48x48 bytes", "fetch it again")
    return pictures, numbers, usages


def _from_arrays(path: Path):
    try:
        with np.load(path, allow_pickle=False) as arrays:
            names = [str(name) for name in arrays["usages"]]
            usages = [names[number] for number in arrays["usage"]]
            return arrays["x"], arrays["y"].astype(int), usages
    except (ValueError, KeyError, IndexError, OSError) as error:
        raise InputError(path, "is not the FER2013 array file", "needs x, y, usage") from error


def _from_table(path: Path):
    rows = read_rows(path, columns=("emotion", "pixels", "Usage"))
    try:
        pixels = np.array([np.array(row["pixels"].split(), dtype=np.uint8) for row in rows])
        numbers = np.array([int(row["emotion"]) for row in rows])
    except (ValueError, OverflowError) as error:
        raise InputError(path, "pixels are not 2304 integers", "fetch it again") from error
    if pixels.ndim != 2 or pixels.shape[1] != SIDE * SIDE:
        raise InputError(path, "pixels are not 2304 integers", "fetch it again")
    return pixels.reshape(-1, SIDE, SIDE), numbers, [row["Usage"] for row in rows]


CORPUS = Corpus(
    name="fer2013",
    title="FER2013",
    label_set="fer7",
    licence="Kaggle challenge data, research use",
    source="Goodfellow et al. (2013), ICONIP",
    people="unknown web faces",
    modalities=("image",),
    layout="fer2013.npz (x, y, usage, labels, usages) or fer2013.csv (emotion, pixels, Usage)",
    read=read,
)
