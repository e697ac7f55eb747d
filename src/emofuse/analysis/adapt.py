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
# How much of a person's average is taken out. Half gains most where a model is weak, is harmless
# where it is strong (results/person_adaptation.json), and leaves something of who expresses one
# thing throughout.
SHARE = 0.5
# A mean over one or two clips makes answers worse than none. Windows that overlap tell the same
# twice, so the time that they cover counts: as much as so many windows side by side.
MIN_WINDOWS = 4
# Words are left as they are: an average of sentences tells nothing about how somebody looks at rest.
ADAPTED = ("face", "voice")

Key = tuple[str, str]  # modality, person


@dataclass(frozen=True)
class Baseline:
    """Mean calibrated log-probabilities (C,), in the model's label order, over some seconds."""

    mean: np.ndarray
    seconds: float


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

    @property
    def needed_seconds(self) -> float:
        """How long somebody must be seen or heard to have a baseline."""
        return MIN_WINDOWS * self.options.window_seconds

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
    hop, length = combiner.options.hop_seconds, combiner.options.window_seconds
    return {
        key: Baseline(np.mean(rows, axis=0), length + (len(rows) - 1) * hop)
        for key, rows in found.items()
    }


def enrolment(
    windows: Sequence[Window], combiner: RememberingCombiner, *, file: object
) -> dict[str, Baseline]:
    """Modality -> baseline of the one person that the enrolment recording `file` shows.

    Several people in view: the one seen most. `InputError` when nobody is seen or heard for long
    enough.
    """
    needed = combiner.needed_seconds
    found = measure_baselines(windows, combiner)
    enough = {key: one for key, one in found.items() if one.seconds >= needed}
    if not enough:
        raise InputError(
            file,
            f"shows nobody's face or voice for {needed:g} s, too short to enrol a person",
            "give a longer recording of this person alone",
        )
    person = _most_seen(enough)
    return {modality: one for (modality, of), one in enough.items() if of == person}


def adapt_windows(
    windows: Sequence[Window],
    combiner: RememberingCombiner,
    *,
    enrolled: Mapping[str, Baseline] | None = None,
) -> Adapted:
    """Answer all `windows` again, relative to each person's own average over them.

    With `enrolled`, that baseline is taken instead, for the person seen most and nobody else. A
    baseline of less than `MIN_WINDOWS` windows' time is not used: a note and a warning say so.
    """
    own = measure_baselines(windows, combiner)
    if enrolled is None:
        needed = combiner.needed_seconds
        baselines = {key: one for key, one in own.items() if one.seconds >= needed}
        notes = [
            f"{modality} of {person} is not adapted: {one.seconds:g} s are too few for a baseline "
            f"({needed:g} s are needed)"
            for (modality, person), one in own.items()
            if one.seconds < needed
        ]
        for note in notes:
            warnings.warn(note, stacklevel=2)
    else:
        person = _most_seen(own)
        baselines = {(modality, person): one for modality, one in enrolled.items()}
        notes = [f"the enrolment recording is taken for one of {person}, who is seen most"]
    if not baselines:
        return Adapted(list(windows), notes=tuple(notes))
    measured = ", ".join(f"{m} of {who} ({b.seconds:g} s)" for (m, who), b in baselines.items())
    note = f"answers lean against each person's own average and are not calibrated: {measured}"
    return Adapted(
        [combiner.again(window, baselines) for window in windows], (STAMP,), (note, *notes)
    )


def _key(modality: str, source: str, window: Window) -> Key:
    """Whose evidence it is: what is spoken is filed under the scene and belongs to the speaker."""
    return modality, window.voice_owner if modality in SPOKEN else source


def _most_seen(baselines: Mapping[Key, Baseline]) -> str:
    seen: dict[str, float] = {}
    for (_, person), one in baselines.items():
        seen[person] = seen.get(person, 0.0) + one.seconds
    # Somebody in view goes before a voice that nobody in view was found for.
    return max(seen, key=lambda person: (person != SCENE, seen[person]), default=SCENE)
