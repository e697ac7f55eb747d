"""Train on one corpus, test on another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from emofuse.core import Clip, InputError, LabelMap, label_map, label_set

from .base import Fold, Protocol


@dataclass(frozen=True)
class CrossCorpus(Protocol):
    """Train on all clips of corpus `train`, test on all clips of corpus `test`.

    The model answers in the labels of `train`; test clips whose label has no counterpart there
    (through the label map from `test` to `train`) are left out.
    """

    train: str = ""
    test: str = ""

    name = "cross-corpus"
    needs = ()
    source = "common practice, e.g. SER Evals (arXiv 2408.07851)"

    def folds(self, clips: Sequence[Clip]) -> list[Fold]:
        carried = self.label_map(clips)
        corpora = np.array([clip.corpus for clip in clips])
        known = np.array(
            [clip.corpus != self.test or _survives(clip, carried) for clip in clips], bool
        )
        return [
            Fold(
                f"{self.train}-to-{self.test}",
                np.flatnonzero(corpora == self.train),
                np.flatnonzero((corpora == self.test) & known),
            )
        ]

    def label_map(self, clips: Sequence[Clip]) -> LabelMap:
        """The map from the test corpus's labels to the training corpus's."""
        sets = [self._label_set(clips, name) for name in (self.test, self.train)]
        return label_map(label_set(sets[0]), label_set(sets[1]))

    def notes(self, clips: Sequence[Clip]) -> tuple[str, ...]:
        return (
            f"{self.test} labels read as {self.train} labels: {self.label_map(clips).describe()}",
        )

    def _label_set(self, clips: Sequence[Clip], corpus: str) -> str:
        found = {clip.label_set for clip in clips if clip.corpus == corpus}
        if len(found) == 1 and self.train != self.test:
            return found.pop()
        there = ", ".join(sorted({clip.corpus for clip in clips}))
        raise InputError(
            self.name,
            f"train={self.train!r} test={self.test!r} need two corpora with one label set each; "
            f"the manifest holds {there}",
            "give the manifests of both corpora and name them",
        )


def _survives(clip: Clip, carried: LabelMap) -> bool:
    return any(carried(label) is not None for label in (clip.label or "").split("|") if label)
