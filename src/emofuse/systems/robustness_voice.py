"""The voice model's recipe on worse sound: RAVDESS, each person by a network that does not know
them (the six fold networks that training left), two seconds in the middle of every clip."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import nn

from emofuse.core import OUT_OF_FOLD, Clip, LabelSet, Posteriors, log_softmax
from emofuse.corpora import read_corpus
from emofuse.evaluation import ConditionScore
from emofuse.media import load_audio
from emofuse.perception.voice import FRONT_ENDS, VoiceActivity, speech_share
from emofuse.protocols import Split, plan_splits
from emofuse.training.runs import runs_folder
from emofuse.training.voice_data import FRONT_END_NAME

from .robustness_changes import SAMPLE_RATE, SOUNDS, Change
from .robustness_table import Table, answered_score
from .voice_ravdess import (
    DATA,
    NAME,
    PROTOCOL,
    WINDOW_SECONDS,
    fold_networks,
    other_temperatures,
)
from .voice_recipe import FRONT_END

SEED = 2020
Network = Callable[[np.ndarray], np.ndarray]  # features (N, time, bands) to logits (N, C)


@dataclass(frozen=True)
class Fold:
    """A fold's network, its temperature, and the rows of persons it does not know."""

    network: Network
    temperature: float
    rows: np.ndarray


def voice_table(data_dir: Path, *, run: Path | None = None) -> Table:
    """Every change of `SOUNDS`. `run` is the training's folder (default: where it runs)."""
    manifest = read_corpus("ravdess", data_dir / DATA)
    plan = plan_splits(PROTOCOL, manifest.clips)
    sounds = [load_audio(_path(manifest.root, clip)) for clip in manifest.clips]
    truth = np.array([manifest.label_set.index(clip.label) for clip in manifest.clips])
    networks = fold_networks(
        run or runs_folder() / NAME, plan.splits, classes=len(manifest.label_set)
    )
    folds = calibrated_folds(networks, plan.splits, manifest.clips, sounds, manifest.label_set)
    return Table(
        name="voice",
        title="Voice model, RAVDESS, unknown persons",
        rows=tuple(voice_scores(folds, sounds, truth)),
        chance=1 / len(manifest.label_set),
        protocol=PROTOCOL,
        notes=(
            "The two seconds in the middle of each clip; temperature of the other folds' clean ones.",
            "Speech found by voice activity in these two seconds is the coverage.",
            "loud: clipped at full scale.",
        ),
    )


def calibrated_folds(
    networks: Sequence[nn.Module],
    splits: Sequence[Split],
    clips: Sequence[Clip],
    sounds: Sequence[np.ndarray],
    labels: LabelSet,
) -> list[Fold]:
    """Each fold's network with the temperature that suits the other folds' clean windows."""
    row_of = {clip.id: row for row, clip in enumerate(clips)}
    parts = [np.array([row_of[clip] for clip in split.test]) for split in splits]
    calls = [partial(_logits, model) for model in networks]
    clean = [
        Posteriors(
            clips=split.test,
            values=network(np.stack([features_of(middle(sounds[row])) for row in rows])),
            label_set=labels,
            scale="logit",
            system=NAME,
            role=OUT_OF_FOLD,
            fold=split.fold,
            truth=np.array([labels.index(clips[row].label) for row in rows]),
        )
        for network, split, rows in zip(calls, splits, parts, strict=True)
    ]
    return [Fold(*fold) for fold in zip(calls, other_temperatures(clean), parts, strict=True)]


def _logits(model: nn.Module, features: np.ndarray) -> np.ndarray:
    with torch.inference_mode():
        return model(torch.from_numpy(features)).numpy()


def voice_scores(
    folds: Sequence[Fold],
    sounds: Sequence[np.ndarray],
    truth: np.ndarray,
    *,
    changes: Sequence[Change] = SOUNDS,
) -> Iterator[ConditionScore]:
    """One score a change over the rows of all folds."""
    rows = np.concatenate([fold.rows for fold in folds])
    for change in changes:
        log_prob, coverage = [], []
        for fold in folds:
            windows = [
                middle(change.apply(sounds[row], np.random.default_rng((SEED, row))))
                for row in fold.rows
            ]
            features = np.stack([features_of(window) for window in windows])
            log_prob.append(log_softmax(fold.network(features) / fold.temperature))
            coverage += [speech_share(VoiceActivity().push(window)) for window in windows]
        yield answered_score(
            np.concatenate(log_prob),
            truth[rows],
            coverage=np.array(coverage),
            condition=change.condition,
            level=change.level,
        )


def middle(samples: np.ndarray) -> np.ndarray:
    """The analysis window in the middle of a clip; a shorter clip gets silence around."""
    length = round(WINDOW_SECONDS * SAMPLE_RATE)
    spare = len(samples) - length
    if spare < 0:
        return np.pad(samples, (-spare // 2, -spare - -spare // 2))
    return samples[spare // 2 : spare // 2 + length]


def features_of(window: np.ndarray) -> np.ndarray:
    return FRONT_ENDS[FRONT_END_NAME](window, **FRONT_END)


def _path(root: Path, clip: Clip) -> Path:
    return root / clip.view("audio", "audio_video").path
