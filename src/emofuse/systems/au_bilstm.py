"""`au-bilstm`: bi-LSTM with attention over Action-Unit sequences (Luna-Jiménez et al. 2022)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from emofuse.core import LabelSet, label_set
from emofuse.corpora import Manifest
from emofuse.evaluation import decision_scores
from emofuse.models import MODELS
from emofuse.training.action_units import action_unit_track, unit_view
from emofuse.training.counting import parameters_of
from emofuse.training.engine import FitOptions
from emofuse.training.examples import Examples, Input, truth_of
from emofuse.training.features_cache import view_features
from emofuse.training.network import NetworkMethod, Recipe, balanced_cross_entropy
from emofuse.training.optimisers import Optimiser
from emofuse.training.system import Progress, System


@dataclass(frozen=True)
class Options:
    """Settings. The published form feeds raw values and chooses the checkpoint on the test fold."""

    form: str = "honest"
    labels: str = "ravdess8"
    hidden: int = 50
    dropout: float = 0.3
    epochs: int = 300
    patience: int = 30
    batch_size: int = 64
    learning_rate: float = 1e-3
    seed: int = 2020


def read(
    options: Options, manifest: Manifest, labels: LabelSet, progress: Progress | None
) -> Examples:
    """(frames, 35) of every clip; honest: only frames with a face, each unit z-scored."""
    honest = options.form == "honest"
    for clip in manifest.clips:
        unit_view(clip, track=True)
    values = view_features(
        manifest,
        ("features",),
        lambda clip, _: action_unit_track(
            manifest.root / unit_view(clip, track=True).path, found_only=honest
        ),
        name="action-units",
        settings={"found_only": honest, "columns": 35},
        progress=progress,
    )
    units = Input(
        "units",
        values,
        mask="mask",
        normalise=(0,) if honest else None,
        front_end="openface_units",
        parameters={"found_only": honest},
    )
    return Examples(manifest.clips, labels, (units,), truth_of(manifest.clips, labels))


def build(options: Options, classes: int):
    return MODELS["au_bilstm"].build(
        classes=classes, hidden=options.hidden, dropout=options.dropout
    )


def recipe(options: Options) -> Recipe:
    """Adam at 1e-3, balanced cross-entropy, gradient norm 1, best weighted F1, as published."""
    return Recipe(
        FitOptions(
            epochs=options.epochs,
            learning_rate=options.learning_rate,
            weight_decay=0.0,
            clip_norm=1.0,
            patience=options.patience,
            monitor="weighted_f1",
            mode="max",
            seed=options.seed,
        ),
        optimiser=Optimiser("adam", schedule="constant", decay_all=True),
        batch_size=options.batch_size,
        chosen_on=chosen_on(options),
        loss=balanced_cross_entropy,
        score=_scores,
    )


def _scores(logits: np.ndarray, target: np.ndarray) -> dict[str, float]:
    found = decision_scores(target, logits.argmax(1), logits.shape[1])
    return {name: found[name] for name in ("accuracy", "uar", "weighted_f1")}


def chosen_on(options: Options) -> str:
    return "validation" if options.form == "honest" else "test"


SYSTEM = System(
    name="au-bilstm",
    title="Action-Unit sequences, bi-LSTM with attention",
    paper="Luna-Jiménez et al. 2022, doi 10.3390/app12010327 (S1c)",
    corpora=("ravdess",),
    protocols={"published": "ravdess-5fold", "honest": "ravdess-5fold"},
    modality="action_units",
    licence="MIT recipe; weights inherit the corpus's licence",
    options=Options,
    label_set=lambda options: label_set(options.labels),
    read=read,
    method=lambda options: NetworkMethod(build, recipe, modality="action_units"),
    models=lambda options: {"au_bilstm": parameters_of(build, options)},
    chosen_on=chosen_on,
    claimed=62.13,
    wrong="Early stopping and checkpoint by weighted F1 on the test fold (up to 300 looks); frames "
    "with a lost face were read as if they were faces; raw intensities (0 to 5) beside presences "
    "(0 or 1).",
    left="The network itself is sound. Persons held out of the training part choose the epoch, "
    "lost frames are left out, units are z-scored by training persons. That sequences beat clip "
    "means is not shown: the published difference is within chance (p = 0.30 over actors). The "
    "OpenFace tracks of the 24 actors are not here, only their clip means: this network was "
    "trained on synthetic tracks in OpenFace's format alone, and the number as published is that "
    "of the authors' own posteriors.",
)
