"""`text-ekman`: the default text model, trained on GoEmotions in its Ekman grouping.

A linear model on hashed word and character n-grams: no vocabulary, no torch, 2 MB. The official
split is used; settings are chosen on its validation part, test is read once.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from time import perf_counter

import numpy as np
from sklearn.metrics import f1_score

from emofuse.bundle import InputSpec, Specifications, content_key
from emofuse.core import OUT_OF_FOLD, Clip, LabelSet, Posteriors, label_set, nll, softmax
from emofuse.corpora import labels_of, read_corpus
from emofuse.protocols import best_temperature, plan_splits
from emofuse.training.scores import calibrated, macro_f1, stated_scores
from emofuse.training.ship import Trained
from emofuse.training.text_linear import (
    TextLinear,
    count_matrix,
    fit_text_linear,
    lifted,
    to_onnx,
)

from .text_baselines import best_thresholds

DATA = Path("text/GoEmotions")


@dataclass(frozen=True)
class Config:
    """What is fixed, and the grid that the validation part decides about."""

    bits: int = 17
    word_ngrams: tuple[int, int] = (1, 2)
    char_ngrams: tuple[int, int] = (2, 5)
    strengths: tuple[float, ...] = (1.0, 2.0)
    floors: tuple[float, ...] = (0.25,)
    balances: tuple[float, ...] = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6)
    subsamples: int = 3
    subsample_share: float = 0.9

    @property
    def front_end(self) -> dict:
        return {
            "bits": self.bits,
            "word_ngrams": list(self.word_ngrams),
            "char_ngrams": list(self.char_ngrams),
        }


@dataclass(frozen=True)
class Part:
    """One part of the split: clips, bucket counts, and labels as 0/1 (N, C)."""

    clips: tuple[Clip, ...]
    counts: object
    labels: np.ndarray

    @property
    def single(self) -> np.ndarray:
        """Rows of comments with one label: those that one answer can be right or wrong on."""
        return np.flatnonzero(self.labels.sum(1) == 1)

    def take(self, rows: np.ndarray) -> Part:
        """Only the comments at the integer positions `rows`."""
        return Part(tuple(self.clips[row] for row in rows), self.counts[rows], self.labels[rows])


def train(data_dir: Path, *, run: Path, config: Config | None = None) -> Trained:
    """Fit, choose on validation, score test once. `run` is not needed: nothing is resumable."""
    started, config = perf_counter(), config or Config()
    manifest = read_corpus("goemotions", data_dir / DATA, label_set="ekman7-multi")
    labels = label_set("ekman7")
    plan = plan_splits("official", manifest.clips)
    split = plan.splits[0]
    parts = {
        name: _part([manifest.by_id[clip] for clip in ids], labels, config)
        for name, ids in (
            ("train", split.train),
            ("validation", split.validation),
            ("test", split.test),
        )
    }
    model, settings, tried = _choose(parts, labels, config)
    posteriors = {name: _posteriors(model, parts[name], labels) for name in ("validation", "test")}
    temperature = best_temperature(posteriors["validation"])
    test = calibrated(posteriors["test"], temperature)
    prior = _expected_prior(parts["train"], settings["balance"])
    spec = Specifications(
        name="text-ekman",
        version="2",
        modality="text",
        label_set=labels.name,
        labels=labels.labels,
        inputs=tuple(
            InputSpec(name, "hashed_ngrams", ("buckets",), config.front_end)
            for name in ("buckets", "counts")
        ),
        window_seconds=2.0,
        hop_seconds=0.5,
        temperature=temperature,
        training_prior=tuple(prior.tolist()),
        held_out_nll=nll(test.log_prob, test.truth),
        weights_sha256="",
        licence="CC BY 4.0",
        protocol="GoEmotions official split, one-label comments; settings and temperature from "
        "its validation part",
        split_hash=plan.hash,
        training_data=f"GoEmotions (Demszky et al. 2020), Ekman grouping, {len(split.train)} Reddit "
        "comments; one yes or no a label and comment",
        scores={
            "test": stated_scores(test),
            "test_without_training_texts": stated_scores(_without(test, plan.duplicates)),
            "test_multi_label": _multi_label(model, parts),
        },
        training_command="python -m emofuse.systems text-ekman --data DATA",
        created=datetime.now(UTC).date().isoformat(),
        language="en",
        intended_use="What a sentence of English expresses, as one of seven labels, in transcripts "
        "and comments; one modality among several in a fused timeline.",
        limits=(
            "Reddit comments of 2005 to 2019, labelled by readers; spoken sentences differ.",
            "English only.",
            "Sees words and their neighbours, not context or irony.",
            "A window's answer is the mean over the subtitle cues in it, not over two seconds of "
            "text: there is no timed data to measure that on.",
        ),
        parameters=int(model.weights.size + model.bias.size + model.idf.size),
    )
    keys = {
        content_key(" ".join((clip.text or "").split()).encode("utf-8"))
        for name in ("train", "validation")
        for clip in parts[name].clips
    }
    details = {
        "settings": asdict(config) | settings,
        "tried": tried,
        "spread": _spread(parts, labels, settings, config),
        "hours": (perf_counter() - started) / 3600,
    }
    return Trained(to_onnx(model), spec, tuple(keys), details)


def _part(clips: list[Clip], labels, config: Config) -> Part:
    answers = np.zeros((len(clips), len(labels)))
    for row, clip in enumerate(clips):
        answers[row, [labels.index(label) for label in labels_of(clip)]] = 1
    counts = count_matrix([clip.text or "" for clip in clips], config.front_end)
    return Part(tuple(clips), counts, answers)


def _choose(
    parts: dict[str, Part], labels: LabelSet, config: Config
) -> tuple[TextLinear, dict, list[dict]]:
    """The model with the best official macro F1 on validation, at the balance with the best
    one-label macro F1; its settings and all tries."""
    train, held_out = parts["train"], parts["validation"]
    fits, tried = [], []
    for strength, floor in product(config.strengths, config.floors):
        settings = {"strength": strength, "floor": floor}
        model = fit_text_linear(train.counts, train.labels, **settings)
        score = _official_f1(model, held_out, held_out)[0]
        fits.append((score, model, settings))
        tried.append(settings | {"official_macro_f1": round(score, 4)})
    _, model, settings = max(fits, key=lambda one: one[0])
    lifts = []
    for balance in config.balances:
        found = _posteriors(_lifted(model, train, balance), held_out, labels)
        score = macro_f1(found.truth, found.values.argmax(1), len(labels))
        lifts.append((score, balance))
        tried.append(settings | {"balance": balance, "one_label_macro_f1": round(score, 4)})
    _, balance = max(lifts)
    return _lifted(model, train, balance), settings | {"balance": balance}, tried


def _lifted(model: TextLinear, part: Part, balance: float) -> TextLinear:
    return lifted(model, _expected_prior(part, 0.0), balance=balance)


def _spread(parts: dict[str, Part], labels: LabelSet, settings: dict, config: Config) -> dict:
    """Test scores of the chosen settings on random shares of the training comments.

    The fit is convex, so there is no seed to vary: the comments are.
    """
    official, one_label = [], []
    for seed in range(config.subsamples):
        rng = np.random.default_rng(seed)
        rows = np.flatnonzero(rng.random(len(parts["train"].clips)) < config.subsample_share)
        part = parts["train"].take(rows)
        fit = {name: settings[name] for name in ("strength", "floor")}
        model = _lifted(fit_text_linear(part.counts, part.labels, **fit), part, settings["balance"])
        official.append(_official_f1(model, parts["validation"], parts["test"])[0])
        found = _posteriors(model, parts["test"], labels)
        one_label.append(macro_f1(found.truth, found.values.argmax(1), len(labels)))
    return {
        "subsamples": config.subsamples,
        "share": config.subsample_share,
        **{
            name: {"mean": round(float(np.mean(of)), 4), "sd": round(float(np.std(of, ddof=1)), 4)}
            for name, of in (("official_macro_f1", official), ("one_label_macro_f1", one_label))
        },
    }


def _expected_prior(part: Part, balance: float) -> np.ndarray:
    """What the weighted fit expects of each label before it has read a word."""
    share = (part.labels / part.labels.sum(1, keepdims=True)).mean(0) ** (1 - balance)
    return share / share.sum()


def _posteriors(model: TextLinear, part: Part, labels) -> Posteriors:
    rows = part.single
    return Posteriors(
        clips=tuple(part.clips[row].id for row in rows),
        values=model.logits(part.counts)[rows],
        label_set=labels,
        scale="logit",
        system="text-ekman",
        role=OUT_OF_FOLD,
        fold=0,
        truth=part.labels[rows].argmax(1),
    )


def _without(posteriors: Posteriors, clips: frozenset[str]) -> Posteriors:
    return posteriors.select(np.array([clip not in clips for clip in posteriors.clips]))


def _multi_label(model: TextLinear, parts: dict[str, Part]) -> dict:
    """The official reading: every comment, any number of labels, a threshold a label."""
    score, thresholds = _official_f1(model, parts["validation"], parts["test"])
    return {
        "n": len(parts["test"].clips),
        "macro_f1": round(score, 4),
        "thresholds": [round(float(one), 4) for one in thresholds],
        "note": "Official multi-label reading, thresholds from validation "
        "(BERT in the data set's paper: .64).",
    }


def _official_f1(model: TextLinear, known: Part, scored: Part) -> tuple[float, np.ndarray]:
    """Macro F1 over yes or no for each label, at the thresholds that are best on `known`."""
    thresholds = best_thresholds(known.labels, softmax(model.logits(known.counts)))
    answer = softmax(model.logits(scored.counts)) >= thresholds
    return float(f1_score(scored.labels, answer, average="macro", zero_division=0)), thresholds
