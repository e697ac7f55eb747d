"""`eeg-eav`: an EEG model of EAV's trials, on which voice and face of the same moment exist."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from emofuse.corpora import read_corpus
from emofuse.training.ship import Trained

from .eeg_bundle import EegSystem, train_eeg
from .eeg_fit import Recipe
from .eeg_windows import WindowOptions

DATA = Path("eav")
SYSTEM = EegSystem(
    name="eeg-eav",
    protocol="eav-loso",
    licence="as the corpus (Zenodo 10205702)",
    training_data="EAV (Lee et al. 2024), speaking and listening trials",
    limits=(
        "The files do not name their 30 electrodes: another helmet needs a mapping to their "
        "numbers.",
    ),
)


@dataclass(frozen=True)
class Config:
    """The recipe and how trials become windows; all 30 electrodes, numbered."""

    recipe: Recipe = field(default_factory=Recipe)
    windows: WindowOptions = field(default_factory=lambda: WindowOptions(picks="all"))


def train(data_dir: Path, *, run: Path, config: Config | None = None) -> Trained:
    """Score leave-one-subject-out on `data_dir`/eav, then fit the model to ship."""
    config = config or Config()
    manifest = read_corpus("eav", data_dir / DATA)
    return train_eeg(manifest, SYSTEM, recipe=config.recipe, options=config.windows, run=run)
