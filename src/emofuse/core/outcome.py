"""Typed absence, and the one error a person sees.

What is absent in a readable file is an `Outcome` (a result with a reason); what cannot be
analysed at all is an `InputError` (file, reason, remedy on one line).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass


class InputError(Exception):
    """An input that cannot be used. `str()` is one line: file, reason, remedy."""

    def __init__(self, file: object, reason: str, remedy: str):
        self.file, self.reason, self.remedy = str(file), reason, remedy
        super().__init__(f"{self.file}: {self.reason}; {self.remedy}")


class MissingExtra(ImportError):
    """An optional part is not installed; the message holds the command that installs it."""

    def __init__(self, what: str, extra: str):
        super().__init__(f"{what} needs the {extra!r} extra: pip install 'emofuse[{extra}]'")
        self.extra = extra


@dataclass(frozen=True)
class Outcome:
    """Why something is absent between two moments (seconds) of a recording."""

    modality: str
    start_seconds: float
    end_seconds: float
    person: str = "scene"
    detail: str = ""

    @property
    def kind(self) -> str:
        return type(self).__name__

    def to_dict(self) -> dict:
        return {"kind": self.kind, **asdict(self)}


class NoFace(Outcome):
    """No face was found."""


class FaceUnusable(Outcome):
    """A face was found but is too small, too dark, too blurred or turned away."""


class NoVideoTrack(Outcome):
    """The file holds no picture."""


class NoAudioTrack(Outcome):
    """The file holds no sound."""


class Silence(Outcome):
    """There is a sound track and nothing in it."""


class NoSpeech(Outcome):
    """There is sound, but nobody speaks: noise or music."""


class SpeakerUnknown(Outcome):
    """Somebody speaks, but with several faces in view it is not clear who."""


class NoText(Outcome):
    """No transcript was given, or no words fall into this time."""


class ForeignText(Outcome):
    """The words are not in the language the text model was trained on."""


class NoSignal(Outcome):
    """A physiological channel set is missing, flat, saturated or not a number."""


class TooShort(Outcome):
    """The recording is shorter than one usable window."""


class Undecodable(Outcome):
    """Part of the file could not be decoded; the rest was used."""


class ModelAbsent(Outcome):
    """No model for this modality is installed or allowed."""


class Interrupted(Outcome):
    """The run was stopped here; later moments are missing."""


OUTCOMES: dict[str, type[Outcome]] = {cls.__name__: cls for cls in Outcome.__subclasses__()}


def outcome_from_dict(values: dict) -> Outcome:
    """Inverse of `Outcome.to_dict`; raises `ValueError` on an unknown kind."""
    values = dict(values)
    kind = values.pop("kind", None)
    if kind not in OUTCOMES:
        raise ValueError(f"unknown outcome {kind!r}; known: {', '.join(OUTCOMES)}")
    return OUTCOMES[kind](**values)
