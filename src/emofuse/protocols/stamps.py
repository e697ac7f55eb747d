"""The words a result can be stamped with, and what each one warns of."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class Stamp(StrEnum):
    """What a reader must know before comparing a number. No stamp at all means HONEST."""

    HONEST = "HONEST"
    OFFICIAL = "OFFICIAL"
    LEAKY = "LEAKY"
    SPEAKER_DEPENDENT = "SPEAKER-DEPENDENT"
    CHOSEN_ON_TEST = "CHECKPOINT CHOSEN ON TEST"
    IN_SAMPLE = "IN-SAMPLE"
    PERSON_ADAPTED = "PERSON-ADAPTED"
    TRANSDUCTIVE = "TRANSDUCTIVE"
    DETECTOR_REPLACED = "DETECTOR-REPLACED"
    BAND_LIMITED = "BAND-LIMITED"


MEANING: dict[Stamp, str] = {
    Stamp.HONEST: "nothing of a test person, dialogue, recording or duplicate was seen in training",
    Stamp.OFFICIAL: "the data set's own split, with the overlaps it has",
    Stamp.LEAKY: "test and training share what they must not; the number is not an estimate "
    "for new people",
    Stamp.SPEAKER_DEPENDENT: "the test persons were in training, with other recordings",
    Stamp.CHOSEN_ON_TEST: "a checkpoint or setting was chosen by its score on the test part",
    Stamp.IN_SAMPLE: "fusion was fitted on outputs of models for their own training clips",
    Stamp.PERSON_ADAPTED: "unlabelled clips of the test person were used to normalise",
    Stamp.TRANSDUCTIVE: "unlabelled test data were used to fit the model",
    Stamp.DETECTOR_REPLACED: "another face detector than the published one cut the faces",
    Stamp.BAND_LIMITED: "the source holds less bandwidth than the published system was given",
}


def stamp_line(stamps: Iterable[str]) -> str:
    """The stamps on one line, HONEST where there is none.

    >>> stamp_line(())
    'HONEST'
    >>> stamp_line((Stamp.LEAKY, Stamp.IN_SAMPLE))
    'LEAKY, IN-SAMPLE'
    """
    return ", ".join(str(stamp) for stamp in stamps) or str(Stamp.HONEST)
