"""Automatic transcription with faster-whisper (the `asr` extra)."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from emofuse.core import InputError, MissingExtra

from .transcript import Cue, Transcript

# Whisper's own rule for text that it made up over silence or music (Radford et al. 2022, 4.5).
_NO_SPEECH, _UNLIKELY = 0.6, -1.0


def transcribe(
    samples: np.ndarray, *, model: str = "small", language: str | None = None
) -> Transcript:
    """Cues of mono float `samples` (n,) at 16 kHz, one a spoken segment; no samples, no cues.

    `model` is a Whisper size ("tiny" to "large-v3") or the folder of a CTranslate2 model, run as
    int8 on the CPU. Nothing is ever downloaded here: the weights must lie on this machine.
    `language` is an ISO 639-1 code; None lets the model tell, and `notes` says what it heard.
    Segments that the model itself takes for no speech are left out.

    Raises `MissingExtra` without faster-whisper and `InputError` when the weights are absent.
    """
    if not len(samples):
        return Transcript()
    segments, info = _load(model).transcribe(
        np.asarray(samples, np.float32),
        language=language,
        condition_on_previous_text=False,
    )
    cues = [
        Cue(float(part.start), float(part.end), part.text.strip())
        for part in segments
        if part.text.strip()
        and not (part.no_speech_prob > _NO_SPEECH and part.avg_logprob < _UNLIKELY)
    ]
    heard = f"{info.language} ({info.language_probability:.2f})"
    return Transcript(cues, [f"transcribed by faster-whisper {model}, language {heard}"])


@lru_cache(maxsize=1)
def _load(model: str):
    try:
        from faster_whisper import WhisperModel
    except ImportError:
        raise MissingExtra("automatic transcription", "asr") from None
    try:
        return WhisperModel(model, device="cpu", compute_type="int8", local_files_only=True)
    except (OSError, ValueError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:120]
        raise InputError(
            f"whisper model {model!r}", f"no weights on this machine ({reason})", _remedy(model)
        ) from None


def _remedy(model: str) -> str:
    from faster_whisper import available_models

    if model not in available_models():
        return "name the folder of a CTranslate2 Whisper model, or a size such as small"
    fetch = f"import faster_whisper; faster_whisper.download_model('{model}')"
    return f'fetch them once while online: python -c "{fetch}"'
