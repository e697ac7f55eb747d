"""Fairness: gaps between groups and persons, and what must not change a shipped model's answer."""

from __future__ import annotations

import json

import numpy as np
import pytest

from emofuse.bundle import find_bundle, shipped_names
from emofuse.core import OUT_OF_FOLD, Posteriors, label_set
from emofuse.evaluation import group_gap, person_spread
from emofuse.media import read, write_example

LABELS = label_set("iemocap4")


def posteriors(right_by_person, *, clips=20, seed=0):
    """Every person with `clips` clips, of which the given share is answered rightly."""
    rng = np.random.default_rng(seed)
    rows = [(person, i, share) for person, share in right_by_person.items() for i in range(clips)]
    truth = rng.integers(0, len(LABELS), len(rows))
    right = np.array([i < round(share * clips) for _, i, share in rows])
    answer = np.where(right, truth, (truth + 1) % len(LABELS))
    return Posteriors(
        clips=tuple(f"{person}-{i}" for person, i, _ in rows),
        values=np.where(np.eye(len(LABELS))[answer] > 0, 0.7, 0.1),
        label_set=LABELS,
        scale="prob",
        system="made",
        role=OUT_OF_FOLD,
        truth=truth,
        subjects=tuple(person for person, _, _ in rows),
    )


def by_person(given, group_of):
    return {
        clip: group_of[person] for clip, person in zip(given.clips, given.subjects, strict=True)
    }


def test_a_gap_between_groups_is_found_and_bounded():
    given = posteriors({f"w{i}": 0.9 for i in range(8)} | {f"m{i}": 0.5 for i in range(8)})
    found = group_gap(given, "sex", by_person(given, {p: p[0] for p in given.subjects}))
    assert [group.value for group in found.groups] == ["m", "w"]
    assert found.gap == pytest.approx(0.4)
    assert found.low == pytest.approx(0.4) and found.high == pytest.approx(0.4)
    assert found.p < 0.01 and "permutation" in found.test
    assert [group.persons for group in found.groups] == [8, 8]
    assert found.groups[0].ece == pytest.approx(abs(0.7 - 0.5))


def test_one_odd_person_is_not_a_gap_between_groups():
    shares = {f"w{i}": 0.7 for i in range(6)} | {f"m{i}": 0.7 for i in range(5)} | {"m5": 0.1}
    given = posteriors(shares)
    found = group_gap(given, "sex", by_person(given, {p: p[0] for p in shares}))
    assert found.gap == pytest.approx(0.1)
    assert found.low <= 0 <= found.high or found.low == pytest.approx(0)
    assert found.p > 0.2


def test_a_value_that_every_person_has_is_compared_within_persons():
    given = posteriors({f"p{i}": 0.3 + 0.05 * i for i in range(8)})
    values = {clip: "strong" if int(clip.split("-")[1]) < 10 else "normal" for clip in given.clips}
    found = group_gap(given, "intensity", values)
    assert "paired" in found.test and found.p < 0.01
    assert [group.value for group in found.groups] == ["normal", "strong"]
    assert found.groups[0].n == found.groups[1].n == 80


def test_groups_that_cannot_be_compared():
    given = posteriors({"a": 0.5, "b": 0.6})
    with pytest.raises(ValueError, match="one group"):
        group_gap(given, "sex", dict.fromkeys(given.clips, "female"))


def test_person_spread_names_the_worst():
    found = person_spread(posteriors({"a": 0.5, "b": 0.9, "c": 0.7}))
    assert (found.worst, found.best) == ("a", "b")
    assert list(found.accuracies) == ["a", "c", "b"]
    assert found.sd == pytest.approx(0.2)


def test_fairness_of_the_action_units(tmp_path, data_dir):
    from emofuse.systems.fairness import record_fairness

    record = json.loads(record_fairness("action-units", data_dir, tmp_path).read_text())
    assert record["n"] == 1440 and record["accuracy"] == pytest.approx(0.584, abs=0.01)
    gaps = {gap["attribute"]: gap for gap in record["gaps"]}
    assert {group["value"] for group in gaps["sex"]["groups"]} == {"male", "female"}
    assert record["persons"]["persons"] == 24


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    return write_example(tmp_path_factory.mktemp("example") / "example.mp4")


def shipped(name):
    if name not in shipped_names():
        pytest.skip(f"{name} is not shipped")
    return find_bundle(name)


@pytest.mark.parametrize("gain_db", [-20, -6, 4])
def test_loudness_does_not_change_what_a_voice_says(example, gain_db):
    """Windows are brought to one level: log-probabilities agree within 0.05 nats."""
    from emofuse.media import load_audio
    from emofuse.perception.voice import FRONT_ENDS

    bundle = shipped("voice-ravdess")
    samples = load_audio(example)[: 4 * 16_000]
    assert np.abs(samples).max() * 10 ** (gain_db / 20) < 1, "nothing is clipped"
    part = bundle.spec.inputs[0]

    def answers(gain: float) -> np.ndarray:
        windows = [
            samples[start : start + 32_000] * np.float32(gain) for start in (0, 16_000, 32_000)
        ]
        features = [FRONT_ENDS[part.front_end](window, **part.parameters) for window in windows]
        return bundle.calibrated(bundle.logits(np.stack(features)))

    np.testing.assert_allclose(answers(10 ** (gain_db / 20)), answers(1.0), atol=0.05)


def test_a_mirrored_face_expresses_the_same(example):
    """Nobody's expression depends on the camera's side: the same answer, and probabilities that
    are on average within 0.1 (the network learned it from mirrored pictures, not by design)."""
    from emofuse.perception.face import FRONT_ENDS, FaceTracker

    bundle = shipped("face-fer")
    part = bundle.spec.inputs[0]
    tracker, other = FaceTracker(), FaceTracker()
    seen = []
    for item in list(read(example, audio=False))[:40:4]:
        pair = []
        for follow, image in ((tracker, item.image), (other, item.image[:, ::-1].copy())):
            (face,) = follow.update(image, seconds=item.seconds)
            crop = FRONT_ENDS[part.front_end](image, face.mesh, **part.parameters)
            pair.append(np.exp(bundle.calibrated(bundle.logits(crop[None])))[0])
        seen.append(pair)
    plain, mirrored = (np.mean(side, axis=0) for side in zip(*seen, strict=True))
    assert plain.argmax() == mirrored.argmax()
    assert np.abs(plain - mirrored).max() < 0.1
