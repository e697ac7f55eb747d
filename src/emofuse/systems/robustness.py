"""Robustness tables: `python -m emofuse.systems.robustness {voice,face,missing} --data DIR`.

What the shipped recipes answer when recordings get worse, for people and pictures they were not
trained on, and how often they abstain by the rule of the analysis (`fusion.decide`).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from emofuse.core import InputError

from .command import run_recorder
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
    about = __doc__.splitlines()[0]
    return run_recorder(record_robustness, about=about, names=TABLES, results="results/robustness")


if __name__ == "__main__":
    raise SystemExit(main())
