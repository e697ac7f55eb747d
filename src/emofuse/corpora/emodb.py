"""EmoDB: ten German actors, ten sentences.

Burkhardt, Paeschke, Rolfes, Sendlmeier & Weiss (2005), "A Database of German Emotional Speech",
Interspeech 2005. `03a01Fa.wav` is speaker 03, text a01, F (Freude), version a.
"""

from __future__ import annotations

import re

from .acted import read_named_files
from .corpus import Corpus
from .scan import Scan

SPEAKERS = ("03", "08", "09", "10", "11", "12", "13", "14", "15", "16")
EMOTIONS = {
    "W": "angry",
    "L": "boredom",
    "E": "disgust",
    "A": "fear",
    "F": "happy",
    "T": "sad",
    "N": "neutral",
}
_NAME = re.compile(rf"({'|'.join(SPEAKERS)})([a-z]\d\d)([{''.join(EMOTIONS)}])([a-z])")


def read(scan: Scan) -> None:
    """One clip a wav file below a folder `wav`."""
    scan.use_labels("emodb7")
    read_named_files(
        scan, "**/wav/*.wav", name=_NAME, fields=_fields, form="speaker, text, emotion, version"
    )


def _fields(match: re.Match[str]) -> dict:
    speaker, sentence, emotion, version = match.groups()
    return {
        "subject": speaker,
        "label": EMOTIONS[emotion],
        "attributes": {"sentence": sentence, "version": version},
    }


CORPUS = Corpus(
    name="emodb",
    title="EmoDB (Berlin)",
    label_set="emodb7",
    licence="terms of its distributor; check them",
    source="Burkhardt et al. (2005), Interspeech",
    people="10 speakers, 535 clips",
    modalities=("audio",),
    layout="wav/03a01Fa.wav: speaker, text, W L E A F T N, version",
    read=read,
)
