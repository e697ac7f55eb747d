"""What a user may set about an analysis."""

from __future__ import annotations

from dataclasses import dataclass

from emofuse.fusion import MIN_COVERAGE, MIN_PROBABILITY

MODALITIES = ("face", "voice", "text")
# EEG is analysed where it is given; no recording is expected to have it.
ALL_MODALITIES = (*MODALITIES, "eeg")


@dataclass(frozen=True)
class Options:
    """Settings of one analysis.

    `models` are bundle names or folders that replace the shipped model of their modality.
    `labels` names the label set of the answer. The answer is "uncertain" where the fused top
    probability is below `min_probability` or the best coverage below `min_coverage`.
    `expression_rate_hz`: how often a followed face is read (it is *followed* in every frame).
    `transcribe` (a Whisper size or model folder; `asr` extra) hears the words where no transcript
    is given. `adapt` "person" (offline only) sees face and voice against each person's own average; `enrol`
    is a recording of the one person to take that from, instead of the analysed one.
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
        unknown = set(self.modalities) - set(ALL_MODALITIES)
        if unknown or not self.modalities:
            raise ValueError(
                f"modalities must be some of {', '.join(ALL_MODALITIES)}, got {self.modalities}"
            )
        for name in ("min_probability", "min_coverage"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must be in 0..1, got {getattr(self, name)}")
        if not self.expression_rate_hz > 0:
            raise ValueError(f"expression_rate_hz must be positive, got {self.expression_rate_hz}")
