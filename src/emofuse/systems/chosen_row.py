"""A row of a result: answers whose candidates were chosen inside each training part, and its scores."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from time import process_time

import numpy as np

from emofuse.core import Posteriors
from emofuse.evaluation import evaluate
from emofuse.protocols import Stamp
from emofuse.training.fusers import Streams, choose_and_fuse
from emofuse.training.runs import write_text
from emofuse.training.scores import stated_scores
from emofuse.training.ship import machine

Candidates = Mapping[str, Mapping[str, np.ndarray]]  # name -> system -> (N, C) or (K, N, C)
Row = tuple[Posteriors, Mapping[int, str]]
OVER_SEEDS = ("accuracy", "uar", "ece")


def chosen_row(
    rows: Streams, candidates: Candidates, *, system: str, adapted: bool, method: str = "pool"
) -> Row:
    """Held-out answers, each fold's by the candidate with the lowest NLL on the other folds.

    Fitted weights, and a temperature where there is one stream, are from those folds too.
    `adapted` stamps the answers. Also returns the candidate chosen for each fold.
    """
    answers, names = choose_and_fuse(rows, candidates, method=method)
    stamps = (*answers.stamps, str(Stamp.PERSON_ADAPTED)) if adapted else answers.stamps
    return replace(answers, system=system, stamps=stamps), names


def scored_row(runs: Sequence[Row]) -> dict:
    """All scores of the first run, persons among them; mean and sd of the main ones over runs."""
    first, names = runs[0]
    found = [evaluate(posteriors) for posteriors, _ in runs]
    return {
        "stamps": list(first.stamps),
        "seeds": len(runs),
        "over_seeds": {name: _spread([one.scores[name] for one in found]) for name in OVER_SEEDS},
        "scores": stated_scores(first),
        "persons": [{**row, "accuracy": round(row["accuracy"], 4)} for row in found[0].persons],
        "chosen_by_fold": dict(names),
    }


def write_record(
    name: str, out: Path, *, rows: Mapping[str, dict], began: float, **facts: object
) -> Path:
    """Write `out`/models/NAME.json; `began` is `time.process_time()` at the start."""
    record = {
        "name": name,
        "date": datetime.now(UTC).date().isoformat(),
        **facts,
        "cpu_seconds": round(process_time() - began),
        "machine": machine(),
        "rows": dict(rows),
    }
    path = Path(out) / "models" / f"{name}.json"
    write_text(path, json.dumps(record, indent=1, ensure_ascii=False) + "\n")
    return path


def _spread(values: Sequence[float]) -> dict[str, float | None]:
    """One run has a mean but no spread."""
    sd = round(float(np.std(values, ddof=1)), 4) if len(values) > 1 else None
    return {"mean": round(float(np.mean(values)), 4), "sd": sd}
