"""`eeg-seediv`: an EEG model of SEED-IV, person-independent.

`PUBLISHED` is the published network on the published features, wrong filters and all, over the
published 200 epochs; the optimiser is ours (AdamW; theirs was plain gradient descent at .04).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from emofuse.corpora import read_corpus
from emofuse.training.ship import Trained

from .eeg_bundle import EegSystem, train_eeg
from .eeg_fit import Recipe
from .eeg_windows import WindowOptions

DATA = Path("seediv")
SYSTEM = EegSystem(
    name="eeg-seediv",
    protocol="seediv-loso",
    licence="as the corpus: BCMI agreement, research only",
    training_data="SEED-IV (Zheng et al. 2019), raw EEG, four seconds a window",
    limits=("Four films' emotions, young Chinese adults, one laboratory.",),
)


@dataclass(frozen=True)
class Config:
    """The recipe and how trials become windows."""

    recipe: Recipe = field(default_factory=Recipe)
    windows: WindowOptions = field(default_factory=WindowOptions)


PUBLISHED = Config(
    Recipe("fbccnn", epochs=200, batch_size=128),
    WindowOptions(published=True),
)


def train(data_dir: Path, *, run: Path, config: Config | None = None) -> Trained:
    """Score leave-one-subject-out on `data_dir`/seediv, then fit the model to ship."""
    config = config or Config()
    manifest = read_corpus("seediv", data_dir / DATA)
    return train_eeg(manifest, SYSTEM, recipe=config.recipe, options=config.windows, run=run)
