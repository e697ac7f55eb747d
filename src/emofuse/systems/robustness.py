"""Robustness tables: `python -m emofuse.systems.robustness {voice,face,missing} --data DIR`.

What the shipped recipes answer when recordings get worse, for people and pictures they were not
trained on, and how often they abstain by the rule of the analysis (`fusion.decide`).
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from emofuse.core import InputError

from .robustness_face import face_table
from .robustness_missing import missing_table
from .robustness_table import Table, write_table
from .robustness_voice import voice_table

TABLES: dict[str, Callable[[Path], Table]] = {
    "voice": voice_table,
    "face": face_table,
    "missing": missing_table,
}


def record_robustness(name: str, data_dir: Path, out: Path) -> Path:
    """Measure one of `TABLES` on the corpora below `data_dir`; writes `out`/NAME.json and .png."""
    if name not in TABLES:
        raise InputError(name, "no such robustness table", f"choose one of {', '.join(TABLES)}")
    return write_table(TABLES[name](Path(data_dir)), Path(out))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", choices=TABLES)
    parser.add_argument("--data", type=Path, required=True, help="folder that holds the corpora")
    parser.add_argument("--results", type=Path, default=Path("results/robustness"))
    given = parser.parse_args()
    try:
        print(record_robustness(given.name, given.data, given.results))
    except InputError as error:
        print(error)
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
