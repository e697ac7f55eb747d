"""`explain`: what in one window moved the answer, found by leaving parts of it out (occlusion).

Zeiler & Fergus (2014), "Visualizing and understanding convolutional networks". The effect of a
part is how far the fused log-odds of the answer fall without it, in nats: above 0 it spoke for the
answer, below 0 against it. Log-odds, because a probability near 1 hardly moves, whatever is left
out. Parts are left out one at a time, so effects do not add up.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from emofuse.core import SCENE, InputError, Moment, Window, label_set

from .combine import SPOKEN, Combiner
from .occlusion import (
    band_edges_hz,
    face_without,
    melody_without,
    split_melody,
    time_edges_seconds,
    voice_without,
    words_without,
)
from .options import Options
from .run import load_bundles
from .source import open_recording
from .witness import Witness

TINY = 1e-12  # the smallest probability that a logarithm sees
MOST_CROPS = 8  # of one window: neighbouring frames of one face hardly differ


@dataclass(frozen=True)
class ModalityEffect:
    """What one modality said by itself, and how far the answer's log-odds fall without it (nats)."""

    modality: str
    label: str | None
    probability: float | None
    contribution: float
    effect: float
    outcome: str = ""


@dataclass(frozen=True)
class VoiceEffects:
    """`effects` (B, T) in nats; edges (B + 1,) Hz and (T + 1,) seconds of the recording.

    `log_mel` (frames, mels) is what the model was fed. `melody` (T,) is the effect of the pitch at
    each time, None for a model that is fed none.
    """

    effects: np.ndarray
    band_edges_hz: np.ndarray
    time_edges_seconds: np.ndarray
    log_mel: np.ndarray
    melody: np.ndarray | None = None


@dataclass(frozen=True)
class FaceEffects:
    """`effects` (R, C) in nats over the aligned crop; `picture` (S, S, 3) uint8 is one of them."""

    effects: np.ndarray
    picture: np.ndarray
    crops: int


@dataclass(frozen=True)
class WordEffect:
    """One word as the model reads it, and its effect in nats."""

    word: str
    effect: float


@dataclass(frozen=True)
class Explanation:
    """What moved the answer of one person in one window. Parts that were absent are None."""

    source: str
    window: int
    start_seconds: float
    end_seconds: float
    person: str
    label: str
    probability: float
    uncertain: bool
    modalities: tuple[ModalityEffect, ...]
    voice: VoiceEffects | None = None
    face: FaceEffects | None = None
    words: tuple[WordEffect, ...] = ()


def explain(
    path: str | Path,
    *,
    window: int | None = None,
    at_seconds: float | None = None,
    person: str | None = None,
    text: str | Path | None = None,
    audio: str | Path | None = None,
    **options,
) -> Explanation:
    """Explain the answer of one window of a recording.

    `window` numbers it as the timeline does, or `at_seconds` picks the one whose middle is
    nearest (default: the first). `person` is a name from the timeline (default: who is covered
    best). Further keyword arguments are fields of `Options`. Raises `InputError` when the recording
    does not reach that far, or nothing is expressed there.

    >>> explain("clip.mp4", at_seconds=3.0).modalities     # doctest: +SKIP
    """
    settings = Options(**{"thumbnails": False, **options})
    if settings.adapt:
        raise ValueError("explain looks at answers that are not adapted to the person")
    if at_seconds is not None:
        window = round((at_seconds - settings.window_seconds / 2) / settings.hop_seconds)
    bundles = load_bundles(settings)
    settings = settings.answered_by(bundles)
    recording = open_recording(path, options=settings, text=text, audio=audio)
    witness = Witness(recording, settings, bundles, window=max(0, window or 0))
    seen = witness.read()
    return _Effects(witness, _answer_of(seen, person, path)).explanation(seen)


class _Effects:
    """How far one answer falls when the evidence behind it is changed."""

    def __init__(self, witness: Witness, moment: Moment):
        self.witness, self.moment = witness, moment
        self.winner = int(moment.fused.argmax())
        self.target = label_set(witness.options.labels)
        self.combiner = Combiner(witness.options, witness.bundles, self.target)

    def explanation(self, window: Window) -> Explanation:
        moment, options = self.moment, self.witness.options
        return Explanation(
            source=self.witness.recording.path.name,
            window=window.index,
            start_seconds=window.start_seconds,
            end_seconds=window.end_seconds,
            person=moment.person,
            label=self.target.labels[self.winner],
            probability=float(moment.fused[self.winner]),
            uncertain=moment.uncertain,
            modalities=tuple(self._modality(name) for name in options.modalities),
            voice=self._voice() if self._spoke("voice", "log_mel", "mel_and_melody") else None,
            face=self._face() if self._spoke("face", "aligned_gray") else None,
            words=self._words() if self._spoke("text", "hashed_ngrams") else (),
        )

    def _spoke(self, modality: str, *front_ends: str) -> bool:
        """True where the modality has an answer, from a front end that can be looked into."""
        estimate = self.moment.estimates.get(modality)
        if estimate is None or estimate.probabilities is None:
            return False
        return self.witness.bundles[modality].spec.inputs[0].front_end in front_ends

    def _fall(self, modality: str, log_prob: np.ndarray | None, *, base=None) -> float:
        """Nats of log-odds that the answer loses when `modality` says `log_prob` (None: nothing).

        `base` is what it is compared with (default: what the modality said).
        """
        before = self.moment.fused if base is None else self._fused(modality, base)
        return self._log_odds(before) - self._log_odds(self._fused(modality, log_prob))

    def _log_odds(self, fused: np.ndarray) -> float:
        others = np.delete(fused, self.winner).sum()
        return float(np.log(max(fused[self.winner], TINY)) - np.log(max(others, TINY)))

    def _fused(self, modality: str, log_prob: np.ndarray | None) -> np.ndarray:
        """Fused probabilities with one modality's replaced; uniform where nothing is left."""
        source = SCENE if modality in SPOKEN else self.moment.person
        evidence = {name: dict(parts) for name, parts in self.witness.evidence.items()}
        evidence[modality][source] = replace(evidence[modality][source], log_prob=log_prob)
        _, moments = self.combiner.moments(evidence)
        moment = next(one for one in moments if one.person == self.moment.person)
        if moment.fused is None:
            return np.full(len(self.target), 1 / len(self.target))
        return moment.fused

    def _modality(self, name: str) -> ModalityEffect:
        estimate = self.moment.estimates[name]
        if estimate.probabilities is None:
            return ModalityEffect(name, None, None, 0.0, 0.0, estimate.outcome)
        top = int(estimate.probabilities.argmax())
        return ModalityEffect(
            name,
            self.target.labels[top],
            float(estimate.probabilities[top]),
            estimate.contribution,
            self._fall(name, None),
        )

    def _voice(self) -> VoiceEffects:
        bundle, features = self.witness.bundles["voice"], self.witness.voice_features()
        without, untuned = voice_without(bundle, features), melody_without(bundle, features)
        start = self.witness.start_seconds
        return VoiceEffects(
            self._falls("voice", without),
            band_edges_hz(bundle),
            start + time_edges_seconds(bundle, len(features)),
            split_melody(bundle, features)[0],
            self._falls("voice", untuned) if len(untuned) else None,
        )

    def _face(self) -> FaceEffects:
        bundle, crops = self.witness.bundles["face"], self.witness.crops[self.moment.person]
        rows = np.unique(np.linspace(0, len(crops) - 1, MOST_CROPS).round().astype(int))
        kept = [crops[row] for row in rows]
        pixels, weights = np.stack([c.pixels for c in kept]), np.array([c.weight for c in kept])
        whole = bundle.calibrated(np.average(bundle.logits(pixels), axis=0, weights=weights))
        without = face_without(bundle, pixels, weights)
        best = max(kept, key=lambda crop: crop.weight)
        return FaceEffects(self._falls("face", without, base=whole), best.picture, len(kept))

    def _words(self) -> tuple[WordEffect, ...]:
        witness = self.witness
        found = words_without(
            witness.bundles["text"], witness.cues, witness.start_seconds, witness.end_seconds
        )
        return tuple(WordEffect(word, self._fall("text", rest)) for word, rest in found)

    def _falls(self, modality: str, without: np.ndarray, *, base=None) -> np.ndarray:
        rows = without.reshape(-1, without.shape[-1])
        return np.array([self._fall(modality, row, base=base) for row in rows]).reshape(
            without.shape[:-1]
        )


def _answer_of(window: Window, person: str | None, path: str | Path) -> Moment:
    """The moment to explain; `InputError` where there is none with an answer."""
    answered = [m for m in window.moments if m.fused is not None]
    if person is not None:
        answered = [m for m in answered if m.person == person]
    if not answered:
        found = {m.person: [e.outcome for e in m.estimates.values()] for m in window.moments}
        reasons = "; ".join(f"{who}: {', '.join(filter(None, why))}" for who, why in found.items())
        raise InputError(
            path,
            f"nothing to explain at {window.start_seconds:g}–{window.end_seconds:g} s ({reasons})",
            "choose another moment or person",
        )
    return max(answered, key=lambda m: (m.coverage, m.person != SCENE))
