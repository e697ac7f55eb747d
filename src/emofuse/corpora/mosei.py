"""CMU-MOSEI as the SDK stores it: computational sequences, one HDF5 file each.

Zadeh, Liang, Poria, Cambria & Morency (2018), "Multimodal Language Analysis in the Wild: CMU-MOSEI
Dataset and Interpretable Dynamic Fusion Graph", ACL. A `.csd` file is `<name>/data/<video>/
{features,intervals}`; the labels' seven columns are sentiment (-3..3) and happy, sad, anger,
surprise, disgust, fear (0..3).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from emofuse.core import InputError, MissingExtra

from .corpus import Corpus
from .hashes import text_hash
from .manifest import SEVERAL
from .scan import Scan
from .tables import read_text

COLUMNS = ("sentiment", "happiness", "sadness", "anger", "surprise", "disgust", "fear")


def read(scan: Scan, *, folds: str | Path | None = None) -> None:
    """One clip a labelled segment; an emotion is present where its intensity is above 0.

    Intensities stay in `dimensions`. Every other sequence that holds the video is a `features`
    view (its own intervals say which rows fall into the segment). `folds` is a JSON file
    {"train": [videos], "validation": […], "test": […]} with the SDK's standard folds.
    """
    labels = scan.use_labels("mosei6")
    split = _folds(folds)
    sequences = scan.files("**/*.csd")
    label_files = [path for path in sequences if "label" in path.stem.lower()]
    if len(label_files) != 1:
        raise InputError(scan.root, f"{len(label_files)} label sequences", "keep one *Labels*.csd")
    features = {p: set(_videos(p)) for p in sequences if p != label_files[0]}
    for video, number, start, end, values in _segments(scan, label_files[0]):
        intensity = dict(zip(COLUMNS, values, strict=True))
        scan.add(
            f"{video}[{number}]",
            views=tuple(
                scan.view("features", path) for path, videos in features.items() if video in videos
            ),
            source=video,
            label=SEVERAL.join(name for name in labels if intensity[name] > 0),
            dimensions={
                "sentiment_-3_3": values[0],
                **{f"{name}_0_3": intensity[name] for name in labels},
            },
            start_seconds=start,
            end_seconds=end,
            official_split=split.get(video, ""),
            content=text_hash(f"{video} {start} {end}"),  # the files hold all videos
        )


def _segments(scan: Scan, path: Path) -> Iterator[tuple[str, int, float, float, list[float]]]:
    with _data(path) as videos:
        for video, group in videos.items():
            if "features" not in group or "intervals" not in group:
                scan.skip(f"{scan.relative(path)}#{video}", "no features or no intervals")
                continue
            values, times = group["features"][:], group["intervals"][:]
            if values.shape != (len(times), len(COLUMNS)):
                scan.skip(f"{scan.relative(path)}#{video}", "not seven label columns a segment")
                continue
            for number, (row, (start, end)) in enumerate(zip(values, times, strict=True)):
                if not abs(row).max() <= 3:  # also catches NaN
                    scan.skip(f"{scan.relative(path)}#{video}[{number}]", "label out of range")
                    continue
                yield video, number, float(start), float(end), [float(value) for value in row]


def _videos(path: Path) -> list[str]:
    with _data(path) as videos:
        return list(videos)


@contextmanager
def _data(path: Path) -> Iterator:
    """The group of videos of a computational sequence, open."""
    try:
        import h5py
    except ImportError:
        raise MissingExtra("reading .csd files", "research") from None
    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise InputError(path, "is not an HDF5 file", "fetch it again") from error
    with file:
        if len(file) != 1 or "data" not in file[next(iter(file))]:
            raise InputError(path, "is not <name>/data/<video>", "give a computational sequence")
        yield file[next(iter(file))]["data"]


def _folds(path: str | Path | None) -> dict[str, str]:
    if path is None:
        return {}
    try:
        folds = json.loads(read_text(Path(path)))
        return {video: split for split, videos in folds.items() for video in videos}
    except (ValueError, AttributeError, TypeError) as error:
        raise InputError(path, "is not JSON of split -> videos", "write it so") from error


CORPUS = Corpus(
    name="mosei",
    title="CMU-MOSEI (SDK sequences)",
    label_set="mosei6",
    licence="CMU research terms; videos from YouTube",
    source="Zadeh et al. (2018), ACL",
    people="speakers unknown; 3228 videos, segments of one share `source`",
    modalities=("features",),
    layout="*.csd (HDF5): <name>/data/<video>/{features,intervals}; one *Labels*.csd",
    read=read,
)
