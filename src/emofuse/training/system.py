"""`System`: what the pipeline needs to know of a published (or our own) system to run it.

A system is a readable configuration: settings, how clips become examples, how a fold is learnt.
Everything else (splits, resume, posteriors, evaluation, report, export) is the same for all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from emofuse.bundle import InputSpec
from emofuse.core import LabelSet, Scale
from emofuse.corpora import Manifest

from .examples import Examples

Progress = Callable[[int, int, object], None]
# Which part of a split chose the checkpoint: "validation", "test" (published mistakes), or none.
CHOOSERS = ("validation", "test", "last")


@dataclass(frozen=True)
class FoldRows:
    """Row numbers of one fold in the examples."""

    number: int
    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray


@dataclass(frozen=True)
class Exported:
    """A fold's model as ONNX bytes with the inputs a bundle states.

    `checks` say how far ONNX Runtime is from torch; `parameters` counts trained values.
    """

    model: bytes
    inputs: tuple[InputSpec, ...]
    parameters: int
    checks: Mapping[str, float]


@dataclass(frozen=True)
class Learned:
    """A fold's model. `answer(examples, rows)` gives (n, C) scores on `scale`.

    `history` holds a dict an epoch (empty for models without epochs), `epoch` is the chosen one,
    counted from 0. `export` gives the ONNX file of each modality (None where the model cannot
    become a bundle); `modality` is what it reads; `parts` are the models of a system that adds
    several.
    """

    answer: Callable[[Examples, np.ndarray], np.ndarray]
    scale: Scale = "logit"
    history: tuple[Mapping[str, float], ...] = ()
    epoch: int = 0
    export: Callable[[Examples], Mapping[str, Exported]] | None = None
    modality: str = ""
    parts: Mapping[str, Learned] = field(default_factory=dict)


class Method(Protocol):
    """How a fold is learnt. Reads and writes below `folder` and nowhere else.

    `refits` says that `restore` learns again from the training clips, which it then needs.
    """

    refits: bool

    def learn(
        self, options: Any, examples: Examples, rows: FoldRows, *, folder: Path, progress: bool
    ) -> Learned:
        """Fit on `rows.train`, choosing on `rows.validation`; goes on where a killed run stopped."""
        ...

    def restore(self, options: Any, examples: Examples, rows: FoldRows, *, folder: Path) -> Learned:
        """The model of an earlier `learn`; `InputError` where there is none."""
        ...


@dataclass(frozen=True)
class System:
    """One system. `options` is a frozen dataclass whose defaults are the honest form.

    `label_set(options)` names the set its model answers in (clips of other labels are left out);
    `read(options, manifest, labels, progress)` makes the examples of a manifest whose clips all
    have a label in it. `protocols` gives the protocol of the published and of the honest form.
    `models(options)` names the registered networks in use with their number of parameters.
    `stamps(options, manifest)` are those the system itself earns, beside the plan's. `wrong` and
    `left` say in one paragraph each what was wrong with the original and what is left.
    """

    name: str
    title: str
    paper: str
    corpora: tuple[str, ...]
    protocols: Mapping[str, str]
    modality: str
    licence: str
    options: type
    label_set: Callable[[Any], LabelSet]
    models: Callable[[Any], Mapping[str, int]]
    read: Callable[[Any, Manifest, LabelSet, Progress | None], Examples] | None = None
    method: Callable[[Any], Method] | None = None
    parts: Callable[[Any], Mapping[str, tuple[System, Mapping[str, object]]]] | None = None
    fusion: Callable[[Any], tuple[str, str]] | None = None
    stamps: Callable[[Any, Manifest], tuple[str, ...]] = lambda options, manifest: ()
    chosen_on: Callable[[Any], str] = lambda options: "validation"
    claimed: float | None = None
    wrong: str = ""
    left: str = ""
    tiny: Mapping[str, object] = field(default_factory=dict)
