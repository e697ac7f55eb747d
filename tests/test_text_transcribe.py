"""Automatic transcription: the real loading code against a stand-in for faster-whisper."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from emofuse.core import InputError, MissingExtra
from emofuse.perception.text import Cue, transcribe
from emofuse.perception.text.transcribe import _load

SECOND = np.zeros(16_000, np.float64)


def _segment(start, end, text, no_speech=0.0, likelihood=-0.2):
    return SimpleNamespace(
        start=start, end=end, text=text, no_speech_prob=no_speech, avg_logprob=likelihood
    )


class FakeWhisper:
    """As faster_whisper.WhisperModel 1.2: a lazy iterator of segments and an info object."""

    calls: list[dict]

    def __init__(self, name, **options):
        if not options["local_files_only"]:
            raise AssertionError("would have gone to the network")
        if name == "small":
            raise FileNotFoundError("Cannot find an appropriate\ncached snapshot folder")
        if name == "huge":
            raise ValueError("Invalid model size 'huge'")
        type(self).calls = [{"name": name, **options}]

    def transcribe(self, samples, **options):
        assert samples.dtype == np.float32
        type(self).calls.append(options)
        segments = [
            _segment(0.0, 1.5, " I am fine."),
            _segment(1.5, 2.0, "  "),
            _segment(2.0, 3.0, " Thanks for watching!", no_speech=0.9, likelihood=-1.4),
            _segment(3.0, 4.0, " Whispered.", no_speech=0.9, likelihood=-0.3),
        ]
        info = SimpleNamespace(language=options["language"] or "en", language_probability=0.98)
        return iter(segments), info


@pytest.fixture(autouse=True)
def whisper(monkeypatch):
    module = ModuleType("faster_whisper")
    module.WhisperModel = FakeWhisper
    module.available_models = lambda: ["tiny", "small"]
    monkeypatch.setitem(sys.modules, "faster_whisper", module)
    _load.cache_clear()
    yield
    _load.cache_clear()


def test_segments_become_cues_without_what_is_no_speech():
    cues = transcribe(SECOND, model="tiny")
    assert cues == [Cue(0.0, 1.5, "I am fine."), Cue(3.0, 4.0, "Whispered.")]
    assert cues.notes == ("transcribed by faster-whisper tiny, language en (0.98)",)
    loaded, asked = FakeWhisper.calls
    assert (loaded["name"], loaded["device"]) == ("tiny", "cpu")
    assert asked["language"] is None


def test_language_is_passed_on():
    assert "language de" in transcribe(SECOND, model="tiny", language="de").notes[0]


def test_no_sound_needs_no_model():
    assert transcribe(SECOND[:0], model="small") == []


@pytest.mark.parametrize(
    ("model", "remedy"),
    [("small", "faster_whisper.download_model('small')"), ("huge", "a size such as small")],
)
def test_absent_weights_are_one_line_with_a_remedy(model, remedy):
    with pytest.raises(InputError) as caught:
        transcribe(SECOND, model=model)
    assert "\n" not in str(caught.value)
    assert remedy in str(caught.value)


def test_without_the_package_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "faster_whisper", None)
    with pytest.raises(MissingExtra, match=r"emofuse\[asr\]"):
        transcribe(SECOND)
