"""Label sets and the maps between them.

Wrong label order is the field's most common silent bug, so an order is never a bare
list: it is a `LabelSet` with a name, and carrying probabilities from one set into
another is a `LabelMap` that says what it merges and what it drops.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np


class LabelError(ValueError):
    """A label, label set or label map that does not exist or does not fit."""


@dataclass(frozen=True)
class LabelSet:
    """An ordered, named set of emotion labels.

    >>> LabelSet("two", ("calm", "angry")).index("angry")
    1
    """

    name: str
    labels: tuple[str, ...]
    multi_label: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "labels", tuple(self.labels))
        if not self.labels or len(set(self.labels)) != len(self.labels):
            raise LabelError(f"label set {self.name!r} is empty or repeats a label: {self.labels}")

    def __len__(self) -> int:
        return len(self.labels)

    def __iter__(self):
        return iter(self.labels)

    def __contains__(self, label: object) -> bool:
        return label in self.labels

    def index(self, label: str) -> int:
        """Position of `label`; raises `LabelError` naming the set when it is not in it."""
        try:
            return self.labels.index(label)
        except ValueError:
            raise LabelError(f"{label!r} is not in label set {self.name!r} {self.labels}") from None

    def columns_from(self, other: LabelSet) -> np.ndarray:
        """Column numbers that put a matrix in `other`'s order into this set's order."""
        if set(other.labels) != set(self.labels):
            raise LabelError(
                f"{other.name!r} and {self.name!r} hold different labels; use a LabelMap"
            )
        return np.array([other.index(label) for label in self.labels])


_SETS = (
    LabelSet("basic7", ("neutral", "happy", "sad", "angry", "fear", "disgust", "surprise")),
    LabelSet(
        "ravdess8", ("neutral", "calm", "happy", "sad", "angry", "fear", "disgust", "surprise")
    ),
    LabelSet(
        "ravdess8-alphabetical",
        ("angry", "calm", "disgust", "fear", "happy", "neutral", "sad", "surprise"),
    ),
    LabelSet("ravdess7-scuri", ("angry", "calm", "disgust", "fear", "happy", "sad", "surprise")),
    LabelSet(
        "ravdess8-mel-transformer",
        ("surprise", "neutral", "calm", "happy", "sad", "angry", "fear", "disgust"),
    ),
    LabelSet("esposito4", ("neutral", "happy", "negative-high-arousal", "sad")),
    LabelSet("cremad6", ("angry", "disgust", "fear", "happy", "neutral", "sad")),
    LabelSet("emodb7", ("angry", "boredom", "disgust", "fear", "happy", "sad", "neutral")),
    LabelSet("tess7", ("angry", "disgust", "fear", "happy", "neutral", "surprise", "sad")),
    LabelSet("savee7", ("angry", "disgust", "fear", "happy", "neutral", "sad", "surprise")),
    LabelSet("meld7", ("neutral", "joy", "surprise", "anger", "sadness", "disgust", "fear")),
    LabelSet("ekman7", ("anger", "disgust", "fear", "joy", "sadness", "surprise", "neutral")),
    LabelSet(
        "ekman7-multi",
        ("anger", "disgust", "fear", "joy", "sadness", "surprise", "neutral"),
        True,
    ),
    LabelSet("iemocap4", ("angry", "happy", "neutral", "sad")),
    LabelSet("iemocap6", ("angry", "excited", "frustrated", "happy", "neutral", "sad")),
    LabelSet(
        "iemocap10",
        (
            "angry",
            "happy",
            "excited",
            "sad",
            "frustrated",
            "fear",
            "surprise",
            "neutral",
            "disgust",
            "other",
        ),
    ),
    LabelSet("mosei6", ("anger", "disgust", "fear", "happiness", "sadness", "surprise"), True),
    LabelSet("mosi2", ("negative", "positive")),
    LabelSet("fer7", ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")),
    LabelSet("seediv4", ("neutral", "sad", "fear", "happy")),
    LabelSet("eav5", ("neutral", "anger", "happiness", "sadness", "calmness")),
    LabelSet("high-low", ("low", "high")),
    LabelSet(
        "affectnet8",
        ("neutral", "happy", "sad", "surprise", "fear", "disgust", "anger", "contempt"),
    ),
    LabelSet(
        "goemotions28",
        (
            "admiration",
            "amusement",
            "anger",
            "annoyance",
            "approval",
            "caring",
            "confusion",
            "curiosity",
            "desire",
            "disappointment",
            "disapproval",
            "disgust",
            "embarrassment",
            "excitement",
            "fear",
            "gratitude",
            "grief",
            "joy",
            "love",
            "nervousness",
            "optimism",
            "pride",
            "realization",
            "relief",
            "remorse",
            "sadness",
            "surprise",
            "neutral",
        ),
        True,
    ),
    LabelSet("sentiment3", ("negative", "neutral", "positive")),
)
LABEL_SETS: dict[str, LabelSet] = {labels.name: labels for labels in _SETS}


def label_set(name: str) -> LabelSet:
    """The registered `LabelSet` called `name`; `LabelError` lists the known ones."""
    try:
        return LABEL_SETS[name]
    except KeyError:
        raise LabelError(f"no label set {name!r}; known: {', '.join(sorted(LABEL_SETS))}") from None


@dataclass(frozen=True)
class LabelMap:
    """Carries probabilities of `source` labels into `target`.

    `pairs` gives each source label's target, or None where the label is dropped (its mass is
    removed and the row renormalised).
    """

    source: LabelSet
    target: LabelSet
    pairs: tuple[tuple[str, str | None], ...]

    def __post_init__(self) -> None:
        if {name for name, _ in self.pairs} != set(self.source.labels):
            raise LabelError(
                f"the map from {self.source.name} must say what each of its labels becomes"
            )
        for _, to in self.pairs:
            if to is not None:
                self.target.index(to)
        if not any(to for _, to in self.pairs):
            raise LabelError(f"{self.source.name} and {self.target.name} share no label")

    def __call__(self, label: str) -> str | None:
        self.source.index(label)
        return dict(self.pairs)[label]

    @cached_property
    def matrix(self) -> np.ndarray:
        """(S, T) matrix of zeros and ones; `probabilities @ matrix` adds merged columns."""
        matrix = np.zeros((len(self.source), len(self.target)))
        for name, to in self.pairs:
            if to is not None:
                matrix[self.source.index(name), self.target.index(to)] = 1.0
        return matrix

    def probabilities(self, values: np.ndarray) -> np.ndarray:
        """(..., S) probabilities to (..., T). Rows with all mass on dropped labels become NaN."""
        mapped = np.asarray(values, dtype=float) @ self.matrix
        total = mapped.sum(-1, keepdims=True)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(total > 0, mapped / total, np.nan)

    @property
    def merges(self) -> dict[str, tuple[str, ...]]:
        """Target labels that receive more than one source label."""
        found = {
            to: tuple(name for name, target in self.pairs if target == to)
            for to in self.target.labels
        }
        return {to: names for to, names in found.items() if len(names) > 1}

    @property
    def dropped(self) -> tuple[str, ...]:
        return tuple(name for name, to in self.pairs if to is None)

    @property
    def unreachable(self) -> tuple[str, ...]:
        """Target labels that no source label becomes."""
        return tuple(t for t in self.target.labels if t not in {to for _, to in self.pairs})

    def describe(self) -> str:
        """One line for people: what is merged, dropped and out of reach."""
        parts = [f"{' + '.join(names)} → {to}" for to, names in self.merges.items()]
        parts += [f"{name} dropped" for name in self.dropped]
        parts += [f"{name} cannot be answered" for name in self.unreachable]
        return "; ".join(parts) or "nothing is merged"


# One concept per spelling, so that "joy", "happiness" and "happy" meet.
_CONCEPT = {
    "joy": "happy",
    "happiness": "happy",
    "sadness": "sad",
    "anger": "angry",
    "calmness": "calm",
}
# Where a target lacks a concept, the broader one that takes it in. Contempt is not calm (specs S3).
_BROADER = {
    "calm": "neutral",
    "excited": "happy",
    "frustrated": "angry",
    "contempt": "disgust",
}
_EKMAN = {
    "anger": "anger annoyance disapproval",
    "disgust": "disgust",
    "fear": "fear nervousness",
    "joy": "joy amusement approval excitement gratitude love optimism relief pride admiration "
    "desire caring",
    "sadness": "sadness disappointment embarrassment grief remorse",
    "surprise": "surprise realization confusion curiosity",
    "neutral": "neutral",
}
_EXPLICIT: dict[tuple[str, str], dict[str, str | None]] = {
    # Esposito et al. call this class "Angry"; it is angry + fear + disgust (specs S0 A1, A7).
    ("ravdess8", "esposito4"): {
        "neutral": "neutral",
        "calm": "neutral",
        "happy": "happy",
        "surprise": "happy",
        "angry": "negative-high-arousal",
        "fear": "negative-high-arousal",
        "disgust": "negative-high-arousal",
        "sad": "sad",
    },
    ("seediv4", "esposito4"): {
        "neutral": "neutral",
        "sad": "sad",
        "fear": "negative-high-arousal",
        "happy": "happy",
    },
    # The published Ekman grouping of GoEmotions (Demszky et al. 2020).
    ("goemotions28", "ekman7"): {
        fine: coarse for coarse, names in _EKMAN.items() for fine in names.split()
    },
}


def concept(label: str) -> str:
    """The shared meaning of a label's spelling: joy, happiness and happy are one concept."""
    return _CONCEPT.get(label, label)


def label_map(source: LabelSet, target: LabelSet) -> LabelMap:
    """The map from `source` to `target`: an explicit one where the field has one, else by concept.

    Raises `LabelError` when the sets share nothing.
    """
    if set(source.labels) == set(target.labels):
        return LabelMap(source, target, tuple((name, name) for name in source))
    explicit = _EXPLICIT.get((source.name, target.name))
    if explicit is not None:
        return LabelMap(source, target, tuple(explicit.items()))
    if (source.name, "ekman7") in _EXPLICIT:
        first = label_map(source, label_set("ekman7"))
        second = label_map(label_set("ekman7"), target)
        return LabelMap(source, target, tuple((name, second(first(name))) for name in source))
    by_concept = {concept(label): label for label in target.labels}

    def to(label: str) -> str | None:
        found = by_concept.get(concept(label))
        return found if found else by_concept.get(_BROADER.get(concept(label), ""))

    return LabelMap(source, target, tuple((label, to(label)) for label in source))
