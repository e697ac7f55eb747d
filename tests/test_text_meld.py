"""MELD with lines before it: on made lines quickly; nothing of test is looked at while choosing."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="needs the research extra")

from emofuse.core import Clip, LabelSet
from emofuse.corpora.synth import write_synth
from emofuse.systems.text_meld import Lines, Reader, Settings, chosen, logits, record_meld
from emofuse.training.text_linear import count_matrix

LABELS = LabelSet("two", ("calm", "loud"))
PARAMETERS = {"bits": 10, "word_ngrams": [1, 1], "char_ngrams": [2, 3]}


def made(count: int, *, seed: int) -> Lines:
    """Dialogues of two lines; the first says what the second line's label is."""
    rng = np.random.default_rng(seed)
    truth = np.repeat(rng.integers(0, 2, count // 2), 2)
    truth[::2] = rng.integers(0, 2, count // 2)
    words = ["quiet now", "shout now"]
    texts = [words[truth[row + 1]] if row % 2 == 0 else "well then" for row in range(count)]
    clips = tuple(
        Clip(
            id=f"d{row // 2}-u{row % 2}",
            corpus="made",
            subject=f"s{row % 3}",
            dialogue=f"d{row // 2:03d}",
            text=text,
            attributes={"utterance": str(row % 2)},
        )
        for row, text in enumerate(texts)
    )
    return Lines(clips, count_matrix(texts, PARAMETERS), rng.normal(size=(count, 7)), truth)


def test_the_line_before_is_that_of_the_same_dialogue():
    lines = made(12, seed=0)
    order = np.random.default_rng(1).permutation(12)
    mixed = Lines(
        tuple(lines.clips[row] for row in order),
        lines.counts[order],
        lines.answers[order],
        lines.truth[order],
    )
    for row, before in enumerate(mixed.before):
        clip = mixed.clips[row]
        if clip.attributes["utterance"] == "0":
            assert before == -1
        else:
            assert mixed.clips[before].id == clip.id.replace("u1", "u0")


def test_context_is_read_only_when_it_has_a_share():
    train, held_out = made(200, seed=0), made(80, seed=2)
    reader, second = Reader(train, LABELS), np.arange(80) % 2 == 1

    def right(settings: Settings) -> float:
        (answer,) = logits(reader, train, settings, [held_out])
        return float((answer.argmax(1) == held_out.truth)[second].mean())

    assert right(Settings()) < 0.8
    assert right(Settings(before=1.0)) == 1.0


def test_settings_are_chosen_on_validation():
    parts = {"train": made(200, seed=0), "validation": made(80, seed=2)}
    reader = Reader(parts["train"], LABELS)
    grid = {"before": (0.0, 1.0), "balance": (0.0, 0.1)}
    best, tried = chosen(reader, parts, grid, Settings())
    assert best.before == 1.0
    assert [next(iter(one)) for one in tried] == ["before", "before", "balance", "balance"]
    kept = replace(best, before=0.0)
    assert chosen(reader, parts, {"strength": (1.0,)}, kept)[0] == kept


def test_both_rows_are_recorded(tmp_path):
    write_synth("meld", tmp_path / "text/MELD", media=False)
    record = json.loads(record_meld("meld", tmp_path, tmp_path / "results").read_text("utf-8"))
    assert record["stamps"] == ["OFFICIAL"]
    alone, context = record["rows"]["line alone"], record["rows"]["with the line before"]
    assert alone["test"]["n"] == context["test"]["n"] == 21
    assert alone["test"]["weighted_f1"] > 0.5, "the words show the labels"
    assert alone["settings"]["before"] == alone["settings"]["speaker"] == 0.0
