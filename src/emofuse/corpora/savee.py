"""SAVEE: four English men.

Haq & Jackson (2010), "Multimodal Emotion Recognition", in Machine Audition (IGI Global) 398-423.
`DC_a01.wav` is speaker DC, anger, sentence 01.
"""

from __future__ import annotations

import re

from .acted import read_named_files
from .corpus import Corpus
from .scan import Scan

EMOTIONS = {
    "a": "angry",
    "d": "disgust",
    "f": "fear",
    "h": "happy",
    "n": "neutral",
    "sa": "sad",
    "su": "surprise",
}
_NAME = re.compile(rf"(DC|JE|JK|KL)_({'|'.join(EMOTIONS)})(\d+)")


def read(scan: Scan) -> None:
    """One clip a wav file, in any folders."""
    scan.use_labels("savee7")
    read_named_files(scan, "**/*.wav", name=_NAME, fields=_fields, form="speaker_emotion-number")


def _fields(match: re.Match[str]) -> dict:
    speaker, emotion, sentence = match.groups()
    return {"subject": speaker, "label": EMOTIONS[emotion], "attributes": {"sentence": sentence}}


CORPUS = Corpus(
    name="savee",
    title="SAVEE (Surrey)",
    label_set="savee7",
    licence="terms of its distributor; check them",
    source="Haq & Jackson (2010), Machine Audition 398-423",
    people="4 speakers (DC JE JK KL), 480 clips",
    modalities=("audio",),
    layout="DC_a01.wav: a d f h n sa su and a number",
    read=read,
)
