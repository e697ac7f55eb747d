"""The person baseline: each person against their own average, stamped, and off by default."""

from __future__ import annotations

import numpy as np
import pytest

import emofuse
from emofuse.analysis import Options
from emofuse.analysis.adapt import (
    MIN_WINDOWS,
    SHARE,
    Baseline,
    RememberingCombiner,
    adapt_windows,
    enrolment,
    measure_baselines,
)
from emofuse.analysis.sense import Evidence
from emofuse.core import SCENE, InputError, Window, label_set, log_softmax
from emofuse.media import write_example
from test_analysis_combine import LABELS, bundle

SIDE_BY_SIDE = Options(adapt="person", window_seconds=2.0, hop_seconds=2.0)
LEANING = np.array([0.0, 0.0, 3.0, 0.0, 0.0, 0.0, 0.0])  # looks sad at rest


def windows_of(rows, *, prior=None, person="person-1", voice=None):
    """Windows of one person whose face says `rows` (W, C) log-odds, and the combiner behind."""
    bundles = {"face": bundle(prior=prior), "voice": bundle()}
    combiner = RememberingCombiner(SIDE_BY_SIDE, bundles, LABELS)
    found = []
    for i, row in enumerate(rows):
        evidence = {"face": {person: Evidence(log_softmax(row), 1.0, 1.0)}}
        if voice is not None:
            evidence["voice"] = {SCENE: Evidence(log_softmax(voice[i]), 1.0, 1.0)}
        owner, moments = combiner.moments(evidence)
        found.append(Window(i, 2 * i, 2 * i + 2, tuple(moments), voice_owner=owner))
    return found, combiner


def expressed(n=8, strength=2.0):
    """Log-odds of a person who shows each of the labels in turn."""
    return strength * np.eye(len(LABELS))[np.arange(n) % len(LABELS)]


def answers(windows):
    return np.array([window.moments[0].fused for window in windows])


def test_half_of_a_leaning_that_is_always_there_is_taken_out():
    shown = expressed(14)
    leaning, combiner = windows_of(shown + LEANING)
    average = log_softmax(shown + LEANING).mean(0)
    expected, _ = windows_of(shown + LEANING - SHARE * average)
    assert (answers(leaning).argmax(1) == 2).all(), "unadapted, everything looks sad"
    adapted = adapt_windows(leaning, combiner)
    np.testing.assert_allclose(answers(adapted.windows), answers(expected), atol=1e-9)
    assert (answers(adapted.windows).argmax(1) == np.arange(14) % 7).all()
    assert adapted.stamps == ("PERSON-ADAPTED",)
    assert "face of person-1 (28 s)" in adapted.notes[0]


@pytest.mark.parametrize("prior", [None, (0.4, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1)])
def test_who_shows_one_thing_throughout_still_shows_it_but_less(prior):
    windows, combiner = windows_of(np.tile(LEANING, (6, 1)), prior=prior)
    found = answers(adapt_windows(windows, combiner).windows)
    assert (found.argmax(1) == 2).all()
    assert (found[:, 2] < answers(windows)[:, 2]).all()


@pytest.mark.parametrize("prior", [None, (0.4, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1)])
def test_somebody_without_a_leaning_is_left_alone(prior):
    """An average that is the training prior says nothing about a person."""
    flat = np.log(np.full(7, 1 / 7) if prior is None else np.array(prior))
    windows, combiner = windows_of(np.tile(flat, (6, 1)), prior=prior)
    found = adapt_windows(windows, combiner)
    np.testing.assert_allclose(answers(found.windows), answers(windows), atol=1e-9)


def test_the_voice_belongs_to_the_speaker_and_words_are_left_alone():
    shown = expressed(14)
    windows, combiner = windows_of(shown, voice=shown + LEANING)
    found = measure_baselines(windows, combiner)
    assert set(found) == {("face", "person-1"), ("voice", "person-1")}
    adapted = adapt_windows(windows, combiner).windows[0].moments[0]
    average = log_softmax(shown + LEANING).mean(0)
    expected = log_softmax(shown[0] + LEANING - SHARE * average)
    np.testing.assert_allclose(np.log(adapted.estimates["voice"].probabilities), expected)


def test_too_few_windows_are_left_as_they_are_with_a_warning():
    windows, combiner = windows_of(expressed(MIN_WINDOWS - 1) + LEANING)
    with pytest.warns(UserWarning, match="too few"):
        found = adapt_windows(windows, combiner)
    assert found.stamps == ()
    np.testing.assert_array_equal(answers(found.windows), answers(windows))
    assert "not adapted" in found.notes[0]


def test_windows_that_overlap_count_by_the_time_they_cover():
    """Seven windows of 2 s every 0.5 s are 5 s, less than four windows side by side."""
    windows, combiner = windows_of(expressed(7) + LEANING)
    combiner.options = Options(adapt="person", window_seconds=2.0, hop_seconds=0.5)
    with pytest.warns(UserWarning, match="5 s are too few.*8 s are needed"):
        assert adapt_windows(windows, combiner).stamps == ()


def test_an_enrolment_recording_gives_the_average_instead():
    enrolling, other = windows_of(expressed(7) + LEANING)
    baselines = enrolment(enrolling, other, file="enrol.mp4")
    assert baselines["face"].seconds == 14
    sad = np.tile(LEANING + 2 * np.eye(7)[2], (5, 1))
    windows, combiner = windows_of(sad)
    found = adapt_windows(windows, combiner, enrolled=baselines)
    assert (answers(found.windows).argmax(1) == 2).all(), "sadder than the enrolled average"
    resting = adapt_windows(*windows_of(np.tile(LEANING, (5, 1))), enrolled=baselines)
    assert answers(resting.windows).max() < answers(found.windows).max()
    assert any("enrolment" in note for note in found.notes)


def test_an_enrolment_recording_of_nobody_is_refused():
    windows, combiner = windows_of(expressed(2))
    with pytest.raises(InputError, match=r"enrol\.mp4.*too short"):
        enrolment(windows, combiner, file="enrol.mp4")


def test_only_the_person_seen_most_is_taken_for_the_enrolled_one():
    combiner = RememberingCombiner(SIDE_BY_SIDE, {"face": bundle()}, LABELS)
    windows = []
    for i in range(5):
        faces = {"person-1": Evidence(log_softmax(LEANING), 1.0, 1.0)}
        if i == 0:
            faces["person-2"] = Evidence(log_softmax(LEANING), 1.0, 1.0)
        owner, moments = combiner.moments({"face": faces})
        windows.append(Window(i, i, i + 2, tuple(moments), voice_owner=owner))
    found = adapt_windows(windows, combiner, enrolled={"face": Baseline(log_softmax(LEANING), 9)})
    first, second = found.windows[0].moments[:2]
    assert first.fused[2] < windows[0].moments[0].fused[2]
    np.testing.assert_array_equal(second.fused, windows[0].moments[1].fused)


@pytest.mark.parametrize(
    ("given", "adapt"), [({}, ""), ({"adapt": "person"}, "person"), ({"enrol": "me.wav"}, "person")]
)
def test_options(given, adapt):
    assert Options(**given).adapt == adapt


def test_other_words_and_live_use_are_refused(tmp_path):
    with pytest.raises(ValueError, match="adapt"):
        Options(adapt="group")
    with pytest.raises(ValueError, match="analyse"):
        next(emofuse.stream([], tracks=(), adapt="person"))


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    return write_example(tmp_path_factory.mktemp("example") / "example.mp4")


def test_a_recording_is_adapted_only_when_asked_for(example):
    options = {"modalities": ("voice",), "window_seconds": 1.0, "hop_seconds": 0.25}
    plain = emofuse.analyse(example, **options)
    adapted = emofuse.analyse(example, adapt="person", **options)
    assert "PERSON-ADAPTED" not in plain.stamps
    assert len(plain) == len(adapted)
    if not any(part.mask.any() for part in plain.persons):
        pytest.skip("no voice model is shipped")
    assert "PERSON-ADAPTED" in adapted.stamps
    for before, after in zip(plain.persons, adapted.persons, strict=True):
        np.testing.assert_array_equal(before.mask, after.mask)
    enrolled = emofuse.analyse(example, enrol=example, **options)
    for own, other in zip(adapted.persons, enrolled.persons, strict=True):
        np.testing.assert_allclose(own.fused, other.fused, atol=1e-9)
    assert label_set("basic7") == adapted.label_set
