"""`evaluate`, `compare` and the page they end in."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from emofuse.core import (
    IN_SAMPLE,
    OUT_OF_FOLD,
    Clip,
    PosteriorMismatch,
    Posteriors,
    label_set,
    softmax,
)
from emofuse.evaluation import clip_attributes, compare, evaluate, write_report

LABELS = label_set("ravdess8")


def make(n=80, skill=2.0, seed=0, system="ours") -> Posteriors:
    """`n` clips of 8 persons in 4 folds."""
    rng = np.random.default_rng(seed)
    truth = np.arange(n) % 8
    scores = rng.normal(size=(n, 8)) + skill * np.eye(8)[truth]
    persons = tuple(f"p{i // 8 % 8}" for i in range(n))
    return Posteriors(
        tuple(f"c{i:03d}" for i in range(n)),
        softmax(scores),
        LABELS,
        "prob",
        system,
        OUT_OF_FOLD,
        np.array([int(p[1]) // 2 for p in persons]),
        truth,
        persons,
    )


def test_accuracy_is_the_mean_of_fold_accuracies():
    posteriors = make()
    # One fold of 2 clips, both wrong, beside one of 78, all right.
    values = np.eye(8)[posteriors.truth]
    values[:2] = values[:2][:, ::-1]
    fold = np.where(np.arange(80) < 2, 0, 1)
    found = evaluate(replace(posteriors, values=values, fold=fold)).scores
    assert found["accuracy"] == pytest.approx(0.5)
    assert found["pooled_accuracy"] == pytest.approx(78 / 80)


def test_rows_on_training_clips_and_without_truth_never_count():
    posteriors = make()
    role = np.where(np.arange(80) < 40, IN_SAMPLE, OUT_OF_FOLD)
    truth = np.where(np.arange(80) < 50, -1, posteriors.truth)
    found = evaluate(replace(posteriors, role=role, truth=truth))
    assert found.n == 30 and np.sum(found.confusion) == 30
    with pytest.raises(PosteriorMismatch, match="nothing can be scored"):
        evaluate(replace(posteriors, role=IN_SAMPLE))


def test_the_worst_person_and_the_gap_are_found():
    posteriors = make(skill=9.0)
    values = posteriors.values.copy()
    bad = np.array(posteriors.subjects) == "p3"
    values[bad] = np.roll(values[bad], 1, axis=1)
    sex = {
        clip: "male" if p < "p4" else "female"
        for clip, p in zip(posteriors.clips, posteriors.subjects)
    }
    found = evaluate(replace(posteriors, values=values), attributes={"sex": sex, "age": {}})
    assert found.persons[0]["person"] == "p3" and found.persons[0]["accuracy"] < 0.2
    assert [g["value"] for g in found.groups["sex"]] == ["male", "female"]
    assert "age" not in found.groups
    assert any(name == "worst person" and value.startswith("p3") for name, value in found.rows())


def test_an_evaluation_is_plain_json_with_stamps():
    found = evaluate(
        replace(make(), stamps=("LEAKY",)), protocol="mine", stamps=("LEAKY", "OFFICIAL")
    )
    data = json.loads(found.to_json())
    assert data["stamps"] == ["LEAKY", "OFFICIAL"] and data["protocol"] == "mine"
    assert set(data["intervals"]) == {
        "accuracy over folds",
        "accuracy over persons",
        "UAR over persons",
    }


def test_compare_needs_the_same_clips_and_knows_better_from_worse():
    good, poor = make(skill=4.0, system="good"), make(skill=0.5, seed=1, system="poor")
    found = compare(poor, good)
    assert found.accuracy_b > found.accuracy_a and found.person_paired["low"] > 0
    assert found.mcnemar["p"] < 1e-3
    shuffled = good.select(np.random.default_rng(0).permutation(80))
    assert compare(poor, shuffled) == found
    with pytest.raises(PosteriorMismatch, match="same clips"):
        compare(poor, good.select(np.arange(70)))


class _Links(HTMLParser):
    def __init__(self):
        super().__init__()
        self.loads, self.text = [], []

    def handle_starttag(self, tag, attrs):
        self.loads += [
            v for k, v in attrs if k in ("src", "href", "xlink:href") and not v.startswith("#")
        ]
        if tag in ("script", "link", "iframe"):
            self.loads.append(tag)

    def handle_data(self, data):
        self.text.append(data)


def test_the_report_is_one_page_that_loads_nothing(tmp_path):
    evaluation = evaluate(
        replace(make(), system="<b>ours</b>"), protocol="ravdess-5fold", split_hash="abc123"
    )
    path = write_report(
        evaluation,
        tmp_path / "out" / "report.html",
        licence="CC BY-NC-SA 4.0",
        comparisons=[compare(make(system="theirs"), make(seed=3))],
        curves={"validation NLL": [2.0, 1.5, 1.4]},
        tables={"Streams": [{"system": "face", "accuracy": 0.5, "missing": None}]},
        notes=["a note"],
    )
    page = path.read_text(encoding="utf-8")
    parser = _Links()
    parser.feed(page)
    text = " ".join(parser.text)
    assert parser.loads == [] and "<b>ours</b>" not in page
    for expected in (
        "ravdess-5fold",
        "abc123",
        "CC BY-NC-SA 4.0",
        "HONEST",
        "a note",
        "Against theirs",
    ):
        assert expected in text
    assert page.count("<svg") == 3 and not re.search(r"\bnan\b", text.casefold())
    assert [p.name for p in path.parent.iterdir()] == ["report.html"]


def test_the_same_evaluation_gives_the_same_page(tmp_path):
    evaluation = evaluate(make())
    pages = [write_report(evaluation, tmp_path / f"{i}.html").read_text() for i in range(2)]
    assert pages[0] == pages[1]


def test_several_labels_a_clip_are_sent_elsewhere():
    posteriors = make()
    several = replace(LABELS, multi_label=True)
    with pytest.raises(PosteriorMismatch, match="multi_label_scores"):
        evaluate(replace(posteriors, label_set=several))


def test_attributes_come_from_clips():
    clips = [Clip("a", "corpus", attributes={"sex": "female"}), Clip("b", "corpus")]
    assert clip_attributes(clips, "sex", "age") == {"sex": {"a": "female"}, "age": {}}
