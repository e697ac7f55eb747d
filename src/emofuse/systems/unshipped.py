"""Models that are measured and not shipped: their rows, read from the dated results."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

RECORDS = ("models/action-units", "models/voice-au", "text/meld-linear")
SHARES = ("accuracy", "uar", "weighted_f1")


def unshipped_rows(results: Path) -> Iterator[dict[str, object]]:
    """One row a measured variant; `scores` are held-out, `over_seeds` holds mean and sd.

    What `results` lacks is left out: an installed package comes without results.
    """
    for name in RECORDS:
        path = Path(results) / f"{name}.json"
        if not path.is_file():
            continue
        record = json.loads(path.read_text(encoding="utf-8"))
        for row, values in record["rows"].items():
            yield {
                "name": path.stem,
                "row": row.replace("_", " "),
                "protocol": record["protocol"],
                "command": record["command"],
                "scores": values.get("scores") or values["test"],
                "over_seeds": values["over_seeds"] if values.get("seeds", 1) > 1 else {},
                "stamps": values.get("stamps", record.get("stamps", [])),
            }


def share(row: Mapping, key: str) -> str:
    """A score in percent, with its spread over seeds where there are several."""
    if key in row["over_seeds"]:
        over = row["over_seeds"][key]
        return f"{100 * over['mean']:.1f} ± {100 * over['sd']:.1f} %"
    return f"{100 * row['scores'][key]:.1f} %"
