"""Synthetic RAVDESS: performances in two or three files, OpenFace tracks, table of clip means."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from emofuse.media import encode_video, write_wav

from .. import ravdess
from .draw import Draw, Person
from .signals import film, voice
from .tables import write_csv

SECONDS = 1.2
SIZE = 96
FILM_SAMPLE_RATE = 16_000  # what encode_video takes unless told
_INTENSITIES = tuple(
    f"AU{n:02}_r" for n in (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17, 20, 23, 25, 26, 45)
)
_PRESENCES = tuple(f"{name[:-1]}c" for name in (*_INTENSITIES[:-1], "AU28_r", "AU45_r"))


def write_ravdess(
    out: Path,
    draw: Draw,
    *,
    kinds: str = "audio,audio_video",
    landmarks: bool = True,
    sample_rate: int = 48_000,
    frame_rate: float = 10.0,
) -> None:
    """All 60 performances an actor: 03 wav, 01 mp4 (02 with "video" in `kinds`), OpenFace tracks.

    The voice shows one digit of the class, picture and Action Units the other.
    """
    wanted = kinds.split(",")
    for actor in range(1, draw.persons + 1):
        person, home = draw.person(actor), out / f"Actor_{actor:02}"
        for key in _performances(actor):
            heard, seen = draw.digits(int(key[3:5]) - 1, 8, 2, "ravdess", key)
            rng = draw.rng("ravdess", key)
            frames = film(seen, person, rng, frames=round(SECONDS * frame_rate), size=SIZE)
            # The film has a voice track of its own: aac takes longest at 48 kHz.
            sounds = {
                rate: voice(heard, person, draw.rng(key), seconds=SECONDS, sample_rate=rate)
                for rate in (sample_rate, FILM_SAMPLE_RATE)
            }
            if "audio" in wanted:
                write_wav(home / f"03-{key}.wav", sounds[sample_rate], sample_rate=sample_rate)
            for kind, name, sound in (
                ("audio_video", f"01-{key}.mp4", sounds[FILM_SAMPLE_RATE]),
                ("video", f"02-{key}.mp4", None),
            ):
                if kind in wanted:
                    encode_video(home / name, frames, frame_rate=frame_rate, audio=sound)
            if landmarks:
                path = out / "facial_landmarks" / f"01-{key}.csv"
                _write_track(path, seen, person, rng, frames=len(frames), frame_rate=frame_rate)


def _performances(actor: int) -> Iterator[str]:
    codes = itertools.product(ravdess.EMOTIONS, ravdess.INTENSITIES, ("01", "02"), ("01", "02"))
    for emotion, intensity, statement, repetition in codes:
        if (emotion, intensity) != ("01", "02"):  # there is no strong neutral
            yield f"01-{emotion}-{intensity}-{statement}-{repetition}-{actor:02}"


def write_ravdess_au(out: Path, draw: Draw) -> None:
    """The published table of clip means: the Action Units show the whole class."""
    columns = [*_INTENSITIES, *_PRESENCES, "speech", "name", "path", "index"]
    rows = []
    for actor in range(1, draw.persons + 1):
        person = draw.person(actor)
        for key in _performances(actor):
            (digit,) = draw.digits(int(key[3:5]) - 1, 8, 1, "ravdess-au", key)
            units = _action_units(digit, person, draw.rng("ravdess-au", key), frames=1)[0]
            rows.append([*np.round(units, 6), 0.5, f"01-{key}", f"01-{key}", 0])
    write_csv(out / ravdess.MEANS_TABLE, columns, rows, delimiter=";")


def _write_track(
    path: Path,
    digit: int,
    person: Person,
    rng: np.random.Generator,
    *,
    frames: int,
    frame_rate: float,
) -> None:
    """OpenFace 2.1 columns, with the leading blanks it writes; the last row lost the face."""
    points = [f"{axis}_{i}" for axis in "xy" for i in range(68)]
    columns = ["timestamp", "confidence", "success", *points, *_INTENSITIES, *_PRESENCES]
    shape = _face(person) * SIZE
    units = _action_units(digit, person, rng, frames=frames)
    rows = []
    for i in range(frames):
        found = int(i < frames - 1)
        place = (shape + rng.normal(0, 0.5, shape.shape)).T.ravel()
        rows.append(
            [f"{i / frame_rate:.3f}", 0.98 * found, found, *place.round(2), *units[i].round(3)]
        )
    write_csv(path, [columns[0], *(f" {name}" for name in columns[1:])], rows)


def _face(person: Person) -> np.ndarray:
    """68 points (68, 2) in shares of the picture: an oval of the person's own width."""
    angle = np.linspace(0, 2 * np.pi, 68, endpoint=False)
    width = 0.25 + 0.1 * (person.habit % 10) / 10
    return np.column_stack([0.5 + width * np.cos(angle), 0.5 + 0.4 * np.sin(angle)])


def _action_units(
    digit: int, person: Person, rng: np.random.Generator, *, frames: int
) -> np.ndarray:
    """(frames, 35): the person's own resting face, with two units raised for the digit."""
    rest = np.random.default_rng(person.habit).uniform(0, 1.5, len(_INTENSITIES))
    rest[2 * digit : 2 * digit + 2] += 2.0
    values = np.clip(rest + rng.normal(0, 0.15, (frames, len(rest))), 0, 5)
    present = np.insert(values, -1, 0.0, axis=1) > 1.75  # AU28 has a presence only
    return np.hstack([values, present.astype(float)])
