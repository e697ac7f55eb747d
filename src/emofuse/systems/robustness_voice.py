"""The voice model's recipe on worse sound: RAVDESS, each person by a network that does not know
them (the six fold networks that training left), two seconds in the middle of every clip."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from emofuse.core import OUT_OF_FOLD, Clip, InputError, LabelSet, Posteriors, log_softmax
from emofuse.corpora import read_corpus
from emofuse.evaluation import ConditionScore
from emofuse.media import load_audio
from emofuse.models import voice_cnn
from emofuse.perception.voice import FRONT_ENDS, VoiceActivity, speech_share
from emofuse.protocols import Split, best_temperature, plan_splits
from emofuse.training.engine import load_checkpoint
from emofuse.training.runs import runs_folder

from .robustness_changes import SAMPLE_RATE, SOUNDS, Change
from .robustness_table import Table, answered_score
from .voice_ravdess import DATA, FRONT_END, NAME, PROTOCOL, WINDOW_SECONDS, Config

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
    folder = run or runs_folder() / NAME
    trained = [
        split for split in plan.splits if (folder / f"fold-{split.fold}/finished.json").is_file()
    ]
    if not trained:
        raise InputError(folder, "holds no finished fold", f"train {NAME} first")
    folds = [
        load_fold(folder, split, manifest.clips, sounds, truth, manifest.label_set)
        for split in trained
    ]
    names = [str(split.fold) for split in trained]
    return Table(
        name="voice",
        title="Voice model, RAVDESS, unknown persons",
        rows=tuple(voice_scores(folds, sounds, truth)),
        chance=1 / len(manifest.label_set),
        protocol=f"{PROTOCOL}, folds {', '.join(names)} of {len(plan.splits)}",
        notes=(
            "The two seconds in the middle of each clip; temperature from inner validation, clean.",
            "Speech found by voice activity in these two seconds is the coverage.",
            "loud: clipped at full scale.",
        ),
    )


def load_fold(
    folder: Path,
    split: Split,
    clips: Sequence[Clip],
    sounds: Sequence[np.ndarray],
    truth: np.ndarray,
    labels: LabelSet,
) -> Fold:
    """The network that training left for `split`, calibrated on its inner validation persons."""
    config = Config()
    model = voice_cnn(
        classes=len(labels),
        bands=FRONT_END["n_mels"],
        widths=config.widths,
        dropout=config.dropout,
    )
    load_checkpoint(model, folder / f"fold-{split.fold}")
    model.eval()

    def network(features: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return model(torch.from_numpy(features)).numpy()

    row_of = {clip.id: row for row, clip in enumerate(clips)}
    inner = np.array([row_of[clip] for clip in split.validation])
    held_out = Posteriors(
        clips=split.validation,
        values=network(np.stack([features_of(middle(sounds[row])) for row in inner])),
        label_set=labels,
        scale="logit",
        system=NAME,
        role=OUT_OF_FOLD,
        truth=truth[inner],
    )
    rows = np.array([row_of[clip] for clip in split.test])
    return Fold(network, best_temperature(held_out), rows)


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
    return FRONT_ENDS["log_mel"](window, **FRONT_END)


def _path(root: Path, clip: Clip) -> Path:
    return root / clip.view("audio", "audio_video").path
