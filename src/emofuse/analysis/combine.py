"""From the evidence of one window to one fused `Moment` per person."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from emofuse.bundle import Bundle
from emofuse.core import SCENE, Estimate, LabelMap, LabelSet, Moment, label_map
from emofuse.fusion import (
    contributions,
    decide,
    log_linear_pool,
    reliability_weight,
    window_weights,
)

from .options import WHOLE, Options
from .sense import Evidence
from .speaker import voice_owner

# The voice and the words go where the speaker is; everything else belongs to who shows it.
SPOKEN = ("voice", "text")
# A helmet is on the only person in view, and a film as a whole is of that person; with several it
# cannot be told of whom.
OF_THE_ONLY_ONE = ("eeg", *WHOLE)

# No bundle was measured on enough people to be surer than this that a label is out: without it
# one over-confident model could veto what all others see.
LEAST_PROBABILITY = 1e-3


class Combiner:
    """Maps each model's labels into the answer's label set and pools what a person shows."""

    def __init__(self, options: Options, bundles: Mapping[str, Bundle], target: LabelSet):
        self.options, self.target = options, target
        self.maps: dict[str, LabelMap] = {}
        self.priors: dict[str, np.ndarray] = {}
        self.reliability: dict[str, float] = {}
        for modality, bundle in bundles.items():
            spec = bundle.spec
            self.maps[modality] = label_map(spec.label_order, target)
            self.priors[modality] = self.maps[modality].probabilities(np.array(spec.training_prior))
            self.reliability[modality] = reliability_weight(spec.held_out_nll, len(spec.labels))

    def moments(self, evidence: Mapping[str, Mapping[str, Evidence]]) -> tuple[str, list[Moment]]:
        """(voice owner, one moment per person in view, then the scene's if anything is left).

        `evidence` is modality -> person -> `Evidence`; only faces are known by person, all else is
        under the scene.
        """
        faces = evidence.get("face", {})
        owner = voice_owner(faces)
        persons = [person for person in faces if person != SCENE]
        only = persons[0] if len(persons) == 1 else SCENE
        found = []
        for person in [*persons, SCENE]:
            parts = {}
            for modality in self.options.modalities:
                source = SCENE if modality in SPOKEN + OF_THE_ONLY_ONE else person
                part = evidence.get(modality, {}).get(source)
                if part is None:
                    part = Evidence(None)  # somebody else's face is no news about the scene
                elif modality in OF_THE_ONLY_ONE and person != only and part.log_prob is not None:
                    part = Evidence(None)
                elif modality in SPOKEN and person != owner and part.log_prob is not None:
                    part = Evidence(None, outcome="SpeakerUnknown" if owner == SCENE else "")
                parts[modality] = part
            if person == SCENE and owner == SCENE:
                parts = {m: evidence.get(m, {}).get(SCENE, Evidence(None)) for m in parts}
            found.append(self._moment(person, parts))
        return owner, found

    def _moment(self, person: str, parts: Mapping[str, Evidence]) -> Moment:
        present = [m for m, part in parts.items() if part.log_prob is not None]
        mapped = {m: self.maps[m].probabilities(np.exp(parts[m].log_prob)) for m in present}
        weights = window_weights(
            np.array([self.reliability[m] for m in present]),
            coverage=np.array([parts[m].coverage for m in present]),
            quality=np.array([parts[m].quality for m in present]),
        )
        fused, shares = self._fuse(present, mapped, weights)
        coverage = max((parts[m].coverage for m in present), default=0.0)
        uncertain = fused is not None and bool(
            decide(
                np.log(fused)[None],
                np.array([coverage]),
                min_probability=self.options.min_probability,
                min_coverage=self.options.min_coverage,
            )[0]
        )
        by_modality = dict(zip(present, zip(weights, shares, strict=True), strict=True))
        estimates = {
            modality: Estimate(
                modality,
                mapped.get(modality),
                part.coverage,
                part.quality,
                *(float(value) for value in by_modality.get(modality, (0.0, 0.0))),
                part.outcome,
            )
            for modality, part in parts.items()
        }
        box = next((part.box for part in parts.values() if part.box is not None), None)
        return Moment(person, estimates, fused, uncertain, coverage, box)

    def _fuse(
        self, present: list[str], mapped: Mapping[str, np.ndarray], weights: np.ndarray
    ) -> tuple[np.ndarray | None, np.ndarray]:
        """Fused probabilities (C,) under a uniform target prior, and each modality's share."""
        if not present:
            return None, np.zeros(0)
        reachable = np.array([self.priors[m] > 0 for m in present])
        # A label that a model cannot answer gets no evidence from it, for or against.
        log_priors = np.log(np.where(reachable, [self.priors[m] for m in present], 1.0))
        log_probs = np.log(
            np.where(reachable, np.maximum([mapped[m] for m in present], LEAST_PROBABILITY), 1.0)
        )[:, None, :]
        fused = log_linear_pool(log_probs, weights=weights, log_priors=log_priors)
        shares = contributions(
            log_probs, winner=fused.argmax(-1), weights=weights, log_priors=log_priors
        )
        return np.exp(fused[0]), shares[:, 0]
