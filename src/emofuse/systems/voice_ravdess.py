"""`voice-ravdess`: the default voice model, trained on RAVDESS speech.

Six folds by person (EmoBox) measure the recipe: in each, the epoch is chosen on persons held out
inside the training part. The shipped network is trained on all 24 persons for the folds' median
number of epochs.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

import numpy as np
import torch
from torch import nn

from emofuse.bundle import InputSpec, Specifications, content_key
from emofuse.core import OUT_OF_FOLD, Posteriors, concatenate, nll
from emofuse.corpora import read_corpus
from emofuse.media import decoded_audio_bytes
from emofuse.models import count_parameters, voice_cnn
from emofuse.posteriors import write_posteriors
from emofuse.protocols import Split, best_temperature, plan_splits
from emofuse.training.batches import ordered_batches, seeded_data
from emofuse.training.engine import FitOptions, Fitted, fit, predict
from emofuse.training.export import shippable_onnx
from emofuse.training.scores import calibrated, stated_scores
from emofuse.training.ship import Trained
from emofuse.training.voice_augment import VoiceAugment
from emofuse.training.voice_data import Voices, load_voices

NAME, DATA, PROTOCOL = "voice-ravdess", Path("ravdess/speech"), "ravdess-6fold"
WINDOW_SECONDS, HOP_SECONDS = 2.0, 0.5
# Mean and spread of log-mel over recordings at the stated level: fixed numbers, rounded.
FRONT_END = {
    "level_db": -26.0,
    "hop_seconds": 0.02,
    "n_mels": 48,
    "floor": 1e-6,
    "mean": -11.4,
    "std": 3.4,
}


@dataclass(frozen=True)
class Config:
    """The recipe. Changing it makes another model: raise `version` then."""

    version: str = "1"
    widths: tuple[int, ...] = (16, 32, 64, 128)
    batch_size: int = 16
    dropout: float = 0.25
    label_smoothing: float = 0.05
    augment: VoiceAugment = field(default_factory=VoiceAugment)
    fit: FitOptions = field(
        default_factory=lambda: FitOptions(
            epochs=70,
            learning_rate=2e-3,
            averaging=0.995,
            monitor="loss",
            accelerator="cpu",
            threads=1,
        )
    )


@dataclass(frozen=True)
class FoldAnswers:
    """Logits of one fold's network on people it does not know."""

    whole: Posteriors
    windows: Posteriors
    validation: Posteriors
    epochs: int


def train(data_dir: Path, *, run: Path, config: Config | None = None) -> Trained:
    """Six folds, then the network to ship. Goes on where an earlier call in `run` stopped."""
    started, config = perf_counter(), config or Config()
    manifest = read_corpus("ravdess", data_dir / DATA)
    plan = plan_splits(PROTOCOL, manifest.clips)
    voices = load_voices(
        manifest.clips,
        root=manifest.root,
        labels=manifest.label_set,
        front_end=FRONT_END,
        augment=config.augment,
    )
    row_of = {clip.id: row for row, clip in enumerate(voices.clips)}
    folds = [
        _fold(voices, split, row_of, manifest.label_set, run / f"fold-{split.fold}", config)
        for split in plan.splits
    ]
    # Each fold's answers are calibrated on its own inner validation persons, never on the scored.
    scored = {
        name: concatenate(
            [calibrated(getattr(f, name), best_temperature(f.validation)) for f in folds]
        )
        for name in ("whole", "windows")
    }
    epochs = int(np.median([fold.epochs for fold in folds]))
    everyone = np.arange(len(voices.clips))
    final = _fit(voices, everyone, None, run / "all", _over_epochs(config, epochs))
    temperature = best_temperature(concatenate([fold.windows for fold in folds]))
    run.mkdir(parents=True, exist_ok=True)
    write_posteriors(concatenate([fold.whole for fold in folds]), run / "out_of_fold.parquet")
    model, checks = shippable_onnx(
        final.model, _example(), free_axes={"mel": {0: "batch", 1: "time"}}
    )
    spec = _specifications(voices, plan.hash, manifest.label_set, scored, temperature, config)
    spec = replace(spec, parameters=count_parameters(final.model))
    details = {
        "settings": asdict(config),
        "fold_epochs": [fold.epochs for fold in folds],
        "shipped_epochs": epochs,
        "temperature_from": "out-of-fold logits of all six folds at the analysis window; the "
        "scores use each fold's inner validation instead",
        "onnx": checks,
        "hours": (perf_counter() - started) / 3600,
    }
    return Trained(model, spec, tuple(_keys(voices, manifest.root)), details)


def _over_epochs(config: Config, epochs: int) -> Config:
    """The same recipe over another number of epochs."""
    return replace(config, fit=replace(config.fit, epochs=epochs))


def _fit(
    voices: Voices, rows: np.ndarray, validation: np.ndarray | None, folder: Path, config: Config
) -> Fitted:
    torch.manual_seed(config.fit.seed)
    model = voice_cnn(
        classes=voices.n_labels,
        bands=FRONT_END["n_mels"],
        widths=config.widths,
        dropout=config.dropout,
    )
    return fit(
        model.to(memory_format=torch.channels_last),  # a quarter faster on processors
        seeded_data(
            rows,
            voices.training_batch,
            batch_size=config.batch_size,
            seed=config.fit.seed,
            validation_rows=validation,
            make_validation=voices.whole_batch,
        ),
        options=config.fit,
        folder=folder,
        loss=nn.CrossEntropyLoss(label_smoothing=config.label_smoothing),
    )


def _fold(
    voices: Voices, split: Split, row_of, labels, folder: Path, config: Config
) -> FoldAnswers:
    train, validation, test = (
        np.array([row_of[clip] for clip in part])
        for part in (split.train, split.validation, split.test)
    )
    fitted = _fit(voices, train, validation, folder, config)

    def answers(logits: np.ndarray, rows: np.ndarray, clips: list[str]) -> Posteriors:
        return Posteriors(
            clips=tuple(clips),
            values=logits,
            label_set=labels,
            scale="logit",
            system=NAME,
            role=OUT_OF_FOLD,
            fold=split.fold,
            truth=voices.labels[rows],
            subjects=tuple(voices.clips[row].subject for row in rows),
        )

    whole, _ = predict(fitted.model, ordered_batches(test, voices.whole_batch))
    return FoldAnswers(
        whole=answers(whole, test, [voices.clips[row].id for row in test]),
        windows=answers(*_windows(fitted.model, voices, test)),
        validation=answers(*_windows(fitted.model, voices, validation)),
        epochs=fitted.epoch + 1,
    )


def _windows(
    model: nn.Module, voices: Voices, rows: np.ndarray
) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Logits of every analysis window, the row each is from, and its name."""
    logits, owner, names = [], [], []
    with torch.inference_mode():
        for row in rows:
            parts = voices.windows(row, window_seconds=WINDOW_SECONDS, hop_seconds=HOP_SECONDS)
            logits.append(model(torch.from_numpy(np.stack(parts))).numpy())
            owner += [row] * len(parts)
            names += [f"{voices.clips[row].id}@{i * HOP_SECONDS}" for i in range(len(parts))]
    return np.concatenate(logits), np.array(owner), names


def _example() -> dict[str, torch.Tensor]:
    shape = (2, 101, FRONT_END["n_mels"])
    return {"mel": torch.randn(shape, generator=torch.Generator().manual_seed(0))}


def _keys(voices: Voices, root: Path) -> set[int]:
    """Content of every training file, and of its decoded sound whatever file holds it."""
    files = {
        content_key((root / clip.view("audio", "audio_video").path).read_bytes())
        for clip in voices.clips
    }
    sounds = {
        content_key(decoded_audio_bytes(voices.samples(row))) for row in range(len(voices.clips))
    }
    return files | sounds


def _specifications(
    voices: Voices,
    split_hash: str,
    labels,
    scored: dict[str, Posteriors],
    temperature: float,
    config,
) -> Specifications:
    windows = scored["windows"]
    prior = np.bincount(voices.labels, minlength=len(labels)) / len(voices.labels)
    return Specifications(
        name=NAME,
        version=config.version,
        modality="voice",
        label_set=labels.name,
        labels=labels.labels,
        inputs=(InputSpec("mel", "log_mel", ("batch", "time", FRONT_END["n_mels"]), FRONT_END),),
        window_seconds=WINDOW_SECONDS,
        hop_seconds=HOP_SECONDS,
        temperature=temperature,
        training_prior=tuple(prior.tolist()),
        held_out_nll=nll(windows.log_prob, windows.truth),
        weights_sha256="",
        licence="CC BY-NC-SA 4.0 (non-commercial), as the corpus",
        protocol=f"{PROTOCOL}: six folds by person; epoch and temperature from persons held out "
        "inside each training part; the shipped network is trained on all 24 persons",
        split_hash=split_hash,
        training_data="RAVDESS speech (Livingstone & Russo 2018), 1,440 clips at 16 kHz",
        training_persons=tuple(sorted({clip.subject for clip in voices.clips})),
        scores={
            "windows_of_2_s": stated_scores(windows)
            | {"note": "Every analysis window inside a clip, also those that begin in the pause."},
            "whole_clips": stated_scores(scored["whole"]),
        },
        training_command=f"python -m emofuse.systems {NAME} --data DATA",
        created=datetime.now(UTC).date().isoformat(),
        language="",
        intended_use="What a voice expresses in two seconds of speech, as one of eight labels; one "
        "modality among several in a fused timeline.",
        limits=(
            "Acted emotion: 24 actors, two sentences, studio sound.",
            "North American English; other languages were never measured.",
            "Non-commercial use only.",
            "The scores are those of six networks trained on 16 to 20 persons each; the shipped "
            "network has no held-out persons of its own.",
        ),
    )
