"""GAMEEMO: what real EEG says about ratings of games, for new people and, wrongly, for windows.

Band powers of 14 electrodes (no gamma), 28 people playing four games; high is a rating above 5.
`python -m emofuse.systems.eeg_gameemo DATA results/eeg` writes the dated result.
"""

from __future__ import annotations

import argparse
import csv
import json
import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from emofuse.core import InputError
from emofuse.corpora import Manifest, read_corpus
from emofuse.evaluation import decision_scores, evaluate
from emofuse.perception.eeg import entropy
from emofuse.protocols import Stamp, plan_splits, stamp_line
from emofuse.training.fusers import adapt_by_person
from emofuse.training.runs import write_text

from .eeg_fit import Recipe, held_out
from .eeg_windows import WindowOptions, Windows

DATA = Path("eeg/gameemo-features")
TARGETS = ("valence", "arousal")
BANDS = {"Delta": (1.0, 4.0), "Theta": (4.0, 8.0), "Alpha": (8.0, 14.0), "Beta": (14.0, 31.0)}
WINDOW_SECONDS = 12.0
# Name of a result -> protocol; the first is the honest one.
PROTOCOLS = {"new_persons": "leave-one-subject-out", "random_windows": "random-clips"}
# A linear model whose strength is chosen on validation persons, and a kernel one at the library's
# own strength. They were picked after looking at these same people: see `TRIED`.
RECIPES = {
    "logistic": Recipe("logistic", balanced=True),
    "svc": Recipe("svc", strengths=("1",), balanced=True),
}

TRIED = (
    "Four models were scored on these people before two were kept: logistic without class weights "
    "(new persons: valence .528, arousal .508), logistic and svc with them, and a forest of 300 "
    "trees with them (.621, .554; left out for its cost). The better of the rows is a choice on "
    "the test persons."
)


def gameemo_windows(data_dir: Path, target: str) -> Windows:
    """The table as windows: differential entropies from its band powers (N, 14, 4).

    `InputError` when the data is not below `data_dir`.
    """
    manifest = read_corpus("gameemo", data_dir / DATA, target=target)
    powers, channels = _powers(manifest)
    rows = [clip.views[0].row for clip in manifest]
    return Windows(
        manifest.clips,
        entropy(powers[rows]),
        np.zeros((len(manifest), 0, 0)),
        np.array([manifest.label_set.index(clip.label) for clip in manifest]),
        manifest.label_set,
        channels,
        WindowOptions(WINDOW_SECONDS, channels, tuple(BANDS.values())),
    )


def _powers(manifest: Manifest) -> tuple[np.ndarray, tuple[str, ...]]:
    """(rows, 14, 4) powers of the table, and its electrodes."""
    path = manifest.path(manifest.clips[0].views[0].path)
    with path.open(encoding="utf-8", newline="") as file:
        table = list(csv.DictReader(file))
    suffix = "_Delta_Power"
    channels = tuple(name.removesuffix(suffix) for name in table[0] if name.endswith(suffix))
    values = [
        [[float(row[f"{channel}_{band}_Power"]) for band in BANDS] for channel in channels]
        for row in table
    ]
    return np.array(values), channels


def score_gameemo(data_dir: Path, target: str, *, model: str = "svc") -> dict:
    """UAR and accuracy with 95 % intervals over persons: new persons, adapted, random windows.

    `model` is one of `RECIPES`. Everybody plays the same four games, so `game_only_uar` stands
    beside: whoever knows the game knows most of the rating.
    """
    windows, recipe = gameemo_windows(data_dir, target), RECIPES[model]
    found: dict = {
        "windows": len(windows),
        "trials": len({clip.trial for clip in windows.clips}),
        "persons": len({clip.subject for clip in windows.clips}),
        "high_share": round(float((windows.labels == windows.label_set.index("high")).mean()), 4),
    }
    found |= {name: _score(windows, protocol, recipe) for name, protocol in PROTOCOLS.items()}
    found["game_only_uar"] = round(_game_only(windows), 4)
    found["new_persons_adapted"] = _score(
        _adapted(windows), PROTOCOLS["new_persons"], recipe, extra=(str(Stamp.PERSON_ADAPTED),)
    )
    return found


def _game_only(windows: Windows) -> float:
    """UAR for new persons of an answer that looks at the game and at no EEG."""
    games = np.array([clip.trial.partition("-")[2] for clip in windows.clips])
    persons = np.array([clip.subject for clip in windows.clips])
    answers = np.zeros(len(windows), int)
    for person in np.unique(persons):
        others = persons != person
        usual = windows.labels[others].mean()
        for game in np.unique(games):
            answers[~others & (games == game)] = (
                windows.labels[others & (games == game)].mean() > usual
            )
    return decision_scores(windows.labels, answers, len(windows.label_set))["uar"]


def _adapted(windows: Windows) -> Windows:
    """Every feature against the person's own mean and spread over all unlabelled windows."""
    flat = windows.features.reshape(len(windows), -1)
    persons = [clip.subject for clip in windows.clips]
    adapted = adapt_by_person(flat, persons, how="zscore")
    return replace(windows, features=adapted.reshape(windows.features.shape))


def _score(windows: Windows, protocol: str, recipe: Recipe, extra: tuple[str, ...] = ()) -> dict:
    plan = plan_splits(protocol, windows.clips, allow_leakage=True)
    with tempfile.TemporaryDirectory(prefix="emofuse-gameemo-") as folder:
        scored = held_out(windows, plan, recipe, run=Path(folder))
    result = evaluate(scored.calibrated, stamps=extra)
    over_persons = result.intervals["UAR over persons"]
    return {
        "protocol": protocol,
        "split_hash": plan.hash,
        "stamp": stamp_line(result.stamps),
        "n": result.n,
        "uar": round(over_persons["mean"], 4),
        "uar_95": [round(over_persons["low"], 4), round(over_persons["high"], 4)],
        "accuracy": round(result.scores["pooled_accuracy"], 4),
        "nll": round(result.scores["nll"], 4),
        "majority_share": round(float(np.bincount(scored.raw.truth).max() / result.n), 4),
        "settings": sorted(set(scored.settings)),
    }


def write_gameemo(data_dir: Path, out: Path) -> Path:
    """Write both targets' scores by both models to `out`/gameemo.json, dated."""
    scores = {
        target: {model: score_gameemo(data_dir, target, model=model) for model in RECIPES}
        for target in TARGETS
    }
    report = {
        "name": "gameemo",
        "date": datetime.now(UTC).date().isoformat(),
        "command": "python -m emofuse.systems.eeg_gameemo DATA results/eeg",
        "features": "differential entropy from the table's band powers (delta to beta), 14 "
        "electrodes, 12 s windows",
        "label": "high: rating above 5 of 9; rare labels weighed up in training",
        "chance_uar": 0.5,
        "note": "game_only_uar needs no EEG: everybody played the same four games, and ratings "
        "follow the game. A score for new persons may come from recognising the game.",
        "tried": TRIED,
        "scores": scores,
    }
    path = out / "gameemo.json"
    write_text(path, json.dumps(report, indent=1) + "\n")
    return path


def main() -> int:
    parser = argparse.ArgumentParser(description="Score GAMEEMO for new persons and for windows.")
    parser.add_argument("data", type=Path, help="folder that holds eeg/gameemo-features")
    parser.add_argument("out", type=Path, help="folder for gameemo.json")
    given = parser.parse_args()
    try:
        print(write_gameemo(given.data, given.out))
    except InputError as error:
        print(error)
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
