"""Explanations: the part that moved the answer is found, and nothing else is blamed."""

from __future__ import annotations

from types import SimpleNamespace

import cv2
import numpy as np
import pytest

import emofuse
from emofuse.analysis import explain
from emofuse.analysis.occlusion import (
    BANDS,
    GRID,
    band_edges_hz,
    face_without,
    melody_without,
    time_edges_seconds,
    voice_without,
    words_without,
)
from emofuse.bundle import find_bundle
from emofuse.core import InputError, log_softmax
from emofuse.media import write_example
from emofuse.perception.text import Cue

HAPPY = "1\n00:00:00,000 --> 00:00:02,000\nwell I am happy about the paper\n"


def model_of(where):
    """A stub bundle: the first of two labels gets the sum of the inputs in the slice `where`."""
    part = SimpleNamespace(parameters={"hop_seconds": 0.02, "n_mels": 48})

    def logits(values):
        total = values[(..., *where)].reshape(len(values), -1).sum(1)
        return np.stack([total, np.zeros(len(values))], 1)

    return SimpleNamespace(
        spec=SimpleNamespace(inputs=[part]), logits=logits, calibrated=log_softmax
    )


def test_voice_the_patch_that_matters_is_found():
    """Frames 40 to 50 (0.8 to 1 s), the lowest six of 48 bands."""
    bundle = model_of((slice(40, 50), slice(0, 6)))
    features = np.ones((100, 48), np.float32)
    without = voice_without(bundle, features)[..., 0]
    assert without.shape == (BANDS, 10)
    assert np.unravel_index(without.argmin(), without.shape) == (0, 4)
    assert (without[2:] == without.max()).all(), "bands above have no effect"
    assert (features == 1).all(), "the input is not changed"


def test_voice_the_melody_that_matters_is_found():
    """Frames 40 to 50 of the pitches, which lie behind 48 bands."""
    bundle = model_of((slice(40, 50), slice(48, 60)))
    bundle.spec.labels = ("one", "other")
    features = np.ones((100, 60), np.float32)
    assert np.ptp(voice_without(bundle, features)[..., 0]) == 0, "no band has an effect"
    without = melody_without(bundle, features)
    assert without.shape == (10, 2)
    assert without[:, 0].argmin() == 4
    assert melody_without(bundle, features[:, :48]).shape == (0, 2)


def test_voice_axes_are_hertz_and_seconds():
    bundle = model_of((slice(None), slice(None)))
    hertz, seconds = band_edges_hz(bundle), time_edges_seconds(bundle, 101)
    assert len(hertz) == BANDS + 1 and (np.diff(hertz) > 0).all()
    assert 50 < hertz[0] < 150 and hertz[-1] == 8000
    assert seconds[0] == 0 and seconds[-1] == pytest.approx(2.02)


def test_face_the_region_that_matters_is_found():
    bundle = model_of((slice(56, 64), slice(0, 8)))
    crops = np.ones((3, 1, 64, 64), np.float32)
    without = face_without(bundle, crops, np.ones(3))[..., 0]
    assert without.shape == (GRID, GRID)
    assert np.unravel_index(without.argmin(), without.shape) == (GRID - 1, 0)
    assert (without[:4] == without.max()).all()


def test_words_are_left_out_one_at_a_time():
    bundle = find_bundle("text-ekman")
    joy = bundle.spec.label_order.index("joy")
    cues = [Cue(0.0, 1.0, "I am so happy"), Cue(1.0, 2.0, "about the paper")]
    found = list(words_without(bundle, cues, 0.0, 2.0))
    assert [word for word, _ in found] == ["i", "am", "so", "happy", "about", "the", "paper"]
    least = min(found, key=lambda one: one[1][joy])
    assert least[0] == "happy"
    assert list(words_without(bundle, [Cue(0.0, 1.0, "yes")], 0.0, 1.0)) == [("yes", None)]


@pytest.fixture
def transcript(tmp_path):
    path = tmp_path / "words.srt"
    path.write_text(HAPPY, encoding="utf-8")
    return path


def test_the_explained_answer_is_the_timelines(transcript):
    timeline = emofuse.analyse(transcript)
    found = explain(transcript, window=0)
    fused = timeline.persons[0].fused[0]
    assert found.label == timeline.label_set.labels[fused.argmax()] == "happy"
    assert found.probability == pytest.approx(fused.max())
    text = {m.modality: m for m in found.modalities}["text"]
    assert text.contribution == 1
    odds = fused.max() / (1 - fused.max())
    assert text.effect == pytest.approx(np.log(odds * 6)), "without it all seven are equal"
    assert max(found.words, key=lambda word: word.effect).word == "happy"
    assert found.voice is None and found.face is None


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    return write_example(tmp_path_factory.mktemp("example") / "example.mp4")


def test_a_recording_end_to_end(example, tmp_path):
    pytest.importorskip("matplotlib", reason="needs the plot extra")
    from emofuse.export import save_explanation

    found = explain(example, at_seconds=2.2)
    timeline = emofuse.analyse(example)
    fused = timeline.person(found.person).fused[found.window]
    assert found.start_seconds <= 2.2 - 0.75 and found.end_seconds >= 2.2 + 0.75
    assert found.probability == pytest.approx(float(fused.max()), abs=1e-6)
    if found.voice is not None:
        assert found.voice.effects.shape == (BANDS, len(found.voice.time_edges_seconds) - 1)
        assert found.voice.time_edges_seconds[0] == found.start_seconds
        assert np.isfinite(found.voice.effects).all()
    if found.face is not None:
        assert found.face.effects.shape == (GRID, GRID) and found.face.picture.ndim == 3
    picture = save_explanation(found, tmp_path / "new folder" / "why.png")
    height, width = cv2.imread(str(picture)).shape[:2]
    assert width > 1000 and height > 300
    assert [p.name for p in picture.parent.iterdir()] == ["why.png"]


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"window": 900}, "ends before window 900"),
        ({"window": 0, "person": "person-7"}, "nothing to explain"),
    ],
)
def test_where_there_is_nothing_to_explain(transcript, given, reason):
    with pytest.raises(InputError, match=reason):
        explain(transcript, **given)


def test_adapted_answers_are_not_explained(transcript):
    with pytest.raises(ValueError, match="adapted"):
        explain(transcript, adapt="person")


def test_command(transcript, tmp_path):
    pytest.importorskip("matplotlib", reason="needs the plot extra")
    import typer
    from typer.testing import CliRunner

    from emofuse.cli import explain as command

    app = typer.Typer()
    command.register(app)
    out = tmp_path / "why.png"
    result = CliRunner().invoke(app, [str(transcript), "--at", "1", "--out", str(out)])
    assert result.exit_code == 0, result.output
    assert "happy" in result.output and out.is_file()
