"""`Clip`: one performance, with every file that shows it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


def file_sha256(path: str | Path) -> str:
    """SHA-256 of a file's bytes, read in pieces."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@dataclass(frozen=True)
class View:
    """One file of a clip. `kind`: audio, video, audio_video, text, image, eeg, features.

    `path` is relative to the manifest's root; `row` picks one row of a table or array file.
    """

    kind: str
    path: str
    sha256: str = ""
    row: int | None = None


@dataclass(frozen=True)
class Clip:
    """One performance (utterance, trial, image): the unit that is split and counted.

    RAVDESS stores one performance in three files (01, 02, 03): three views of one clip, never
    three samples. `label` is a label of `label_set`, or several joined by "|" where the set is
    multi-label, or None where unknown. `soft` is a distribution over the set's labels by
    modality, e.g. {"voice": (...), "face": (...)}. `dimensions` holds ratings such as valence
    with their unit in the name. `source` is the recording a clip was cut from (video, dialogue
    film), `content` a hash of what it shows where duplicates can differ in their file bytes.
    """

    id: str
    corpus: str
    views: tuple[View, ...] = ()
    subject: str = ""
    session: str = ""
    dialogue: str = ""
    trial: str = ""
    source: str = ""
    label: str | None = None
    label_set: str = ""
    soft: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    dimensions: Mapping[str, float] = field(default_factory=dict)
    text: str | None = None
    start_seconds: float | None = None
    end_seconds: float | None = None
    official_split: str = ""
    content: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)

    def view(self, *kinds: str) -> View | None:
        """The first view of one of `kinds`, in the order asked, or None."""
        for kind in kinds:
            for view in self.views:
                if view.kind == kind:
                    return view
        return None
