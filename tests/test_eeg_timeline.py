"""EEG in the timeline: beside a clip, alone, in pieces, with what can be wrong with it."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import emofuse
from eeg_samples import LABELS, RATE, recorded, rhythm, rhythm_bundle, write_fif
from emofuse.bundle import digest_key
from emofuse.core import InputError, file_sha256
from emofuse.media import Damage, write_example
from emofuse.perception.eeg import EPOC14, EegChunk, Marker, chunks, make_recording


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return rhythm_bundle(tmp_path_factory.mktemp("bundle"))


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """The bundled talking-face clip: one face, five seconds."""
    return write_example(tmp_path_factory.mktemp("clip") / "example.mp4")


@pytest.fixture(scope="module")
def plain(clip):
    """The clip's timeline without EEG."""
    return emofuse.analyse(clip)


def streamed(items, bundle, **options):
    options = {"modalities": ("eeg",), "tracks": ("eeg",), "models": [bundle.folder]} | options
    return list(emofuse.stream(items, **options))


def answers(windows) -> list[str]:
    """Most likely label of each window, or the outcome where there is none."""
    found = []
    for window in windows:
        estimate = window.moments[-1].estimates["eeg"]
        if estimate.probabilities is None:
            found.append(estimate.outcome)
        else:
            found.append(emofuse.core.label_set("basic7").labels[estimate.probabilities.argmax()])
    return found


def test_a_file_alone_says_what_it_shows_and_when(tmp_path, bundle):
    pytest.importorskip("mne")
    path = write_fif(tmp_path / "made_raw.fif", recorded(*LABELS))
    timeline = emofuse.analyse(path, models=[bundle.folder], modalities=("eeg",))
    assert timeline.source.duration_seconds == 24
    stream = timeline.persons[0].streams["eeg"]
    assert stream.mask.all()
    middles = np.arange(4) * 6 + 3.0
    rows = [int(np.argmin(np.abs(timeline.starts + 1 - middle))) for middle in middles]
    top = [timeline.label_set.labels[stream.probabilities[row].argmax()] for row in rows]
    assert top == list(LABELS)
    assert "angry cannot be answered" in " ".join(timeline.notes)


def test_without_a_model_the_timeline_says_so(clip, plain):
    timeline = emofuse.analyse(clip, eeg=recorded("happy"))
    assert timeline.modalities == ("face", "voice", "text", "eeg")
    kinds = {o.kind for o in timeline.outcomes if o.modality == "eeg"}
    assert kinds == {"ModelAbsent"}
    assert plain.modalities == ("face", "voice", "text")


@pytest.mark.parametrize("how", ["offset", "marker"])
def test_offset_and_marker_place_the_eeg_on_the_clips_clock(clip, plain, bundle, how):
    """Sad for six seconds, then fear; the clip starts where fear does."""
    recording = recorded("sad", "fear", "happy", markers=(Marker(6.0, "film"),))
    place = {"eeg_offset_seconds": -6.0} if how == "offset" else {"eeg_marker": "film"}
    timeline = emofuse.analyse(clip, eeg=recording, models=[bundle.folder], **place)
    assert timeline.source.duration_seconds == plain.source.duration_seconds
    assert len(timeline) == len(plain)
    (person,) = [part for part in timeline.persons if part.streams["eeg"].mask.any()]
    assert person.person != "scene"  # the only person in view wears the helmet
    best = person.streams["eeg"].probabilities.argmax(1)
    assert {timeline.label_set.labels[i] for i in best} == {"fear"}


def test_eeg_that_starts_late_is_absent_before(clip, bundle):
    timeline = emofuse.analyse(
        clip, eeg=recorded("sad"), eeg_offset_seconds=3.0, models=[bundle.folder]
    )
    outcome = timeline.persons[0].streams["eeg"].outcome
    assert outcome[0] == "NoSignal"
    assert timeline.persons[0].streams["eeg"].mask[-1]


@settings(
    max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(cuts=st.lists(st.integers(1, 3599), max_size=30))
def test_windows_do_not_depend_on_the_pieces(bundle, cuts):
    recording = recorded("neutral", "happy", "sad")
    values = recording.track.values
    edges = [0, *sorted(set(cuts)), len(values)]
    pieces = [EegChunk(low / RATE, values[low:high], EPOC14, RATE) for low, high in pairwise(edges)]
    whole = streamed(chunks(recording), bundle)
    parts = streamed(pieces, bundle)
    assert len(whole) == len(parts) == 33
    for one, other in zip(whole, parts, strict=True):
        assert one.moments[0].estimates["eeg"].outcome == other.moments[0].estimates["eeg"].outcome
        np.testing.assert_allclose(one.moments[0].fused, other.moments[0].fused, atol=1e-6)


def test_a_gap_is_an_outcome_and_what_follows_is_read(bundle):
    values = rhythm("happy", 12)
    items = [
        EegChunk(0.0, values[:1200], EPOC14, RATE),
        Damage(6.0, "eeg", "LSL stream helmet was lost; trying again"),
        EegChunk(12.0, values[1200:], EPOC14, RATE),
    ]
    windows = streamed(items, bundle)
    found = answers(windows)
    assert found[0] == found[-1] == "happy"
    assert found[16] == "NoSignal"  # 8 to 10 s
    assert [o.kind for w in windows for o in w.outcomes] == ["Undecodable"]


def test_another_device_may_take_over(bundle):
    """After a reconnection the rate may be another one: no crash, the new signal counts."""
    items = [
        EegChunk(0.0, rhythm("sad", 5), EPOC14, RATE),
        EegChunk(6.0, rhythm("fear", 6, rate=128), EPOC14, 128.0),
    ]
    assert answers(streamed(items, bundle))[-1] == "fear"


@pytest.mark.parametrize(
    ("spoil", "expected", "quality"),
    [
        ("one flat", "sad", 13 / 14),
        ("one saturated", "sad", 13 / 14),
        ("three missing", "sad", 11 / 14),
        ("nine not a number", "NoSignal", 5 / 14),
        ("all flat", "NoSignal", 0),
    ],
)
def test_bad_electrodes_lower_quality_until_nothing_is_left(bundle, spoil, expected, quality):
    values, channels = rhythm("sad", 8), list(EPOC14)
    if spoil == "one flat":
        values[:, 3] = 0
    elif spoil == "one saturated":
        values[:, 3] = np.clip(100 * values[:, 3], -300, 300)
    elif spoil == "three missing":
        values, channels = values[:, 3:], channels[3:]
    elif spoil == "nine not a number":
        values[:, :9] = np.nan
    else:
        values[:] = 5.0
    recording = make_recording(values, rate_hz=RATE, channels=channels)
    windows = streamed(chunks(recording), bundle)
    middle = windows[len(windows) // 2].moments[0].estimates["eeg"]
    assert answers(windows)[len(windows) // 2] == expected
    if middle.outcome != "NoSignal" or spoil == "nine not a number":
        assert middle.quality == pytest.approx(quality, abs=0.01)


def test_too_little_and_too_slow(bundle):
    short = make_recording(rhythm("sad", 1.5), rate_hz=RATE, channels=EPOC14)
    assert answers(streamed(chunks(short), bundle)) == ["TooShort"]
    slow = make_recording(rhythm("sad", 8, rate=90), rate_hz=90, channels=EPOC14)
    with pytest.raises(InputError, match="needs more than 98 Hz"):
        streamed(chunks(slow), bundle)


def test_a_file_the_model_was_trained_on_is_marked(tmp_path):
    pytest.importorskip("mne")
    path = write_fif(tmp_path / "made_raw.fif", recorded("sad"))
    key = digest_key(bytes.fromhex(file_sha256(path)))
    bundle = rhythm_bundle(tmp_path, training_keys=(key,))
    assert emofuse.analyse(path, models=[bundle.folder]).stamps == ("IN-SAMPLE (eeg)",)


def test_a_bad_recording_is_named_in_the_notes(clip):
    recording = recorded("sad")
    values = recording.track.values.copy()
    values[:, 2] = 0
    flat = make_recording(values, rate_hz=RATE, channels=EPOC14, source="helmet.edf")
    notes = emofuse.analyse(clip, eeg=flat, modalities=("voice", "eeg")).notes
    assert "EEG from helmet.edf" in notes
    assert f"EEG not used: {EPOC14[2]} (flat)" in notes


def test_the_wearer_is_unknown_with_several_people(bundle):
    from emofuse.analysis.combine import Combiner
    from emofuse.analysis.sense import Evidence

    options = emofuse.analysis.Options(modalities=("face", "eeg"))
    combiner = Combiner(options, {"eeg": bundle}, emofuse.core.label_set("basic7"))
    eeg = Evidence(np.log(np.array([0.1, 0.7, 0.1, 0.1])), coverage=1.0, quality=1.0)
    face = Evidence(None, 1.0, 1.0, "ModelAbsent")
    one = combiner.moments({"face": {"face-1": face}, "eeg": {"scene": eeg}})[1]
    assert {m.person for m in one if m.estimates["eeg"].probabilities is not None} == {"face-1"}
    faces = {"face-1": face, "face-2": face}
    two = combiner.moments({"face": faces, "eeg": {"scene": eeg}})[1]
    assert {m.person for m in two if m.estimates["eeg"].probabilities is not None} == {"scene"}
    silent = {"scene": replace(eeg, log_prob=None, outcome="NoSignal")}
    none = combiner.moments({"face": faces, "eeg": silent})[1]
    assert all(m.fused is None for m in none)
