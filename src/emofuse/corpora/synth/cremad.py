"""Synthetic CREMA-D: voice and face of the same clip, and raters who read the face better."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from emofuse.core import label_set
from emofuse.media import encode_video, write_wav

from .. import cremad
from .draw import Draw
from .signals import film, voice
from .tables import write_csv

SECONDS = 1.2
SURE = {"1": 0.5, "2": 0.7, "3": 0.8}  # first digit of a votes row -> share that sees the label


def write_cremad(out: Path, draw: Draw, *, sample_rate: int = 16_000) -> None:
    """Four sentences x six emotions an actor, and ratings in which the face is read better."""
    labels, votes = label_set("cremad6"), []
    names = [
        f"{1000 + actor}_{sentence}_{code}_XX"
        for actor in range(1, draw.persons + 1)
        for sentence in ("DFA", "IEO", "ITH", "TAI")
        for code in cremad.EMOTIONS
    ]
    for name in names:
        actor, label = int(name[:4]) - 1000, labels.index(cremad.EMOTIONS[name[9:12]])
        person, rng = draw.person(actor), draw.rng("cremad", name)
        heard, seen = draw.digits(label, 6, 2, "cremad", name)
        sound = voice(heard, person, rng, seconds=SECONDS, sample_rate=sample_rate)
        write_wav(out / "AudioWAV" / f"{name}.wav", sound, sample_rate=sample_rate)
        frames = film(seen, person, rng, frames=12)
        path = out / "VideoFlash" / f"{name}.flv"  # mp4 inside: readers go by content
        encode_video(path, frames, frame_rate=10, audio=sound, sample_rate=sample_rate)
        votes += [_votes(rng, name, label, sure, len(labels)) for sure in SURE.values()]
    write_csv(
        out / "VideoDemographics.csv",
        ["ActorID", "Age", "Sex", "Race", "Ethnicity"],
        [
            [1000 + n, 20 + n, ("Male", "Female")[n % 2], "x", "x"]
            for n in range(1, draw.persons + 1)
        ],
    )
    shown = [f"{kind}{place:05}" for place in range(1, len(names) + 1) for kind in SURE]
    rows = [[number, *row] for number, row in zip(shown, votes, strict=True)]
    write_csv(out / "tabulatedVotes.csv", ["", *"ADFHNS", "fileName", "numResponses"], rows)


def _votes(rng: np.random.Generator, name: str, label: int, sure: float, classes: int) -> list:
    shares = np.full(classes, (1 - sure) / (classes - 1))
    shares[label] = sure
    return [*rng.multinomial(10, shares), name, 10]
