"""Robustness: the changes are what they say, and the table shows what they do."""

from __future__ import annotations

import json
from functools import partial
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from scipy.signal import welch

pytest.importorskip("torch", reason="needs the train extra")

from emofuse.core import InputError, log_softmax
from emofuse.evaluation import score_condition, write_robustness_plot
from emofuse.perception.voice import speech_level_db
from emofuse.systems import robustness_face, robustness_voice
from emofuse.systems.robustness import record_robustness
from emofuse.systems.robustness_changes import (
    PICTURES,
    SOUNDS,
    Change,
    add_noise,
    amplify,
    reverberate,
    telephone,
)
from emofuse.systems.robustness_missing import missing_scores
from emofuse.systems.robustness_table import Table, answered_score, write_table
from emofuse.training.fusers import Streams

RATE = 16_000


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def tones():
    """Two seconds of tones below, inside and above the telephone's band."""
    t = np.arange(2 * RATE) / RATE
    return (0.05 * sum(np.sin(2 * np.pi * hz * t) for hz in (100, 1000, 6000))).astype(np.float32)


def power_at(samples, hz):
    frequency, density = welch(samples, RATE, nperseg=4096)
    return density[np.abs(frequency - hz).argmin()]


@pytest.mark.parametrize("snr_db", [20, 10, 0])
def test_noise_has_the_stated_distance_to_speech(rng, tones, snr_db):
    noise = add_noise(tones, rng, snr_db=snr_db) - tones
    found = speech_level_db(tones) - 10 * np.log10(np.mean(noise**2))
    assert found == pytest.approx(snr_db, abs=0.1)
    assert power_at(noise, 200) > 5 * power_at(noise, 4000), "pink: less power per hertz above"


def test_a_telephone_keeps_its_band(rng, tones):
    heard = telephone(tones, rng)
    assert power_at(heard, 1000) == pytest.approx(power_at(tones, 1000), rel=0.1)
    for hz in (100, 6000):
        assert power_at(heard, hz) < 1e-3 * power_at(tones, hz)


def test_a_room_goes_on_after_the_sound(rng):
    click = np.zeros(RATE, np.float32)
    click[0] = 1
    heard = reverberate(click, rng, decay_seconds=0.5)
    assert heard[0] > 0.9
    early, late = (heard[a : a + 800] ** 2 for a in (400, 7200))
    assert 10 * np.log10(early.mean() / late.mean()) == pytest.approx(60 * 6800 / 8000, abs=3)


def test_loud_clips_and_quiet_rounds(rng, tones):
    assert np.abs(amplify(tones * 5, rng, gain_db=20)).max() == 1
    quiet = amplify(tones, rng, gain_db=-20)
    np.testing.assert_allclose(quiet, tones / 10, atol=1 / 32_767)


@pytest.mark.parametrize("change", SOUNDS, ids=lambda c: f"{c.condition} {c.level}")
def test_sounds_keep_their_form_and_can_be_made_again(change, tones):
    first, again = (change.apply(tones, np.random.default_rng(3)) for _ in range(2))
    assert first.shape == tones.shape and first.dtype == np.float32
    np.testing.assert_array_equal(first, again)
    assert (change.condition == "clean") == np.array_equal(first, tones)


@pytest.mark.parametrize("change", PICTURES, ids=lambda c: f"{c.condition} {c.level}")
def test_pictures_keep_their_form_and_can_be_made_again(change):
    picture = np.random.default_rng(1).integers(0, 256, (48, 48)).astype(np.uint8)
    picture = cv2.GaussianBlur(picture, (0, 0), 1.5)
    before = picture.copy()
    first, again = (change.apply(picture, np.random.default_rng(3)) for _ in range(2))
    assert first.shape == picture.shape and first.dtype == np.uint8
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(picture, before)
    assert (change.condition == "clean") == np.array_equal(first, picture)


def test_a_condition_is_scored_on_all_and_on_what_was_answered():
    log_prob = log_softmax(np.array([[3.0, 0], [3.0, 0], [0.1, 0], [0, 0.1]]))
    found = score_condition(
        log_prob, np.array([0, 1, 0, 0]), answered=np.array([1, 1, 0, 0]), condition="noise"
    )
    assert (found.accuracy, found.abstained, found.accuracy_of_answers) == (0.5, 0.5, 0.5)
    nothing = score_condition(
        log_prob, np.zeros(4, int), answered=np.zeros(4, bool), condition="noise"
    )
    assert nothing.accuracy_of_answers is None and nothing.abstained == 1


def test_too_little_coverage_or_certainty_is_no_answer():
    log_prob = log_softmax(np.array([[3.0, 0, 0, 0], [3.0, 0, 0, 0], [0.1, 0, 0, 0]]))
    found = answered_score(
        log_prob, np.zeros(3, int), coverage=np.array([1, 0.1, 1]), condition="made"
    )
    assert found.abstained == pytest.approx(2 / 3)


def test_voice_scores_fall_when_the_voice_drowns(rng):
    """A network that hears which of two tones it is, until noise covers them."""
    t = np.arange(3 * RATE) / RATE
    truth = np.arange(12) % 2
    sounds = [(0.1 * np.sin(2 * np.pi * (300, 3000)[k] * t)).astype(np.float32) for k in truth]

    def network(features):
        low, high = features[:, :, 4:9].mean((1, 2)), features[:, :, 30:35].mean((1, 2))
        return np.stack([low - high, high - low], 1)

    folds = [robustness_voice.Fold(network, 1.0, np.arange(12))]
    drowned = Change("noise", "-40 dB", partial(add_noise, snr_db=-40))
    changes = [*(c for c in SOUNDS if c.condition in ("clean", "telephone")), drowned]
    clean, heard, lost = robustness_voice.voice_scores(folds, sounds, truth, changes=changes)
    assert clean.accuracy == heard.accuracy == 1
    assert lost.accuracy == 0.5 and lost.nll > clean.nll
    assert clean.abstained == 1, "a tone is not speech"


def test_face_scores_of_a_stub_that_looks_at_the_left_half(tmp_path, monkeypatch):
    monkeypatch.setenv("EMOFUSE_RUNS", str(tmp_path))
    pictures = np.random.default_rng(0).integers(0, 90, (8, 48, 48)).astype(np.uint8)
    truth = np.arange(8) % 2
    pictures[truth == 1, :, 2:22] += 120

    part = SimpleNamespace(front_end="aligned_gray", parameters={"size": 64, "margin": 1.0})

    def logits(images):
        difference = images[:, 0, :, 4:28].mean((1, 2)) - images[:, 0, :, 36:].mean((1, 2))
        return 5 * np.stack([0.8 - difference, difference - 0.8], 1)

    bundle = SimpleNamespace(
        spec=SimpleNamespace(inputs=[part]), logits=logits, calibrated=log_softmax
    )
    found = {
        (one.condition, one.level): one
        for one in robustness_face.face_scores(bundle, pictures, truth)
    }
    assert len(found) == len(PICTURES)
    assert found["clean", ""].accuracy == 1 and found["clean", ""].abstained == 1, "no face in it"
    assert found["covered", "left half"].accuracy == 0.5
    assert found["blur", "1 px"].accuracy == 1


def test_a_missing_modality_costs_what_it_knew():
    rng = np.random.default_rng(0)
    n, c = 400, 4
    truth = rng.integers(0, c, n)
    sharp, dull = (k * np.eye(c)[truth] + rng.normal(0, 1, (n, c)) for k in (3.0, 1.0))
    streams = Streams(
        log_probs=np.stack([log_softmax(sharp), log_softmax(dull)]),
        systems=("voice", "face"),
        label_set=SimpleNamespace(name="made", labels=tuple("abcd")),
        clips=np.arange(n).astype(str),
        persons=np.repeat(np.arange(8), 50).astype(str),
        truth=truth,
        folds=np.repeat([0, 1], n // 2),
        role=np.array(["out_of_fold"] * n, dtype=object),
    )
    scores = {one.condition: one for one in missing_scores(streams)}
    both, voice, face = (scores[k] for k in ("both", "face missing", "voice missing"))
    assert both.accuracy >= voice.accuracy > face.accuracy
    assert face.abstained > voice.abstained


def test_files_of_a_table(tmp_path):
    pytest.importorskip("matplotlib", reason="needs the plot extra")
    rows = tuple(
        score_condition(
            log_softmax(np.eye(3)), np.arange(3), answered=np.ones(3), condition=name, level="1 dB"
        )
        for name in ("clean", "noise")
    )
    path = write_table(Table("made", "Made", rows, 1 / 3, "none"), tmp_path / "out")
    record = json.loads(path.read_text(encoding="utf-8"))
    assert [row["condition"] for row in record["rows"]] == ["clean", "noise"]
    assert record["answers_need"] == {"probability": 0.4, "coverage": 0.3}
    assert sorted(p.name for p in path.parent.iterdir()) == ["made.json", "made.png"]
    plot = write_robustness_plot(rows, tmp_path / "again.png", title="Made", chance=1 / 3)
    assert cv2.imread(str(plot)).shape[1] >= 900


def test_unknown_table(tmp_path):
    with pytest.raises(InputError, match="missing"):
        record_robustness("smell", tmp_path, tmp_path)
