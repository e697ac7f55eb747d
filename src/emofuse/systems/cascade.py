"""The audio-video and EEG cascade: a meta-model over two systems' posteriors, and its control.

Honestly it takes posteriors of *the same moment of the same person* (EAV). The published cascade
(Esposito, Mele & Verrilli, CEUR-WS 4040) pairs different people by their true label instead: then
both systems err independently by construction, and most of the gain is arithmetic. `independent`
says how much.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from sklearn.linear_model import LogisticRegression

from emofuse.core import OUT_OF_FOLD, LabelSet, PosteriorMismatch, Posteriors, to_log_prob
from emofuse.evaluation import Comparison, Evaluation, compare, confusion_counts, evaluate
from emofuse.protocols import Stamp
from emofuse.training.fusers import fuse

# The meta-models by the name users give them, as methods of `training.fusers`.
META_MODELS = {"logistic": "stacking", "log-linear": "pool"}


def cascade(
    av: Posteriors, eeg: Posteriors, *, meta: str = "log-linear", split: str = "cross-fitted"
) -> Posteriors:
    """Fused posteriors of moments that both systems saw, each from a fuser fitted without it.

    The clips must be the same recordings of the same people, in the same folds; `meta` is
    "logistic" or "log-linear". Raises `PosteriorMismatch` on other clips, persons or label order,
    `LeakageError` on in-sample rows.
    """
    if meta not in META_MODELS:
        raise ValueError(f"unknown meta-model {meta!r}; known: {', '.join(META_MODELS)}")
    person = dict(zip(eeg.clips, eeg.subjects, strict=True))
    others = [c for c, who in zip(av.clips, av.subjects, strict=True) if person.get(c, who) != who]
    if others:
        raise PosteriorMismatch(
            f"{len(others)} moments are of different people in {av.system} and {eeg.system}, "
            f"e.g. {others[0]}: a cascade needs one person's"
        )
    parts = [part.as_scale("log_prob") for part in (av, eeg)]
    return fuse(parts, method=META_MODELS[meta], split=split)


@dataclass(frozen=True)
class CascadeReport:
    """The cascade beside its parts and beside what independent errors alone would give.

    `independent` is the closed form from the two confusion matrices. `difference` compares the
    cascade with audio-video alone on the same clips.
    """

    av: Evaluation
    eeg: Evaluation
    fused: Evaluation
    difference: Comparison
    independent: float


def report(av: Posteriors, eeg: Posteriors, fused: Posteriors) -> CascadeReport:
    """Score all three and say what two classifiers with those confusions would reach together."""
    counts = [confusion_of(part) for part in (av, eeg)]
    return CascadeReport(
        evaluate(av),
        evaluate(eeg),
        evaluate(fused),
        compare(av, fused),
        independent(*counts, prior=counts[0].sum(1)),
    )


def confusion_of(posteriors: Posteriors) -> np.ndarray:
    """(C, C) counts of the held-out rows; rows are the true labels."""
    held = posteriors.out_of_fold
    held = held.select(held.truth >= 0)
    return confusion_counts(held.truth, held.log_prob.argmax(1), len(held.label_set))


def independent(
    first: np.ndarray, second: np.ndarray, *, prior: Sequence[float] | None = None
) -> float:
    """Expected accuracy of Bayes fusion of two classifiers' hard decisions, errors independent.

    `first` and `second` are (C, C) confusion counts, rows the true labels; `prior` (C,) is how
    often each label occurs (uniform unless given). Closed form: for every pair of decisions the
    label with the highest joint probability is right. No data and no model of both is involved.
    """
    rows = [np.asarray(counts, float) for counts in (first, second)]
    one, other = (counts / counts.sum(1, keepdims=True) for counts in rows)
    share = np.ones(len(one)) if prior is None else np.asarray(prior, float)
    share = share / share.sum()
    joint = share[:, None, None] * one[:, :, None] * other[:, None, :]
    return float(joint.max(0).sum())


def label_paired(av: Posteriors, eeg: Posteriors, *, seed: int = 0) -> tuple[Posteriors, ...]:
    """The published pairing: each audio-video row gets the next EEG row *of its true label*.

    No EEG row is used twice; audio-video rows that find none are left out. Both parts come back
    on the audio-video clips, stamped LEAKY: the pairing reads the test labels, and nobody can do
    that in use.
    """
    if av.label_set != eeg.label_set:
        raise PosteriorMismatch(f"{av.system} and {eeg.system} differ in labels: map one of them")
    order = np.random.default_rng(seed).permutation(len(eeg))
    waiting = {label: list(order[eeg.truth[order] == label][::-1]) for label in np.unique(av.truth)}
    taken = [(row, waiting[t].pop()) for row, t in enumerate(av.truth) if waiting[t]]
    if not taken:
        raise PosteriorMismatch("no two rows share a label")
    mine, theirs = np.array(taken).T
    stamps = tuple(dict.fromkeys((*av.stamps, *eeg.stamps, str(Stamp.LEAKY))))
    first = replace(av.select(mine), stamps=stamps)
    second = replace(
        first,
        values=eeg.values[theirs],
        scale=eeg.scale,
        system=f"{eeg.system} (paired by label)",
    )
    return first, second


def published_meta(train: Sequence[Posteriors], test: Sequence[Posteriors]) -> Posteriors:
    """The published meta-model: balanced logistic regression on the raw outputs side by side.

    `train` and `test` are (audio-video, EEG) pairs as `label_paired` gives them. Logits as they
    are, no softmax, no scaling, C = 1 (specs A7). Always stamped LEAKY.
    """
    model = LogisticRegression(max_iter=1000, class_weight="balanced")
    model.fit(np.hstack([part.values for part in train]), train[0].truth)
    scores = np.zeros((len(test[0]), len(test[0].label_set)))
    scores[:, model.classes_] = model.predict_proba(np.hstack([part.values for part in test]))
    return replace(
        test[0],
        values=to_log_prob(scores, "prob"),
        scale="log_prob",
        system=f"published meta-model({test[0].system} + {test[1].system})",
        stamps=tuple(dict.fromkeys((*test[0].stamps, str(Stamp.LEAKY)))),
    )


def independent_expert(
    confusion: np.ndarray,
    truth: np.ndarray,
    *,
    label_set: LabelSet,
    system: str,
    sharpness: float = 4.0,
    seed: int | Sequence[int] = 0,
) -> Posteriors:
    """A made-up classifier that knows nothing but its confusion matrix, for `truth` (N,).

    Its decision is drawn from the row of the true label; the logits are noise with the decision on
    top, by about `sharpness` where it is right and a third of that where it is wrong, as models
    are surer when right. Two such experts share nothing beyond the label.
    """
    rng = np.random.default_rng(seed)
    shares = np.asarray(confusion, float) / np.sum(confusion, 1, keepdims=True)
    decided = np.array([rng.choice(len(shares), p=shares[label]) for label in truth])
    logits = rng.normal(0, 1, (len(truth), len(shares)))
    lead = rng.exponential(np.where(decided == truth, sharpness, sharpness / 3))
    logits[np.arange(len(truth)), decided] = logits.max(1) + lead
    return Posteriors(
        clips=tuple(f"{system}-{i:05}" for i in range(len(truth))),
        values=logits,
        label_set=label_set,
        scale="logit",
        system=system,
        role=OUT_OF_FOLD,
        fold=0,
        truth=truth,
    )
