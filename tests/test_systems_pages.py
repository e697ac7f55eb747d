"""The pages that list the systems: scores, checks, what the authors' own files decide."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")

from emofuse.core import Clip  # noqa: E402
from emofuse.corpora import Manifest  # noqa: E402
from emofuse.systems import overfit as checking  # noqa: E402
from emofuse.systems.audit import audit_page  # noqa: E402
from emofuse.systems.catalogue import system_rows, systems_page  # noqa: E402
from emofuse.systems.registry import SYSTEMS, system  # noqa: E402
from emofuse.training.examples import Examples, Input  # noqa: E402

TWO_STREAM = {
    "form": "published",
    "stream": "audio",
    "audio_net": "1d",
    "video_net": "face",
    "audio_epochs": 20,
    "video_epochs": 10,
}


def result(settings: dict, **changed) -> dict:
    return {
        "date": "2026-01-01",
        "corpus": "ravdess",
        "protocol": "ravdess-scuri",
        "settings": settings,
        "stamps": [],
        "n": 224,
        "persons": [{"person": "01", "accuracy": 0.5}, {"person": "02", "accuracy": 0.25}],
        "scores": {"accuracy": 0.4, "uar": 0.3, "ece": 0.1},
        **changed,
    }


def pages(tmp_path, **results) -> tuple[str, str]:
    """The page of systems and the page of audits of results by file name."""
    for name, content in results.items():
        (tmp_path / f"{name.replace('_', '-')}.json").write_text(json.dumps(content))
    rows = system_rows(tmp_path)
    return systems_page(rows), audit_page(rows, tmp_path / "audit")


def row_of(page: str, name: str) -> list[str]:
    line = next(line for line in page.splitlines() if line.startswith(f"| `{name}`"))
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_scores_are_listed_with_stamps_worst_person_and_changed_settings(tmp_path):
    listed, _ = pages(tmp_path, two_stream={"runs": [result(TWO_STREAM, stamps=["LEAKY"])]})
    assert all(f"## {name}" in listed for name in SYSTEMS)
    wanted = "accuracy 40.00 %, UAR 30.00 %, ECE 10.0 %, worst person 25.0 %. LEAKY."
    assert wanted in listed
    assert "Settings: form published, stream audio, audio_net 1d, audio_epochs 20." in listed


def test_nobody_is_worst_where_nobody_is_told_apart(tmp_path):
    listed, _ = pages(tmp_path, two_stream={"runs": [result(TWO_STREAM, persons=[])]})
    assert "ECE 10.0 %. HONEST." in listed


def test_every_network_of_a_system_has_its_newest_number(tmp_path):
    runs = [
        result(TWO_STREAM),
        result({**TWO_STREAM, "audio_net": "2d"}, scores={"accuracy": 0.1, "uar": 0, "ece": 0}),
        result(
            {**TWO_STREAM, "audio_net": "2d", "audio_epochs": 5},
            scores={"accuracy": 0.45, "uar": 0, "ece": 0},
            stamps=["BAND-LIMITED"],
        ),
    ]
    _, audited = pages(tmp_path, two_stream={"runs": runs})
    _, claimed, published, honest, stamps = row_of(audited, "two-stream")
    assert published == (
        "40.00 (ravdess, ravdess-scuri, audio, 1d, audio epochs 20); "
        "45.00 (ravdess, ravdess-scuri, audio, 2d, audio epochs 5)"
    )
    assert (claimed, honest, stamps) == ("76.34", "–", "BAND-LIMITED")


def test_the_authors_posteriors_fill_what_is_not_trained_here(tmp_path):
    found = [
        {"name": "wav2vec2", "as_published": 81.82, "honest": None},
        {
            "name": "weighted log-linear pool (wav2vec2 + au-bilstm + au-mlp80)",
            "as_published": None,
            "honest": 87.43,
        },
    ]
    columns = ("claimed", "strict", "person_adapted", "stamp", "n")
    rows = [{**dict.fromkeys(columns), **row} for row in found]
    record = {"system": "xlsr-au-fusion", "date": "2026-01-01", "command": "c", "rows": rows}
    (tmp_path / "audit").mkdir()
    (tmp_path / "audit" / "xlsr-au-fusion.json").write_text(json.dumps(record))
    _, audited = pages(tmp_path)
    assert row_of(audited, "xlsr-finetune")[2] == "81.82 (their posteriors)"
    assert row_of(audited, "xlsr-au-fusion")[3] == "87.43 (their posteriors)"
    assert row_of(audited, "mel-transformer")[2:4] == ["–", "–"]


def test_an_overfit_check_is_told_apart_from_a_score(tmp_path):
    check = {
        "answered_rightly": 60,
        "clips": 60,
        "training_accuracy_by_epoch": [0.5, 1.0],
        "stamp": checking.STAMP,
    }
    record = {"date": "2026-01-01", "checks": {"it, honest": check}}
    listed, audited = pages(tmp_path, **{"av-hybrid-fusion-overfit": record})
    line = (
        "it, honest: 60 of 60 of its own training clips answered rightly after 2 epochs "
        f"({checking.STAMP})"
    )
    assert line in listed and line in audited
    assert row_of(audited, "av-hybrid-fusion")[2:4] == ["–", "–"], "a check is no score"


def test_a_network_is_asked_about_the_clips_it_was_trained_on(tmp_path, monkeypatch):
    """Sixteen clips whose label is which unit moves: all are known after training."""
    entry = system("au-bilstm")
    labels = entry.label_set(entry.options())
    clips = tuple(Clip(f"c{i}", "made", label=labels.labels[i % 8]) for i in range(16))
    values = [np.tile(3 * np.eye(35, dtype=np.float32)[i % 8], (4, 1)) for i in range(16)]
    units = Input("units", values, mask="mask")
    examples = Examples(clips, labels, (units,), np.arange(16) % 8)
    monkeypatch.setattr(checking, "system", lambda name: replace(entry, read=lambda *_: examples))
    facts, counts, history = checking.overfit(
        "au-bilstm",
        Manifest("made", tmp_path, clips, labels),
        {"epochs": 20, "batch_size": 4, "hidden": 16, "learning_rate": 1e-2, "dropout": 0.0},
        folder=tmp_path / "run",
    )
    assert facts["answered_rightly"] == facts["clips"] == counts.trace() == 16
    assert facts["stamp"] == checking.STAMP
    assert len(facts["training_accuracy_by_epoch"]) == len(history) == 20
    assert set(history[0]) == {"epoch", "train_part_loss", "train_part_accuracy"}
