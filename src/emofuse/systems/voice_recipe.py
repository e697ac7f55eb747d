"""The recipe of the default voice model: two views of the sound, learned apart.

A picture of log-mel sees how a voice moves; functionals sum up its timbre, melody, loudness and
pace. They err on different clips, so their mean is better than either.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from emofuse.core import InputError
from emofuse.corpora import Manifest
from emofuse.models import Averaged, voice_cnn, voice_functionals
from emofuse.models.voice_cnn import VoiceCNN
from emofuse.models.voice_functionals import VoiceFunctionals
from emofuse.training.batches import seeded_data
from emofuse.training.engine import FitOptions, fit, load_checkpoint
from emofuse.training.voice_augment import VoiceAugment
from emofuse.training.voice_data import functionals_table, load_voices

# Mean and spread of log-mel over recordings at the stated level: fixed numbers, rounded.
FRONT_END = {
    "level_db": -26.0,
    "hop_seconds": 0.02,
    "n_mels": 48,
    "n_pitches": 48,
    "floor": 1e-6,
    "mean": -11.4,
    "std": 3.4,
}
SPEEDS = (0.85, 0.92, 1.0, 1.08, 1.17)


CHANGES = VoiceAugment(
    speeds=SPEEDS,
    crop_seconds=(2.0, 2.0),
    places=2,
    tempo=0.1,
    warp=0.06,
    noise=0.3,
    telephone=0.1,
    frequency_width=5,
    time_width=7,
)
# Functionals cannot see through holes and warped bands, so their sounds are changed less.
LIGHT_CHANGES = VoiceAugment(
    speeds=SPEEDS,
    crop_seconds=(2.0, 2.8),
    places=2,
    tempo=0.1,
    noise=0.3,
    gain_db=0.5,
    eq_db=0.5,
    frequency_masks=0,
    time_masks=0,
)
PICTURE_FIT = FitOptions(
    epochs=120,
    learning_rate=8e-3,
    weight_decay=0.02,
    warmup_epochs=20,
    accelerator="cpu",
    precision="bf16-mixed",  # 1.6 times as fast where the processor knows it
    threads=1,
)
HEAD_FIT = FitOptions(
    epochs=12,
    learning_rate=2e-3,
    weight_decay=0.05,
    warmup_epochs=3,
    accelerator="cpu",
    threads=1,
)


@dataclass(frozen=True)
class Picture:
    """How the view of log-mel is learned: many changed crops, many epochs."""

    widths: tuple[int, ...] = (16, 32, 64, 128)
    dropout: float = 0.25
    batch_size: int = 32
    augment: VoiceAugment = CHANGES
    fit: FitOptions = PICTURE_FIT


@dataclass(frozen=True)
class Functionals:
    """How the view of functionals is learned, from a table of `passes` changed crops a clip."""

    hidden: int = 256
    dropout: float = 0.4
    batch_size: int = 256
    passes: int = 12
    augment: VoiceAugment = LIGHT_CHANGES
    fit: FitOptions = HEAD_FIT


@dataclass(frozen=True)
class Config:
    """The recipe. Changing it makes another model: raise `version` then.

    `weights` are those of the picture's and the functionals' answer in their mean.
    """

    version: str = "3"
    seeds: tuple[int, ...] = (0, 1, 2)
    picture: Picture = Picture()
    functionals: Functionals = Functionals()
    weights: tuple[float, float] = (2.0, 1.0)
    label_smoothing: float = 0.05


class Recipe:
    """Fits both views on chosen clips; what no fold changes is computed once."""

    def __init__(self, manifest: Manifest, config: Config):
        self.config = config
        self.voices = load_voices(
            manifest.clips,
            root=manifest.root,
            labels=manifest.label_set,
            front_end=FRONT_END,
            augment=config.picture.augment,
        )

    def fit(self, rows: np.ndarray, folder: Path, seed: int) -> nn.Module:
        """The network of one seed, trained on the clips `rows` under `folder`."""
        torch.manual_seed(seed)
        picture, functionals = _views(self.config, self.voices.n_labels)
        self._fit_picture(picture, rows, folder / "picture", seed)
        self._fit_head(functionals.head, rows, folder / "functionals", seed)
        return Averaged([picture, functionals], self.config.weights).eval()

    def _fit_picture(self, model: nn.Module, rows: np.ndarray, folder: Path, seed: int) -> None:
        batch_size, options = self.config.picture.batch_size, self.config.picture.fit
        fit(
            model.to(memory_format=torch.channels_last),  # a quarter faster on processors
            seeded_data(rows, self.voices.training_batch, batch_size=batch_size, seed=seed),
            options=replace(options, seed=seed),
            folder=folder,
            loss=self._loss(),
        )

    def _fit_head(self, head: nn.Module, rows: np.ndarray, folder: Path, seed: int) -> None:
        batch_size, options = self.config.functionals.batch_size, self.config.functionals.fit
        values, owners = self._table
        labels = torch.from_numpy(self.voices.labels[owners])
        fit(
            head,
            seeded_data(
                np.flatnonzero(np.isin(owners, rows)),
                lambda chosen, _: ((values[chosen],), labels[chosen]),
                batch_size=batch_size,
                seed=seed,
            ),
            options=replace(options, seed=seed),
            folder=folder,
            loss=self._loss(),
        )

    @cached_property
    def _table(self) -> tuple[Tensor, np.ndarray]:
        settings = self.config.functionals
        _, view = _views(self.config, self.voices.n_labels)
        voices = replace(self.voices, augment=settings.augment)
        return functionals_table(voices, view.functionals, passes=settings.passes)

    def _loss(self) -> nn.Module:
        return nn.CrossEntropyLoss(label_smoothing=self.config.label_smoothing)


def fitted_network(folder: Path, config: Config, classes: int) -> nn.Module:
    """The networks of all seeds that `Recipe.fit` left under `folder`/seed-N, averaged.

    `InputError` where one is missing.
    """
    networks = []
    for seed in config.seeds:
        picture, functionals = _views(config, classes)
        for view, trained in (("picture", picture), ("functionals", functionals.head)):
            found = folder / f"seed-{seed}" / view
            if not (found / "finished.json").is_file():
                raise InputError(found, "holds no trained network", "train voice-ravdess first")
            load_checkpoint(trained, found)
        networks.append(Averaged([picture, functionals], config.weights))
    return Averaged(networks).eval()


def _views(config: Config, classes: int) -> tuple[VoiceCNN, VoiceFunctionals]:
    bands, pitches = FRONT_END["n_mels"], FRONT_END["n_pitches"]
    picture, functionals = config.picture, config.functionals
    return (
        voice_cnn(classes=classes, bands=bands, widths=picture.widths, dropout=picture.dropout),
        voice_functionals(
            classes=classes,
            bands=bands,
            pitches=pitches,
            hidden=functionals.hidden,
            dropout=functionals.dropout,
        ),
    )
