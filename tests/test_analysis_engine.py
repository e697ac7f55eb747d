"""The engine: the same windows however its input is cut, and typed absence."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import emofuse
from emofuse.analysis import Engine, Options
from emofuse.media import AudioChunk, Damage, VideoFrame, read, write_example
from emofuse.perception.text import Cue


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    """The bundled talking-face clip, with its transcript beside it."""
    return write_example(tmp_path_factory.mktemp("example") / "example.mp4")


@pytest.fixture(scope="module")
def items(example):
    return list(read(example))


def recut(items, cuts):
    """The same recording with its sound in pieces of other sizes."""
    sound = [item for item in items if isinstance(item, AudioChunk)]
    start = sound[0].start_seconds
    samples = np.concatenate([item.samples for item in sound])
    edges = [0, *sorted({cut % len(samples) for cut in cuts}), len(samples)]
    pieces = [
        AudioChunk(start + low / 16_000, samples[low:high])
        for low, high in pairwise(edges)
        if high > low
    ]
    frames = [item for item in items if isinstance(item, VideoFrame)]
    ends = [piece.start_seconds + len(piece.samples) / 16_000 for piece in pieces]
    order = [(frame.seconds, 0, frame) for frame in frames]
    order += [(end, 1, piece) for end, piece in zip(ends, pieces, strict=True)]
    return [item for _, _, item in sorted(order, key=lambda entry: entry[:2])]


def same(first, second):
    assert [w.start_seconds for w in first] == [w.start_seconds for w in second]
    for a, b in zip(first, second, strict=True):
        assert [m.person for m in a.moments] == [m.person for m in b.moments]
        assert a.voice_owner == b.voice_owner
        for one, other in zip(a.moments, b.moments, strict=True):
            assert (one.fused is None) == (other.fused is None)
            if one.fused is not None:
                np.testing.assert_allclose(one.fused, other.fused, atol=1e-6)
            for modality, estimate in one.estimates.items():
                assert estimate.outcome == other.estimates[modality].outcome
                assert estimate.coverage == pytest.approx(other.estimates[modality].coverage)


@settings(
    max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(cuts=st.lists(st.integers(1, 10**6), max_size=40))
def test_windows_do_not_depend_on_how_the_input_is_cut(items, cuts):
    whole = list(emofuse.stream(items, tracks=("face", "voice")))
    same(whole, list(emofuse.stream(recut(items, cuts), tracks=("face", "voice"))))


def test_stream_and_analyse_agree(example):
    windows = list(emofuse.stream(example))
    timeline = emofuse.analyse(example)
    assert [w.start_seconds for w in windows] == timeline.starts.tolist()
    for window in windows:
        for moment in window.moments:
            if moment.fused is not None:
                part = timeline.person(moment.person)
                np.testing.assert_allclose(part.fused[window.index], moment.fused)


def test_the_windows_of_a_stream_come_before_its_end(items):
    """A window is there as soon as its data is: the third window does not need the last second."""
    first = [item for item in items if _seconds(item) < 3.4]
    engine = Engine(Options(), emofuse.analysis.load_bundles(Options()), tracks={"face", "voice"})
    found = [window for item in first for window in engine.push(item)]
    assert [window.start_seconds for window in found] == [0.0, 0.5, 1.0]


def _seconds(item):
    return item.seconds if isinstance(item, VideoFrame) else item.start_seconds


@pytest.mark.parametrize(
    ("duration", "expected"),
    [(0.05, [0.0]), (2.0, [0.0]), (2.1, [0.0, 0.5]), (3.3, [0.0, 0.5, 1.0, 1.5])],
)
def test_the_last_window_reaches_the_end(duration, expected):
    silence = AudioChunk(0.0, np.zeros(round(duration * 16_000), np.float32))
    windows = list(emofuse.stream([silence], tracks=("voice",)))
    assert [w.start_seconds for w in windows] == expected
    assert {m.estimates["voice"].outcome for w in windows for m in w.moments} == {"Silence"}


def test_a_gap_in_the_sound_is_masked_not_zero():
    noise = np.random.default_rng(0).normal(0, 0.1, 16_000).astype(np.float32)
    sound = [AudioChunk(0.0, noise), AudioChunk(6.0, noise)]
    windows = list(emofuse.stream(sound, tracks=("voice",), modalities=("voice",)))
    by_start = {w.start_seconds: w.moments[0].estimates["voice"].outcome for w in windows}
    assert by_start[0.0] == "NoSpeech" and by_start[2.0] == "NoAudioTrack"
    assert by_start[5.0] == "NoSpeech"


def test_a_track_that_stops_is_not_waited_for_forever():
    """Pictures stop after one second; windows of the sound go on (flat memory on long files)."""
    frame = VideoFrame(0.5, np.zeros((48, 64, 3), np.uint8))
    chunk = np.zeros(16_000, np.float32)
    engine = Engine(Options(), {}, tracks={"face", "voice"})
    found = list(engine.push(frame))
    for second in range(60):
        found += engine.push(AudioChunk(float(second), chunk))
    assert len(found) > 80
    assert (
        sum(len(samples) for _, samples in engine.senses["voice"].listener.buffer.pieces)
        < 20 * 16_000
    )
    assert len(engine.senses["voice"].listener.speech.times) < 20 / 0.03


def test_damage_becomes_an_outcome_of_its_window():
    chunk = AudioChunk(0.0, np.zeros(64_000, np.float32))
    items = [Damage(1.0, "audio", "bad packet"), chunk]
    windows = list(emofuse.stream(items, tracks=("voice",)))
    kinds = [(o.kind, o.detail) for w in windows for o in w.outcomes]
    assert kinds == [("Undecodable", "bad packet")]


def test_words_alone_are_a_timeline(tmp_path):
    path = tmp_path / "words.srt"
    path.write_text(
        "1\n00:00:00,000 --> 00:00:02,000\nI am so happy, this is wonderful!\n\n"
        "2\n00:00:04,000 --> 00:00:06,000\nI hate this, I am furious.\n",
        encoding="utf-8",
    )
    timeline = emofuse.analyse(path)
    (person,) = timeline.persons
    best = [timeline.label_set.labels[row.argmax()] for row in person.fused if row.max() > 0]
    assert best[0] == "happy" and best[-1] == "angry"
    assert not person.streams["face"].mask.any()
    between = person.streams["text"].outcome[4]
    assert between == "NoText" and not person.mask[4]


def test_words_in_another_language_are_not_read():
    cue = Cue(
        0.0, 2.0, "Ich bin heute wirklich sehr glücklich und freue mich über das schöne Wetter"
    )
    (window,) = list(_finish([cue], {"text"}, 2.0))
    assert window.moments[-1].estimates["text"].outcome == "ForeignText"


def _finish(items, tracks, duration):
    engine = Engine(Options(), emofuse.analysis.load_bundles(Options()), tracks=frozenset(tracks))
    for item in items:
        yield from engine.push(item)
    yield from engine.finish(duration)


@pytest.mark.parametrize(
    "changes",
    [
        {"hop_seconds": 0.0},
        {"hop_seconds": 3.0},
        {"modalities": ()},
        {"modalities": ("smell",)},
        {"min_probability": 1.5},
        {"expression_rate_hz": 0},
    ],
)
def test_options_that_make_no_sense_are_refused(changes):
    with pytest.raises(ValueError):
        Options(**changes)


@pytest.mark.parametrize("name", ["vtt", "textgrid"])
def test_our_own_output_beside_a_recording_is_not_taken_for_its_words(example, tmp_path, name):
    from emofuse.export import FORMATS, save
    from emofuse.perception.text import find_sidecar

    timeline = emofuse.analyse(example, modalities=("face",))
    save(timeline, tmp_path / f"clip{FORMATS[name].suffix}")
    assert find_sidecar(tmp_path / "clip.mp4") is None
