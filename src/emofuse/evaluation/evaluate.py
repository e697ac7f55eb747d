"""`evaluate`: everything said about one system's held-out answers, as plain data."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field

import numpy as np

from emofuse.core import Clip, PosteriorMismatch, Posteriors, align, nll

from .calibration import brier, ece, reliability
from .intervals import (
    bootstrap_persons,
    confusion_by_person,
    mcnemar,
    person_paired,
    t_interval,
)
from .metrics import accuracy_of, confusion_counts, decision_scores, per_class, uar_of

# How scores are called where people read them.
SPOKEN = {
    "accuracy": "accuracy",
    "uar": "UAR",
    "macro_f1": "macro F1",
    "weighted_f1": "weighted F1",
    "pooled_accuracy": "accuracy, clips pooled",
    "nll": "NLL",
    "brier": "Brier score",
    "ece": "ECE",
    "f1": "F1",
    "one_vs_rest_accuracy": "one-vs-rest accuracy",
    "n": "clips",
}

# Attribute name -> clip -> value, e.g. {"sex": {"01-03-...": "female"}}.
Attributes = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class Evaluation:
    """Scores of one system on clips of people it was not trained on.

    `scores`: accuracy, uar, macro_f1 and weighted_f1 are means over folds; pooled_accuracy counts
    clips; nll (nats), brier and ece (15 equal-width bins) are pooled over all held-out clips.
    `intervals` hold mean, low, high and what was counted. `persons` come worst first.
    """

    system: str
    n: int
    label_set: str
    labels: tuple[str, ...]
    scores: dict[str, float]
    intervals: dict[str, dict]
    folds: tuple[dict, ...]
    per_class: tuple[dict, ...]
    confusion: tuple[tuple[int, ...], ...]
    persons: tuple[dict, ...]
    groups: dict[str, tuple[dict, ...]]
    reliability: tuple[dict, ...]
    protocol: str = ""
    split_hash: str = ""
    stamps: tuple[str, ...] = field(default=())

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n"

    def rows(self) -> list[tuple[str, str]]:
        """(name, value) pairs for a table; shares in per cent."""
        shares = ("accuracy", "uar", "macro_f1", "weighted_f1", "pooled_accuracy")
        rows = [("system", self.system), ("clips", str(self.n))]
        rows += [(SPOKEN[name], f"{100 * self.scores[name]:.2f} %") for name in shares]
        for name, part in self.intervals.items():
            low, high = 100 * part["low"], 100 * part["high"]
            rows.append((f"{name}, 95 %", f"{low:.2f} … {high:.2f} % ({part['n']} {part['over']})"))
        rows += [(SPOKEN[name], f"{self.scores[name]:.3f}") for name in ("nll", "brier", "ece")]
        if self.persons:
            worst = self.persons[0]
            rows.append(("worst person", f"{worst['person']}: {100 * worst['accuracy']:.2f} %"))
        for attribute, groups in self.groups.items():
            parts = ", ".join(f"{g['value']} {100 * g['accuracy']:.2f} %" for g in groups)
            gap = 100 * (groups[-1]["accuracy"] - groups[0]["accuracy"])
            rows.append((f"{attribute} gap", f"{gap:.2f} points ({parts})"))
        rows.append(("protocol", self.protocol or "not stated"))
        rows += [("stamp", stamp) for stamp in self.stamps]
        return rows


def evaluate(
    posteriors: Posteriors,
    *,
    protocol: str = "",
    split_hash: str = "",
    attributes: Attributes | None = None,
    stamps: Sequence[str] = (),
) -> Evaluation:
    """Score the out-of-fold rows of `posteriors` whose truth is known.

    `split_hash` is the plan's, else that of the folds in the posteriors. In-sample rows are left
    out, always. `PosteriorMismatch` when nothing is left to score.
    """
    held_out = scorable(posteriors)
    log_prob, truth = held_out.log_prob, held_out.truth
    predicted = log_prob.argmax(1)
    folds = _by_fold(held_out, predicted)
    n_labels = len(held_out.label_set)
    names = ("accuracy", "uar", "macro_f1", "weighted_f1")
    counts = confusion_counts(truth, predicted, n_labels)
    return Evaluation(
        system=held_out.system,
        n=len(held_out),
        label_set=held_out.label_set.name,
        labels=held_out.label_set.labels,
        scores={name: float(np.mean([fold[name] for fold in folds])) for name in names}
        | {
            "pooled_accuracy": float(accuracy_of(counts)),
            "nll": nll(log_prob, truth),
            "brier": brier(log_prob, truth),
            "ece": ece(log_prob, truth),
        },
        intervals=_intervals(held_out, predicted, folds),
        folds=tuple(folds),
        per_class=tuple(per_class(truth, predicted, held_out.label_set)),
        confusion=tuple(map(tuple, counts.tolist())),
        persons=_by_group(held_out.subjects, predicted == truth, "person"),
        groups=_groups(held_out, predicted == truth, attributes or {}),
        reliability=tuple(reliability(log_prob, truth)),
        protocol=protocol,
        split_hash=split_hash or held_out.split_hash,
        stamps=(*held_out.stamps, *(s for s in stamps if s not in held_out.stamps)),
    )


def clip_attributes(clips: Iterable[Clip], *names: str) -> Attributes:
    """The named attributes of a manifest's clips, e.g. "sex", "intensity", as `evaluate` wants."""
    clips = list(clips)
    return {
        name: {clip.id: clip.attributes[name] for clip in clips if name in clip.attributes}
        for name in names
    }


def scorable(posteriors: Posteriors) -> Posteriors:
    """The held-out rows with a known truth; `PosteriorMismatch` when there is none."""
    if posteriors.label_set.multi_label:
        raise PosteriorMismatch(
            f"{posteriors.system}: {posteriors.label_set.name} has several labels a clip; "
            "use multi_label_scores"
        )
    held_out = posteriors.out_of_fold
    held_out = held_out.select(held_out.truth >= 0)
    if not len(held_out):
        raise PosteriorMismatch(
            f"{posteriors.system}: no out-of-fold row with a known label, so nothing can be scored"
        )
    return held_out


@dataclass(frozen=True)
class Comparison:
    """System `b` against system `a` on the same held-out clips."""

    a: str
    b: str
    n: int
    accuracy_a: float
    accuracy_b: float
    mcnemar: dict
    person_paired: dict

    def rows(self) -> list[tuple[str, str]]:
        """(name, value) pairs for a table."""
        paired, clips = self.person_paired, self.mcnemar
        return [
            ("a", f"{self.a}: {100 * self.accuracy_a:.2f} %"),
            ("b", f"{self.b}: {100 * self.accuracy_b:.2f} %"),
            ("difference", f"{100 * (self.accuracy_b - self.accuracy_a):+.2f} points"),
            (
                "over persons (paired t)",
                f"{100 * paired['low']:+.2f} … {100 * paired['high']:+.2f} points, "
                f"p = {paired['p']:.2g} ({paired['persons']} persons)",
            ),
            (
                "over clips (McNemar, flattering)",
                f"{clips['gained']} gained, {clips['lost']} lost, p = {clips['p']:.2g}",
            ),
        ]

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n"


def compare(a: Posteriors, b: Posteriors) -> Comparison:
    """Paired comparison of two systems; `PosteriorMismatch` when the clips or folds differ."""
    first, second = align([scorable(p).as_scale("log_prob") for p in (a, b)])
    right_a, right_b = (p.values.argmax(1) == p.truth for p in (first, second))
    accuracies = [
        float(np.mean([right[first.fold == k].mean() for k in np.unique(first.fold)]))
        for right in (right_a, right_b)
    ]
    return Comparison(
        a=a.system,
        b=b.system,
        n=len(first),
        accuracy_a=accuracies[0],
        accuracy_b=accuracies[1],
        mcnemar=mcnemar(right_a, right_b),
        person_paired=person_paired(right_a, right_b, first.subjects),
    )


def _by_fold(held_out: Posteriors, predicted: np.ndarray) -> list[dict]:
    folds = []
    for fold in np.unique(held_out.fold):
        rows = held_out.fold == fold
        scores = decision_scores(held_out.truth[rows], predicted[rows], len(held_out.label_set))
        folds.append({"fold": int(fold), "n": int(rows.sum()), **scores})
    return folds


def _intervals(held_out: Posteriors, predicted: np.ndarray, folds: list[dict]) -> dict[str, dict]:
    """t interval over folds, bootstrap over persons; each only where there are several."""
    found = {}
    if len(folds) > 1:
        found["accuracy over folds"] = asdict(t_interval([fold["accuracy"] for fold in folds]))
    if len(set(held_out.subjects)) > 1:
        counts = confusion_by_person(
            held_out.truth, predicted, held_out.subjects, len(held_out.label_set)
        )
        found["accuracy over persons"] = asdict(bootstrap_persons(counts.values(), accuracy_of))
        found["UAR over persons"] = asdict(bootstrap_persons(counts.values(), uar_of))
    return found


def _by_group(groups: Sequence[str], right: np.ndarray, name: str) -> tuple[dict, ...]:
    """Accuracy of each group, lowest first; clips without a group are left out."""
    groups = np.asarray(groups)
    rows = [
        {name: str(g), "n": int((groups == g).sum()), "accuracy": float(right[groups == g].mean())}
        for g in np.unique(groups)
        if g
    ]
    return tuple(sorted(rows, key=lambda row: row["accuracy"]))


def _groups(held_out: Posteriors, right: np.ndarray, attributes: Attributes) -> dict:
    found = {
        name: _by_group([by_clip.get(clip, "") for clip in held_out.clips], right, "value")
        for name, by_clip in attributes.items()
    }
    return {name: rows for name, rows in found.items() if rows}
