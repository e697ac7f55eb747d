"""Synthetic EmoDB, TESS and SAVEE: speech alone, which shows the whole class."""

from __future__ import annotations

import itertools
from pathlib import Path

from emofuse.media import write_wav

from .. import emodb, savee, tess
from .draw import Draw
from .signals import voice

SECONDS = 1.2


def write_emodb(out: Path, draw: Draw, *, sample_rate: int = 16_000) -> None:
    """Two texts, two versions."""
    for person, code in itertools.product(range(draw.persons), emodb.EMOTIONS):
        for text, version in itertools.product(("a01", "b02"), "ab"):
            name = f"{emodb.SPEAKERS[person]}{text}{code}{version}"
            _write_spoken(
                out / "wav" / f"{name}.wav",
                draw,
                person,
                list(emodb.EMOTIONS).index(code),
                sample_rate,
            )


def write_tess(out: Path, draw: Draw, *, sample_rate: int = 16_000) -> None:
    """Four words."""
    for person, code in itertools.product(range(draw.persons), tess.EMOTIONS):
        for word in ("back", "bar", "base", "bath"):
            name = f"{('OAF', 'YAF')[person]}_{word}_{code}"
            _write_spoken(
                out / f"{name}.wav", draw, person, list(tess.EMOTIONS).index(code), sample_rate
            )


def write_savee(out: Path, draw: Draw, *, sample_rate: int = 16_000) -> None:
    """Four sentences."""
    for person, code in itertools.product(range(draw.persons), savee.EMOTIONS):
        for sentence in range(1, 5):
            name = f"{('DC', 'JE', 'JK', 'KL')[person]}_{code}{sentence:02}"
            _write_spoken(
                out / f"{name}.wav", draw, person, list(savee.EMOTIONS).index(code), sample_rate
            )


def _write_spoken(path: Path, draw: Draw, person: int, label: int, sample_rate: int) -> None:
    """Speech alone shows the whole class."""
    (digit,) = draw.digits(label, 7, 1, path.stem)
    rng = draw.rng(path.stem)
    sound = voice(digit, draw.person(person), rng, seconds=SECONDS, sample_rate=sample_rate)
    write_wav(path, sound, sample_rate=sample_rate)
