"""Synthetic own data: a table of recordings, and recordings annotated by three raters."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from emofuse.core import label_set
from emofuse.media import write_wav

from .draw import Draw
from .signals import sentence, voice
from .tables import write_csv

LABELS = label_set("basic7").labels
CLIPS = 14  # a person
SECONDS = 1.2
RATERS = ("anna", "ben", "chris")


def write_folder(out: Path, draw: Draw) -> None:
    """`clips.csv` with path, subject, text and label; words and voice show a digit each."""
    rows = []
    for number in range(draw.persons):
        for clip in range(CLIPS):
            label = clip % len(LABELS)
            said, heard = draw.digits(label, len(LABELS), 2, "folder", number, clip)
            person, rng = draw.person(number), draw.rng("folder", number, clip)
            path = f"p{number:02}/{clip:02}.wav"
            sound = voice(heard, person, rng, seconds=SECONDS, sample_rate=16_000)
            write_wav(out / path, sound, sample_rate=16_000)
            rows.append([path, f"p{number:02}", sentence([said], person, rng), LABELS[label]])
    write_csv(out / "clips.csv", ["path", "subject", "text", "label"], rows)


def write_annotated(out: Path, draw: Draw) -> None:
    """A recording a person of seven stretches, marked in ELAN, Praat and CSV by a rater each.

    The first two raters always give the true label, the third errs in one of seven.
    """
    for number in range(draw.persons):
        order = draw.rng("annotated", number).permutation(len(LABELS))
        person, pieces = draw.person(number), []
        for place, label in enumerate(order):
            (heard,) = draw.digits(int(label), len(LABELS), 1, "annotated", number, place)
            rng = draw.rng("annotated", number, place)
            pieces.append(voice(heard, person, rng, seconds=1.0, sample_rate=16_000))
        path = out / f"p{number:02}" / f"talk{number:02}.wav"
        write_wav(path, np.concatenate(pieces), sample_rate=16_000)
        truth = [LABELS[label] for label in order]
        wrong = [*truth[:-1], truth[0]]
        for rater, answers, write in zip(
            RATERS, (truth, truth, wrong), (_write_elan, _write_textgrid, _write_marks), strict=True
        ):
            write(out / "annotations" / rater / path.stem, answers)


def _write_elan(stem: Path, answers: list[str]) -> None:
    slots = "".join(
        f'<TIME_SLOT TIME_SLOT_ID="ts{i}" TIME_VALUE="{1000 * i}"/>'
        for i in range(len(answers) + 1)
    )
    marks = "".join(
        f'<ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a{i}" TIME_SLOT_REF1="ts{i}" '
        f'TIME_SLOT_REF2="ts{i + 1}"><ANNOTATION_VALUE>{answer}</ANNOTATION_VALUE>'
        "</ALIGNABLE_ANNOTATION></ANNOTATION>"
        for i, answer in enumerate(answers)
    )
    _write(
        stem.with_suffix(".eaf"),
        '<?xml version="1.0" encoding="UTF-8"?>\n<ANNOTATION_DOCUMENT FORMAT="3.0" VERSION="3.0">'
        f'<TIME_ORDER>{slots}</TIME_ORDER><TIER TIER_ID="emotion">{marks}</TIER>'
        "</ANNOTATION_DOCUMENT>\n",
    )


def _write_textgrid(stem: Path, answers: list[str]) -> None:
    intervals = "".join(
        f"        intervals [{i + 1}]:\n            xmin = {i}\n            xmax = {i + 1}\n"
        f'            text = "{answer}"\n'
        for i, answer in enumerate(answers)
    )
    end = len(answers)
    _write(
        stem.with_suffix(".TextGrid"),
        'File type = "ooTextFile"\nObject class = "TextGrid"\n\n'
        f"xmin = 0\nxmax = {end}\ntiers? <exists>\nsize = 1\nitem []:\n    item [1]:\n"
        f'        class = "IntervalTier"\n        name = "emotion"\n        xmin = 0\n'
        f"        xmax = {end}\n        intervals: size = {end}\n{intervals}",
    )


def _write_marks(stem: Path, answers: list[str]) -> None:
    rows = [[i, i + 1, "emotion", answer] for i, answer in enumerate(answers)]
    write_csv(stem.with_suffix(".csv"), ["start", "end", "tier", "label"], rows)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
