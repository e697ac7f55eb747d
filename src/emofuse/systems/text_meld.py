"""MELD, seven classes, by linear models of our own: a line alone, and a line among those before it.

`python -m emofuse.systems.text_meld meld --data DIR`. Not shipped (the transcripts are GPL-3.0).
A line is its hashed n-grams, scaled by what they tell (`training.text_linear`), and what the shipped
`text-ekman` answers to it; the second row adds the same of the line before, who speaks, and whether
he spoke before. Every setting is chosen by weighted F1 on the official validation part, one after
the other; test is read once a row.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from time import process_time

import numpy as np
from scipy.sparse import csr_matrix, hstack, vstack
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score

from emofuse.bundle import find_bundle
from emofuse.core import OUT_OF_FOLD, Clip, LabelSet, Posteriors
from emofuse.corpora import read_corpus
from emofuse.protocols import best_temperature, plan_splits
from emofuse.training.runs import write_text
from emofuse.training.scores import calibrated
from emofuse.training.ship import machine
from emofuse.training.text_linear import count_matrix, log_ratios, tf_idf

from .command import run_recorder
from .text_baselines import one_label_scores

DATA, PROTOCOL, ELSEWHERE = Path("text/MELD"), "official", "text-ekman"
FLOOR, MAIN_ROLES = 0.25, 6


@dataclass(frozen=True)
class Settings:
    """Shares that the parts of a line get beside its n-grams; 0 leaves a part out.

    `strength` is scikit-learn's C; `balance` lifts rarer labels (see `text_linear.lifted`).
    """

    strength: float = 1.0
    answers: float = 0.0
    before: float = 0.0
    answers_before: float = 0.0
    speaker: float = 0.0
    balance: float = 0.0


# What is tried, in this order, each with the best of the ones before.
LINE = {
    "answers": (0.0, 0.03, 0.1, 0.3),
    "strength": (0.5, 1.0, 2.0),
    "balance": (0.0, 0.1, 0.2, 0.3, 0.4),
}
CONTEXT = {
    "answers_before": (0.0, 0.03, 0.1),
    "before": (0.0, 0.2, 0.5),
    "speaker": (0.0, 0.1, 0.3),
    "balance": (0.0, 0.1, 0.2, 0.3, 0.4),
}


@dataclass(frozen=True)
class Lines:
    """One part of the split: clips, bucket counts, answers of the model from elsewhere."""

    clips: tuple[Clip, ...]
    counts: csr_matrix
    answers: np.ndarray
    truth: np.ndarray

    @cached_property
    def before(self) -> np.ndarray:
        """(N,) row of the line before in the same dialogue, -1 for the first one."""
        order = sorted(range(len(self.clips)), key=lambda row: _place(self.clips[row]))
        rows = np.full(len(self.clips), -1)
        for one, other in pairwise(order):
            if self.clips[one].dialogue == self.clips[other].dialogue:
                rows[other] = one
        return rows

    def speakers(self, roles: Sequence[str]) -> np.ndarray:
        """(N, roles + 2) 0/1: each main role, the same voice as the line before, a first line."""
        names = np.array([clip.subject for clip in self.clips])
        same = (self.before >= 0) & (names == names[self.before])
        return np.column_stack([*(names == role for role in roles), same, self.before < 0])


def _place(clip: Clip) -> tuple[str, int]:
    return clip.dialogue or "", int(clip.attributes["utterance"])


class Reader:
    """Turns lines into columns; everything it knows is from the training lines."""

    def __init__(self, train: Lines, labels: LabelSet):
        self.idf = TfidfTransformer().fit(train.counts).idf_
        self.scales = np.abs(log_ratios(train.counts, np.eye(len(labels))[train.truth])) + FLOOR
        self.mean, self.spread = train.answers.mean(0), train.answers.std(0)
        often = Counter(clip.subject for clip in train.clips).most_common(MAIN_ROLES)
        self.roles = [role for role, _ in often]

    def columns(self, lines: Lines, settings: Settings) -> tuple[csr_matrix, csr_matrix]:
        """The n-grams (N, buckets), still to be scaled for each label, and all other columns."""
        words = tf_idf(lines.counts, self.idf)
        answers = csr_matrix((lines.answers - self.mean) / self.spread)
        rest = [
            settings.answers * answers,
            settings.before * _shifted(words, lines.before),
            settings.answers_before * _shifted(answers, lines.before),
            settings.speaker * csr_matrix(lines.speakers(self.roles).astype(float)),
        ]
        return words, hstack(rest, format="csr")


def _shifted(rows: csr_matrix, before: np.ndarray) -> csr_matrix:
    """The row of the line before; nothing where there is none."""
    return vstack([rows, csr_matrix((1, rows.shape[1]))], format="csr")[before]


def logits(
    reader: Reader, train: Lines, settings: Settings, asked: Iterable[Lines]
) -> list[np.ndarray]:
    """One logistic regression a label, fitted on `train`; (N, C) for each of `asked`."""
    words, rest = reader.columns(train, settings)
    given = [reader.columns(lines, settings) for lines in asked]
    prior = np.bincount(train.truth) / len(train.truth)
    found = [np.empty((words.shape[0], len(prior))) for words, _ in given]
    for label, scale in enumerate(reader.scales.T):
        model = LogisticRegression(
            C=settings.strength, solver="liblinear", dual=True, tol=0.1, random_state=0
        )
        model.fit(hstack([words.multiply(scale), rest], format="csr"), train.truth == label)
        for answer, (theirs, more) in zip(found, given, strict=True):
            columns = hstack([theirs.multiply(scale), more], format="csr")
            answer[:, label] = model.decision_function(columns)
    return [answer - settings.balance * np.log(prior) for answer in found]


def chosen(
    reader: Reader, parts: dict[str, Lines], grid: dict[str, tuple], start: Settings
) -> tuple[Settings, list[dict]]:
    """Settings by weighted F1 on validation, one of `grid` after the other; and all tries."""
    best, tried = start, []
    for name, values in grid.items():
        scores = {}
        for value in values:
            settings = replace(best, **{name: value})
            (answer,) = logits(reader, parts["train"], settings, [parts["validation"]])
            truth = parts["validation"].truth
            scores[value] = float(f1_score(truth, answer.argmax(1), average="weighted"))
            tried.append({name: value, "weighted_f1": round(scores[value], 4)})
        best = replace(best, **{name: max(scores, key=scores.__getitem__)})
    return best, tried


def record_meld(name: str, data_dir: Path, out: Path) -> Path:
    """Both rows on test; writes `out`/NAME-linear.json."""
    began = process_time()
    manifest = read_corpus("meld", Path(data_dir) / DATA)
    plan = plan_splits(PROTOCOL, manifest.clips)
    parts = {
        part: _lines([manifest.by_id[clip] for clip in getattr(plan.splits[0], part)], manifest)
        for part in ("train", "validation", "test")
    }
    reader = Reader(parts["train"], manifest.label_set)
    line, line_tried = chosen(reader, parts, LINE, Settings())
    context, context_tried = chosen(reader, parts, CONTEXT, line)
    rows = {}
    for row, settings, tried in (
        ("line alone", line, line_tried),
        ("with the line before", context, context_tried),
    ):
        test = _test_answers(reader, parts, settings, manifest.label_set, f"meld {row}")
        test = replace(test, stamps=plan.stamps)
        kept = test.select(np.array([clip not in plan.duplicates for clip in test.clips]))
        dialogue = {clip.id: clip.dialogue for clip in parts["test"].clips}
        rows[row] = {
            "settings": asdict(settings),
            "test": one_label_scores(test, [dialogue[clip] for clip in test.clips]),
            "test_without_repeated_texts": one_label_scores(
                kept, [dialogue[clip] for clip in kept.clips]
            ),
            "tried_on_validation": tried,
        }
    bundle = find_bundle(ELSEWHERE).spec
    record = {
        "date": datetime.now(UTC).date().isoformat(),
        "command": f"python -m emofuse.systems.text_meld {name} --data DATA",
        "protocol": PROTOCOL,
        "split_hash": plan.hash,
        "stamps": list(plan.stamps),
        "answers_from": {"bundle": bundle.name, "weights_sha256": bundle.weights_sha256},
        "cpu_seconds": round(process_time() - began),
        "machine": machine(),
        "rows": rows,
    }
    path = Path(out) / f"{name}-linear.json"
    write_text(path, json.dumps(record, indent=1, ensure_ascii=False) + "\n")
    return path


def _lines(clips: Sequence[Clip], manifest) -> Lines:
    bundle = find_bundle(ELSEWHERE)
    counts = count_matrix([clip.text or "" for clip in clips], bundle.spec.inputs[0].parameters)
    ends = pairwise(counts.indptr)
    answers = [
        bundle.logits(counts.indices[a:b].astype(np.int64), counts.data[a:b].astype(np.float32))
        for a, b in ends
    ]
    truth = np.array([manifest.label_set.index(clip.label) for clip in clips])
    return Lines(tuple(clips), counts, np.concatenate(answers), truth)


def _test_answers(
    reader: Reader, parts: dict[str, Lines], settings: Settings, labels: LabelSet, system: str
) -> Posteriors:
    """Test answers at the temperature that fits validation best."""
    asked = [parts["validation"], parts["test"]]
    known, test = (
        Posteriors(
            clips=tuple(clip.id for clip in lines.clips),
            values=values,
            label_set=labels,
            scale="logit",
            system=system,
            role=OUT_OF_FOLD,
            fold=0,
            truth=lines.truth,
        )
        for lines, values in zip(
            asked, logits(reader, parts["train"], settings, asked), strict=True
        )
    )
    return calibrated(test, best_temperature(known))


def main() -> int:
    about = __doc__.splitlines()[0]
    return run_recorder(record_meld, about=about, names=("meld",), results="results/text")


if __name__ == "__main__":
    raise SystemExit(main())
