"""Fairness on RAVDESS: by sex, intensity and person, from answers for unknown persons.

`python -m emofuse.systems.fairness NAME --data DIR`: "action-units" fits the Action-Unit model in
each fold of `ravdess-5fold`; "voice" reads the out-of-fold posteriors that training the voice
bundle left.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from emofuse.core import Clip, InputError, Posteriors
from emofuse.corpora import read_corpus
from emofuse.evaluation import clip_attributes, evaluate, group_gap, person_spread
from emofuse.posteriors import read_posteriors
from emofuse.training.runs import runs_folder, write_text

from .audit.xlsr_data import PROTOCOL as UNITS_PROTOCOL
from .command import run_recorder
from .person_adaptation import action_units

ATTRIBUTES = ("sex", "intensity")
VOICE_BUNDLE, VOICE_PROTOCOL = "voice-ravdess", "ravdess-6fold"


def fairness(posteriors: Posteriors, clips: Iterable[Clip]) -> dict:
    """Gaps by attribute and the spread over persons, as plain data (shares, not per cent)."""
    values = clip_attributes(clips, *ATTRIBUTES)
    found = evaluate(posteriors)
    return {
        "system": posteriors.system,
        "n": found.n,
        "stamps": list(posteriors.stamps),
        "accuracy": found.scores["accuracy"],
        "uar": found.scores["uar"],
        "gaps": [asdict(group_gap(posteriors, name, values[name])) for name in ATTRIBUTES],
        "persons": asdict(person_spread(posteriors)),
    }


def voice(data_dir: Path, *, run: Path | None = None) -> tuple[Posteriors, tuple[Clip, ...]]:
    """The out-of-fold answers of the voice bundle's six folds, and the clips they are for."""
    folder = run or runs_folder() / VOICE_BUNDLE
    posteriors = read_posteriors(folder / "out_of_fold.parquet")
    return posteriors, read_corpus("ravdess", data_dir / "ravdess/speech").clips


SOURCES: dict[str, tuple[Callable[[Path], tuple[Posteriors, tuple[Clip, ...]]], str]] = {
    "action-units": (action_units, UNITS_PROTOCOL),
    "voice": (voice, VOICE_PROTOCOL),
}


def record_fairness(name: str, data_dir: Path, out: Path) -> Path:
    """Measure the system `name` (see `SOURCES`) and write `out`/NAME.json."""
    if name not in SOURCES:
        raise InputError(name, "no such system", f"choose one of {', '.join(SOURCES)}")
    source, protocol = SOURCES[name]
    posteriors, clips = source(Path(data_dir))
    record = {
        "date": datetime.now(UTC).date().isoformat(),
        "command": f"python -m emofuse.systems.fairness {name} --data DATA",
        "protocol": protocol,
        **fairness(posteriors, clips),
        "note": "24 actors; acted emotion; neutral has no strong intensity. A gap whose interval holds 0 "
        "is no evidence that there is none.",
    }
    path = Path(out) / f"{name}.json"
    write_text(path, json.dumps(record, indent=1, ensure_ascii=False) + "\n")
    return path


def main() -> int:
    about = __doc__.splitlines()[0]
    return run_recorder(record_fairness, about=about, names=SOURCES, results="results/fairness")


if __name__ == "__main__":
    raise SystemExit(main())
