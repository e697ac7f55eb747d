"""What a user may set about an analysis."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from emofuse.fusion import MIN_COVERAGE, MIN_PROBABILITY

MODALITIES = ("face", "voice", "text")
# EEG is analysed where it is given; no recording is expected to have it.
ALL_MODALITIES = (*MODALITIES, "eeg")
# Modalities of models that read a stretch of time as a whole -> the tracks they read.
WHOLE = {
    "video": ("face",),
    "audio_video": ("face", "voice"),
    "audio_video_text": ("face", "voice", "text"),
    "action_units": ("action_units",),
    "action_unit_means": ("action_units",),
}


def tracks_of(modalities: Iterable[str]) -> frozenset[str]:
    """The tracks of a recording that these modalities read."""
    return frozenset(track for m in modalities for track in WHOLE.get(m, (m,)))


@dataclass(frozen=True)
class Options:
    """Settings of one analysis.

    `models` are bundle names, folders or runs that replace the shipped model of their modality; a
    model that reads several senses, or a film as a whole, replaces those of all that it reads.
    `labels` names the label set of the answer. The answer is "uncertain" where the fused top
    probability is below `min_probability` or the best coverage below `min_coverage`.
    `expression_rate_hz`: how often a followed face is read (it is *followed* in every frame).
    `transcribe` (a Whisper size or model folder; `asr` extra) hears the words where no transcript
    is given. `adapt` "person" (offline only) sees face and voice against each person's own
    average; `enrol` is a recording of the one person to take that from, instead of the analysed
    one.
    """

    window_seconds: float = 2.0
    hop_seconds: float = 0.5
    modalities: tuple[str, ...] = MODALITIES
    models: tuple[str, ...] = ()
    labels: str = "basic7"
    min_probability: float = MIN_PROBABILITY
    min_coverage: float = MIN_COVERAGE
    expression_rate_hz: float = 10.0
    thumbnails: bool = True
    blur_faces: bool = False
    transcribe: str = ""
    adapt: str = ""
    enrol: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "modalities", tuple(self.modalities))
        object.__setattr__(self, "models", tuple(str(model) for model in self.models))
        object.__setattr__(self, "enrol", str(self.enrol or ""))
        object.__setattr__(self, "adapt", self.adapt or ("person" if self.enrol else ""))
        if self.adapt not in ("", "person"):
            raise ValueError(f"adapt must be 'person' or nothing, got {self.adapt!r}")
        if not 0 < self.hop_seconds <= self.window_seconds:
            raise ValueError(
                f"hop must be in (0, window]: hop {self.hop_seconds} s, window {self.window_seconds} s"
            )
        unknown = set(self.modalities) - {*ALL_MODALITIES, *WHOLE}
        if unknown or not self.modalities:
            raise ValueError(
                f"modalities must be some of {', '.join((*ALL_MODALITIES, *WHOLE))}, "
                f"got {self.modalities}"
            )
        for name in ("min_probability", "min_coverage"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must be in 0..1, got {getattr(self, name)}")
        if not self.expression_rate_hz > 0:
            raise ValueError(f"expression_rate_hz must be positive, got {self.expression_rate_hz}")

    @property
    def tracks(self) -> frozenset[str]:
        """The tracks of a recording that are read."""
        return tracks_of(self.modalities)

    def answered_by(self, given: Iterable[str]) -> Options:
        """The options where the models of the modalities `given` are used as well.

        A model that reads a stretch as a whole takes the place of the senses it reads: the same
        evidence must not count twice.
        """
        whole = tuple(m for m in given if m in WHOLE and m not in self.modalities)
        kept = tuple(m for m in self.modalities if m in WHOLE or m not in tracks_of(whole))
        return replace(self, modalities=(*whole, *kept))
