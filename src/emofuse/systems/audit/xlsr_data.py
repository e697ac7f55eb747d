"""What Luna-Jiménez et al. (2022) published: posteriors, Action-Unit table, folds."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from emofuse.core import IN_SAMPLE, OUT_OF_FOLD, Clip, InputError, LabelSet, Posteriors, label_set
from emofuse.corpora import read_corpus
from emofuse.posteriors import read_published
from emofuse.protocols import PROTOCOLS, Plan, plan_splits
from emofuse.training.fusers import Streams, stack_streams

PROTOCOL = "ravdess-5fold"
WAV2VEC, BILSTM, MLP80 = ("wav2vec2", "au-bilstm", "au-mlp80")
N_ACTION_UNITS = 35  # 17 intensities, 18 presences; the last columns are speech, name, path, index


@dataclass(frozen=True)
class FeatureTable:
    """One row of numbers a clip, with what training and scoring need. Rows are in file order."""

    features: np.ndarray
    clips: tuple[str, ...]
    subjects: tuple[str, ...]
    truth: np.ndarray
    folds: np.ndarray
    label_set: LabelSet


class Published:
    """The published files below `data_dir`/ravdess/published, read when first asked for."""

    def __init__(self, data_dir: Path):
        self.folder = data_dir / "ravdess" / "published"
        if not self.folder.is_dir():
            raise InputError(
                self.folder,
                "the published files are not there",
                "give the folder that holds ravdess/published",
            )

    def held_out(self, system: str) -> Posteriors:
        """A system's outputs on the test actors of each fold, at the published scale."""
        return read_published(self.folder, system, role=OUT_OF_FOLD)

    def in_sample(self, system: str) -> Posteriors:
        """A system's outputs on its own training clips."""
        return read_published(self.folder, system, role=IN_SAMPLE)

    def streams(self, *systems: str) -> Streams:
        """The held-out outputs of several systems, aligned, ordered by fold and clip."""
        return stack_streams([self.held_out(s).as_scale("log_prob") for s in systems])

    @cached_property
    def clips(self) -> tuple[Clip, ...]:
        """The clips of the Action-Unit table, in file order."""
        return read_corpus("ravdess-au", self.folder).clips

    @cached_property
    def folds(self) -> dict[str, int]:
        """Which fold of the protocol tests each clip."""
        splits = PROTOCOLS[PROTOCOL]().split(self.clips)
        return {self.clips[i].id: k for k, (_, test) in enumerate(splits) for i in test}

    def require_protocol(self) -> None:
        """`InputError` unless the published files follow `ravdess-5fold`, clip by clip."""
        theirs = self.held_out(WAV2VEC)
        if dict(zip(theirs.clips, theirs.fold.tolist(), strict=True)) != self.folds:
            raise InputError(self.folder, f"folds are not those of {PROTOCOL}", "copy it again")

    @cached_property
    def plan(self) -> Plan:
        """The checked splits of the protocol, for their hash."""
        return plan_splits(PROTOCOL, self.clips)

    @cached_property
    def action_units(self) -> FeatureTable:
        """The clip means of 35 OpenFace columns."""
        path = self.folder / self.clips[0].views[0].path
        table = pd.read_csv(path, sep=";")
        return self.table(table.iloc[:, :N_ACTION_UNITS].to_numpy(float))

    def table(self, features: np.ndarray) -> FeatureTable:
        """(N, D) features of the clips, in their order, with labels, persons and folds."""
        labels = label_set("ravdess8")
        return FeatureTable(
            features,
            tuple(clip.id for clip in self.clips),
            tuple(clip.subject for clip in self.clips),
            np.array([labels.index(clip.label) for clip in self.clips]),
            np.array([self.folds[clip.id] for clip in self.clips]),
            labels,
        )
