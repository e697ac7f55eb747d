"""`Table`: the rows of one robustness measurement, what they were measured on, and its files."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from emofuse.evaluation import ConditionScore, score_condition, write_robustness_plot
from emofuse.fusion import MIN_COVERAGE, MIN_PROBABILITY, decide
from emofuse.training.runs import write_text


@dataclass(frozen=True)
class Table:
    """`name` is also the command's word; `chance` is the accuracy of a guess."""

    name: str
    title: str
    rows: tuple[ConditionScore, ...]
    chance: float
    protocol: str
    stamps: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def answered_score(
    log_prob: np.ndarray,
    truth: np.ndarray,
    *,
    coverage: np.ndarray,
    condition: str,
    level: str = "",
) -> ConditionScore:
    """Score (N, C) log-probabilities that are answered by the rule of the analysis."""
    unsure = decide(log_prob, coverage)
    return score_condition(log_prob, truth, answered=~unsure, condition=condition, level=level)


def write_table(table: Table, out: Path) -> Path:
    """Write `out`/NAME.json, dated, and the plot `out`/NAME.png beside it."""
    rows = [
        {key: round(v, 4) if isinstance(v, float) else v for key, v in asdict(row).items()}
        for row in table.rows
    ]
    record = {
        "date": datetime.now(UTC).date().isoformat(),
        "command": f"python -m emofuse.systems.robustness {table.name} --data DATA",
        "title": table.title,
        "protocol": table.protocol,
        "stamps": list(table.stamps),
        "answers_need": {"probability": MIN_PROBABILITY, "coverage": MIN_COVERAGE},
        "rows": rows,
        "notes": list(table.notes),
    }
    write_robustness_plot(
        table.rows, out / f"{table.name}.png", title=table.title, chance=table.chance
    )
    path = out / f"{table.name}.json"
    write_text(path, json.dumps(record, indent=1, ensure_ascii=False) + "\n")
    return path
