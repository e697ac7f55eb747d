"""The person baseline: each person measured against their own average.

Faces and voices differ at rest: somebody's brows look angry, somebody's voice sounds sad. Offline,
half of the average of what a model says about one person is taken out: half of it is taken for
how the person looks and sounds, the other half for what they express. Answers become relative, so
they are stamped.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from emofuse.bundle import Bundle
from emofuse.core import SCENE, InputError, LabelSet, Window, log_softmax

from .combine import SPOKEN, Combiner
from .options import Options
from .sense import Evidence

STAMP = "PERSON-ADAPTED"
# How much of a person's average is taken out. All of it made two of four models worse on RAVDESS,
# and would leave nothing of somebody who expresses one thing throughout (person_adaptation.json).
SHARE = 0.5
# A mean over fewer windows makes answers worse than none (as measured with clips on RAVDESS).
MIN_WINDOWS = 4
# Words are left as they are: an average of sentences tells nothing about how somebody looks at rest.
ADAPTED = ("face", "voice")

Key = tuple[str, str]  # modality, person


@dataclass(frozen=True)
class Baseline:
    """Mean calibrated log-probabilities (C,), in the model's label order, of some windows."""

    mean: np.ndarray
    windows: int


@dataclass(frozen=True)
class Adapted:
    """The windows answered again, and what a reader must know about it."""

    windows: list[Window]
    stamps: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class RememberingCombiner(Combiner):
    """A combiner that keeps the evidence of every window, to answer again when all are known."""

    def __init__(self, options: Options, bundles: Mapping[str, Bundle], target: LabelSet):
        super().__init__(options, bundles, target)
        self.log_priors = {m: np.log(bundles[m].spec.training_prior) for m in bundles}
        self.seen: list[Mapping[str, Mapping[str, Evidence]]] = []

    def moments(self, evidence):
        self.seen.append(evidence)
        return super().moments(evidence)

    def again(self, window: Window, baselines: Mapping[Key, Baseline]) -> Window:
        """`window` with its evidence seen against the baselines."""
        adapted = {
            modality: {
                source: self._relative(
                    modality, part, baselines.get(_key(modality, source, window))
                )
                for source, part in parts.items()
            }
            for modality, parts in self.seen[window.index].items()
        }
        _, moments = super().moments(adapted)
        return replace(window, moments=tuple(moments))

    def _relative(self, modality: str, part: Evidence, baseline: Baseline | None) -> Evidence:
        if baseline is None or part.log_prob is None:
            return part
        leaning = baseline.mean - self.log_priors[modality]
        return replace(part, log_prob=log_softmax(part.log_prob - SHARE * leaning))


def measure_baselines(
    windows: Sequence[Window], combiner: RememberingCombiner
) -> dict[Key, Baseline]:
    """The average of every person's face and voice over the windows that hold them."""
    found: dict[Key, list[np.ndarray]] = {}
    for window in windows:
        evidence = combiner.seen[window.index]
        for modality in ADAPTED:
            for source, part in evidence.get(modality, {}).items():
                if part.log_prob is not None:
                    found.setdefault(_key(modality, source, window), []).append(part.log_prob)
    return {key: Baseline(np.mean(rows, axis=0), len(rows)) for key, rows in found.items()}


def enrolment(
    windows: Sequence[Window], combiner: RememberingCombiner, *, file: object
) -> dict[str, Baseline]:
    """Modality -> baseline of the one person that the enrolment recording `file` shows.

    Several people in view: the one seen most. `InputError` when nobody is seen or heard for long
    enough.
    """
    found = _usable(measure_baselines(windows, combiner))
    if not found:
        raise InputError(
            file,
            f"too short to enrol a person (fewer than {MIN_WINDOWS} windows of face or voice)",
            "give a longer recording of this person alone",
        )
    person = _most_seen(found)
    return {modality: one for (modality, of), one in found.items() if of == person}


def adapt_windows(
    windows: Sequence[Window],
    combiner: RememberingCombiner,
    *,
    enrolled: Mapping[str, Baseline] | None = None,
) -> Adapted:
    """Answer all `windows` again, relative to each person's own average over them.

    With `enrolled`, that baseline is taken instead, for the person seen most and nobody else. A
    baseline of fewer than `MIN_WINDOWS` windows is not used: a note and a warning say so.
    """
    own = measure_baselines(windows, combiner)
    if enrolled is None:
        baselines, notes = _usable(own), _too_few(own)
        for note in notes:
            warnings.warn(note, stacklevel=2)
    else:
        person = _most_seen(own)
        baselines = {(modality, person): one for modality, one in enrolled.items()}
        notes = [f"the enrolment recording is taken for one of {person}, who is seen most"]
    if not baselines:
        return Adapted(list(windows), notes=tuple(notes))
    measured = ", ".join(f"{m} of {who} ({b.windows} windows)" for (m, who), b in baselines.items())
    note = f"answers lean against each person's own average and are not calibrated: {measured}"
    return Adapted(
        [combiner.again(window, baselines) for window in windows], (STAMP,), (note, *notes)
    )


def _key(modality: str, source: str, window: Window) -> Key:
    """Whose evidence it is: what is spoken is filed under the scene and belongs to the speaker."""
    return modality, window.voice_owner if modality in SPOKEN else source


def _usable(baselines: Mapping[Key, Baseline]) -> dict[Key, Baseline]:
    return {key: one for key, one in baselines.items() if one.windows >= MIN_WINDOWS}


def _too_few(baselines: Mapping[Key, Baseline]) -> list[str]:
    return [
        f"{modality} of {person} is not adapted: {one.windows} windows are too few for a baseline "
        f"({MIN_WINDOWS} are needed)"
        for (modality, person), one in baselines.items()
        if one.windows < MIN_WINDOWS
    ]


def _most_seen(baselines: Mapping[Key, Baseline]) -> str:
    seen: dict[str, int] = {}
    for (_, person), one in baselines.items():
        seen[person] = seen.get(person, 0) + one.windows
    # Somebody in view goes before a voice that nobody in view was found for.
    return max(seen, key=lambda person: (person != SCENE, seen[person]), default=SCENE)
