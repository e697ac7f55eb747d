"""Readable configurations: our default bundles and the published systems."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from emofuse.bundle import Bundle
from emofuse.core import InputError

# Bundle name -> the module here that trains it. Modules are loaded when asked for: they need
# the train extra.
DEFAULTS = {
    "face-fer": "face_fer",
    "text-ekman": "text_ekman",
    "voice-ravdess": "voice_ravdess",
}

# Recipes of the same kind whose corpora may not be given away, so that nothing is shipped.
RECIPES = {**DEFAULTS, "eeg-seediv": "eeg_seediv", "eeg-eav": "eeg_eav"}


def train_default(
    name: str, *, data_dir: Path, out: Path, results: Path | None = None, run: Path | None = None
) -> Bundle:
    """Train the bundle `name` (see `RECIPES`) on the corpora below `data_dir` and write it to `out`/NAME.

    `results` receives the dated NAME.json. `run` holds checkpoints (default: a folder of that name
    under `$EMOFUSE_RUNS`); a run that was stopped goes on from there. `InputError` for an unknown
    name or a missing corpus.
    """
    from emofuse.training.runs import runs_folder
    from emofuse.training.ship import ship

    if name not in RECIPES:
        raise InputError(name, "no such default model", f"choose one of {', '.join(RECIPES)}")
    system = import_module(f".{RECIPES[name]}", __package__)
    trained = system.train(Path(data_dir), run=run or runs_folder() / name)
    return ship(trained, out=Path(out), results=results)
