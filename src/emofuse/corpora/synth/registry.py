"""The corpora that can be synthesised: the same names as those that can be read."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from emofuse.core import InputError

from . import acted, cremad, eeg, features, goemotions, iemocap, meld, mosei, own, ravdess
from .draw import Draw

RECORD = "SYNTHETIC.json"  # lies in every synthetic corpus, so that none is taken for a real one


@dataclass(frozen=True)
class Synth:
    """A writer, how many people it has by default and at most."""

    write: Callable[..., None]
    persons: int
    most: int

    @property
    def options(self) -> tuple[str, ...]:
        return tuple(inspect.signature(self.write).parameters)[2:]


SYNTHS: dict[str, Synth] = {
    "ravdess": Synth(ravdess.write_ravdess, 4, 24),
    "ravdess-au": Synth(ravdess.write_ravdess_au, 24, 24),
    "cremad": Synth(cremad.write_cremad, 5, 91),
    "emodb": Synth(acted.write_emodb, 6, 10),
    "tess": Synth(acted.write_tess, 2, 2),
    "savee": Synth(acted.write_savee, 4, 4),
    "meld": Synth(meld.write, 6, len(meld.ROLES)),
    "goemotions": Synth(goemotions.write, 8, 100),
    "iemocap": Synth(iemocap.write_release, 4, 10),
    "iemocap-processed": Synth(iemocap.write_processed, 4, 10),
    "mosei": Synth(mosei.write_sequences, 10, 1000),
    "mosei-processed": Synth(mosei.write_processed, 10, 1000),
    "mosi-features": Synth(features.write_mosi, 1, 1),
    "fer2013": Synth(features.write_fer2013, 6, 1000),
    "seediv": Synth(eeg.write_seediv, 3, 15),
    "seediv-features": Synth(eeg.write_seediv_features, 4, 15),
    "eav": Synth(eeg.write_eav, 3, 42),
    "gameemo": Synth(features.write_gameemo, 8, 28),
    "folder": Synth(own.write_folder, 4, 100),
    "annotated": Synth(own.write_annotated, 4, 100),
}


def write_synth(
    name: str,
    out: str | Path,
    *,
    persons: int | None = None,
    seed: int = 0,
    random_labels: bool = False,
    **options,
) -> Path:
    """Write a small corpus in exactly the layout of `name` to the folder `out`; returns it.

    The class is carried jointly: each modality shows a digit of its number and no more (see
    `draw.split_class`), under habits of each person that tell nothing. With `random_labels` the
    signals show classes that are independent of the labels. The same seed gives the same signals
    and tables (an encoder may still lay a film out in other bytes). Raises `InputError` on an
    unknown name or option, on too many persons, and when `out` holds something not synthetic.
    """
    if name not in SYNTHS:
        raise InputError(name, "cannot be synthesised", f"choose one of {', '.join(SYNTHS)}")
    synth, out = SYNTHS[name], Path(out)
    count = synth.persons if persons is None else persons
    if not 1 <= count <= synth.most:
        raise InputError(name, f"cannot have {count} persons", f"give 1 to {synth.most}")
    for option in options:
        if option not in synth.options:
            known = ", ".join(synth.options) or "none"
            raise InputError(name, f"has no option {option!r}", f"options are {known}")
    if out.exists() and not out.is_dir():
        raise InputError(out, "is a file", "give a folder")
    if out.is_dir() and any(out.iterdir()) and not (out / RECORD).exists():
        raise InputError(out, "is not empty and not synthetic", "give a new folder")
    out.mkdir(parents=True, exist_ok=True)
    record = {"corpus": name, "persons": count, "seed": seed, "random_labels": random_labels}
    (out / RECORD).write_text(json.dumps({**record, "synthetic": True}), encoding="utf-8")
    synth.write(out, Draw(count, seed, random_labels), **options)
    return out
