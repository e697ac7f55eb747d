"""TESS: two actresses, 200 target words in a carrier phrase.

Pichora-Fuller & Dupuis (2020), "Toronto emotional speech set (TESS)", Borealis,
doi:10.5683/SP2/E8H2MF. `OAF_back_angry.wav` is the older actress, the word, the emotion; `ps` is
pleasant surprise. Two people: person-independent numbers mean little, and the manifest says so.
"""

from __future__ import annotations

import re

from .acted import read_named_files
from .corpus import Corpus
from .scan import Scan

EMOTIONS = {
    "angry": "angry",
    "disgust": "disgust",
    "fear": "fear",
    "happy": "happy",
    "neutral": "neutral",
    "ps": "surprise",
    "sad": "sad",
}
_NAME = re.compile(rf"(OAF|YAF)_([A-Za-z]+)_({'|'.join(EMOTIONS)})")


def read(scan: Scan) -> None:
    """One clip a wav file, in any folders."""
    scan.use_labels("tess7")
    read_named_files(scan, "**/*.wav", name=_NAME, fields=_fields, form="OAF|YAF_word_emotion")


def _fields(match: re.Match[str]) -> dict:
    speaker, word, emotion = match.groups()
    return {"subject": speaker, "label": EMOTIONS[emotion], "attributes": {"word": word}}


CORPUS = Corpus(
    name="tess",
    title="TESS (Toronto)",
    label_set="tess7",
    licence="terms of its distributor; check them",
    source="Pichora-Fuller & Dupuis (2020), doi:10.5683/SP2/E8H2MF",
    people="2 speakers, 2800 clips",
    modalities=("audio",),
    layout="OAF_back_angry.wav / YAF_….wav: angry disgust fear happy neutral ps sad",
    read=read,
)
