"""Who gets the voice, and what fusion makes of the evidence."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emofuse.analysis.combine import Combiner
from emofuse.analysis.options import Options
from emofuse.analysis.sense import Evidence
from emofuse.analysis.speaker import voice_owner
from emofuse.core import SCENE, label_set

LABELS = label_set("basic7")


def bundle(labels="basic7", prior=None, nll=1.0):
    order = label_set(labels)
    prior = np.full(len(order), 1 / len(order)) if prior is None else np.asarray(prior)
    spec = SimpleNamespace(
        label_order=order, labels=order.labels, training_prior=prior, held_out_nll=nll
    )
    return SimpleNamespace(spec=spec)


def combiner(**bundles):
    made = {m: bundle(**given) for m, given in bundles.items()}
    return Combiner(Options(), made, LABELS)


def says(label, p=0.8, *, labels=LABELS, coverage=1.0, quality=1.0, **measures):
    values = np.full(len(labels), (1 - p) / (len(labels) - 1))
    values[labels.index(label)] = p
    return Evidence(np.log(values), coverage, quality, measures=measures)


def test_one_modality_alone_keeps_its_calibrated_answer():
    part = combiner(face={})
    _, (person, _) = part.moments({"face": {"person-1": says("happy")}})
    assert person.fused[LABELS.index("happy")] == pytest.approx(0.8)
    assert person.estimates["face"].contribution == pytest.approx(1.0)


def test_agreement_makes_surer_and_disagreement_less_sure():
    part = combiner(face={}, voice={})
    agree = part.moments({"face": {"p": says("sad")}, "voice": {SCENE: says("sad")}})[1][0]
    differ = part.moments({"face": {"p": says("sad")}, "voice": {SCENE: says("angry")}})[1][0]
    assert agree.fused.max() > 0.8 > differ.fused.max()
    assert agree.estimates["face"].contribution == pytest.approx(0.5)


def test_a_weaker_model_counts_less():
    part = combiner(face={"nll": 0.5}, voice={"nll": 1.6})
    moment = part.moments({"face": {"p": says("sad")}, "voice": {SCENE: says("angry")}})[1][0]
    assert LABELS.labels[moment.fused.argmax()] == "sad"
    assert moment.estimates["face"].weight > moment.estimates["voice"].weight


def test_the_training_prior_is_divided_out():
    """A model that says "neutral" as often as it was trained to has said nothing."""
    prior = np.full(7, 0.05)
    prior[0] = 0.7
    part = combiner(text={"prior": prior})
    (scene,) = part.moments({"text": {SCENE: Evidence(np.log(prior), 1.0, 1.0)}})[1]
    np.testing.assert_allclose(scene.fused, 1 / 7)
    assert scene.uncertain


def test_labels_are_carried_by_name_not_by_position():
    part = combiner(voice={"labels": "ravdess8-alphabetical"})
    evidence = says("disgust", labels=label_set("ravdess8-alphabetical"))
    (scene,) = part.moments({"voice": {SCENE: evidence}})[1]
    assert LABELS.labels[scene.fused.argmax()] == "disgust"


def test_low_coverage_is_uncertain():
    part = combiner(face={})
    moment = part.moments({"face": {"p": says("happy", 0.99, coverage=0.1)}})[1][0]
    assert moment.uncertain


def test_an_absent_modality_changes_nothing():
    part = combiner(face={}, voice={})
    alone = part.moments({"face": {"p": says("fear")}})[1][0]
    beside = part.moments(
        {"face": {"p": says("fear")}, "voice": {SCENE: Evidence(None, outcome="Silence")}}
    )[1][0]
    np.testing.assert_array_equal(alone.fused, beside.fused)
    assert beside.estimates["voice"].outcome == "Silence"
    assert beside.estimates["voice"].contribution == 0


def mouths(*motions):
    return {
        f"person-{i + 1}": Evidence(None, measures={"mouth_motion": motion})
        for i, motion in enumerate(motions)
    }


@pytest.mark.parametrize(
    ("faces", "owner"),
    [
        ({}, SCENE),
        ({SCENE: Evidence(None, outcome="NoFace")}, SCENE),
        (mouths(0.0), "person-1"),
        (mouths(0.05, 0.01), "person-1"),
        (mouths(0.01, 0.05, 0.02), "person-2"),
        (mouths(0.05, 0.04), SCENE),
        (mouths(0.004, 0.001), SCENE),
    ],
)
def test_the_voice_goes_to_whom_it_is_clear(faces, owner):
    assert voice_owner(faces) == owner


def test_an_unclear_voice_stays_with_the_scene_and_says_so():
    part = combiner(face={}, voice={})
    faces = {p: says("happy", mouth_motion=0.03) for p in ("person-1", "person-2")}
    owner, moments = part.moments({"face": faces, "voice": {SCENE: says("angry")}})
    by_person = {m.person: m for m in moments}
    assert owner == SCENE
    assert LABELS.labels[by_person[SCENE].fused.argmax()] == "angry"
    for person in faces:
        assert by_person[person].estimates["voice"].outcome == "SpeakerUnknown"
        assert LABELS.labels[by_person[person].fused.argmax()] == "happy"


@given(
    st.lists(st.floats(0.01, 1), min_size=21, max_size=21), st.floats(0.05, 1), st.floats(0.05, 1)
)
def test_fused_answers_are_distributions_and_shares_sum_to_one(values, coverage, quality):
    log_probs = np.log(np.array(values).reshape(3, 7))
    log_probs -= np.log(np.exp(log_probs).sum(1, keepdims=True))
    face, voice, text = (Evidence(row, coverage, quality) for row in log_probs)
    part = combiner(face={}, voice={}, text={})
    moment = part.moments({"face": {"p": face}, "voice": {SCENE: voice}, "text": {SCENE: text}})[1][
        0
    ]
    assert moment.fused.sum() == pytest.approx(1)
    assert sum(e.contribution for e in moment.estimates.values()) == pytest.approx(1)
