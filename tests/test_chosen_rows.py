"""Face and face + voice with candidates chosen inside: on a made table of the published form."""

from __future__ import annotations

import json
import warnings
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="needs the research extra")

from emofuse.core import OUT_OF_FOLD, InputError, Posteriors, label_set
from emofuse.posteriors import read_posteriors, write_posteriors
from emofuse.systems import au_better, voice_au
from emofuse.systems.audit.xlsr_data import FeatureTable

PERSONS, EACH = 10, 16
CONFIG = au_better.Config(components=16, copies=1)


def made_table() -> FeatureTable:
    """Ten persons in five folds; the label shows in the columns, under the person's own offset."""
    rng, labels = np.random.default_rng(0), label_set("ravdess8")
    persons = np.repeat(np.arange(PERSONS), EACH)
    truth = np.tile(np.arange(8), len(persons) // 8)
    shown, own = rng.normal(size=(8, 35)), 1.5 * rng.normal(size=(PERSONS, 35))
    features = 6 + 0.5 * shown[truth] + own[persons] + 0.4 * rng.normal(size=(len(persons), 35))
    return FeatureTable(
        np.maximum(features, 0),
        tuple(f"clip{i:03d}" for i in range(len(persons))),
        tuple(f"p{p}" for p in persons),
        truth,
        persons // 2,
        labels,
    )


@pytest.fixture
def table(monkeypatch) -> FeatureTable:
    made = made_table()

    class Made:
        action_units = made
        plan = type("Plan", (), {"hash": "made"})

        def __init__(self, data_dir):
            pass

    monkeypatch.setattr(au_better, "Published", Made)
    monkeypatch.setattr(voice_au, "Published", Made)
    monkeypatch.setattr(
        voice_au, "clip_functionals", lambda _: dict(zip(made.clips, made.features, strict=True))
    )
    monkeypatch.setattr(au_better, "SEEDS", (0, 1))
    return made


def test_adapted_features_know_nothing_of_the_persons_offset():
    made = made_table()
    moved = made.features + 3.0 * (np.array(made.subjects) == "p4")[:, None]
    roots = [features**2 for features in (made.features, moved)]  # square roots are taken inside
    first, second = (au_better.adapted_features(r, made.subjects) for r in roots)
    assert first.shape == (PERSONS * EACH, 105)
    np.testing.assert_allclose(first, second, atol=1e-9)


def test_no_other_person_changes_a_persons_adapted_features():
    made = made_table()
    alone = np.array(made.subjects) == "p3"
    whole = au_better.adapted_features(made.features, made.subjects)[alone]
    part = au_better.adapted_features(made.features[alone], np.array(made.subjects)[alone])
    np.testing.assert_allclose(whole, part)


def test_action_units_are_recorded(table, tmp_path):
    path = au_better.record_action_units("action-units", tmp_path, tmp_path, config=CONFIG)
    record = json.loads(path.read_text(encoding="utf-8"))
    plain, adapted = record["rows"]["plain"], record["rows"]["person_adapted"]
    assert adapted["scores"]["accuracy"] > 0.9 > plain["scores"]["accuracy"] > 0.2
    assert (plain["stamps"], adapted["stamps"]) == ([], ["PERSON-ADAPTED"])
    assert plain["seeds"] == 2
    assert len(plain["persons"]) == PERSONS
    answers = read_posteriors(tmp_path / "posteriors/action-units-5fold.parquet")
    assert set(answers.role) == {OUT_OF_FOLD}
    assert answers.stamps == ()


def voice_answers(table: FeatureTable, *, strength: float = 2.0) -> Posteriors:
    logits = np.random.default_rng(1).normal(size=(len(table.truth), 8))
    return Posteriors(
        clips=table.clips[::-1],
        values=(logits + strength * np.eye(8)[table.truth])[::-1],
        label_set=table.label_set,
        scale="logit",
        system="voice-ravdess",
        role=OUT_OF_FOLD,
        fold=table.folds[::-1],
        truth=table.truth[::-1],
        subjects=table.subjects[::-1],
    )


def test_both_are_better_than_one(table, tmp_path):
    voice = voice_answers(table)
    write_posteriors(voice, tmp_path / voice_au.VOICE_ANSWERS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = voice_au.record_voice_au("voice-au", tmp_path, tmp_path, config=CONFIG)
    record = json.loads(path.read_text(encoding="utf-8"))
    rows = record["rows"]
    alone = record["voice_alone"]["accuracy"]
    assert rows["plain"]["scores"]["accuracy"] > alone
    assert rows["person_adapted"]["scores"]["accuracy"] > rows["plain"]["scores"]["accuracy"]
    assert rows["plain, stacking"]["stamps"] == []
    assert rows["plain, concatenation"]["scores"]["accuracy"] > 0.2


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda voice: voice.select(np.arange(len(voice)) > 3), "lacks 4 clips"),
        (lambda voice: replace(voice, fold=(voice.fold + 1) % 5), "folds are not"),
    ],
)
def test_voice_answers_of_another_protocol_are_refused(table, change, reason):
    rows = au_better.rows_of(table)
    with pytest.raises(InputError, match=reason):
        voice_au.voice_stream(change(voice_answers(table)), rows)
