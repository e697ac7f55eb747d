"""`audit`: the table of one system, and its dated record."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

from emofuse.core import InputError

_PACKAGES = ("emofuse", "numpy", "scipy", "scikit-learn")


@dataclass(frozen=True)
class Audit:
    """Where an audit is: a module here, and the functions of it that give rows and checks."""

    module: str
    rows: str = "rows"
    checks: str = ""

    def load(self, function: str) -> Callable:
        """Loaded when asked for: auditing one system must not need what another one imports."""
        return getattr(import_module(f"{__package__}.{self.module}"), function)


AUDITS = {
    "xlsr-au-fusion": Audit("xlsr_au_fusion", checks="checks"),
    "xlsr-au-fusion-voice": Audit("xlsr_au_fusion", rows="rows_with_voice"),
    "xlsr-au-fusion-own": Audit(
        "xlsr_au_fusion", rows="rows_of_our_own", checks="checks_of_our_own"
    ),
    "xlsr-au-table": Audit("xlsr_au_table"),
    "av-eeg-cascade": Audit("eeg"),
}


def audit(system: str, data_dir: str | Path) -> dict:
    """`{"system", "rows": [{"name", "claimed", ..., "n"}]}`; accuracies in per cent or None.

    `data_dir` is the folder of the real data. `InputError` for an unknown system or files that
    are missing or unusable.
    """
    about = _find(system)
    rows = about.load(about.rows)(Path(data_dir))
    return {"system": system, "rows": [row.to_dict() for row in rows]}


def record_audit(system: str, data_dir: str | Path, out: str | Path) -> Path:
    """Run the audit and write `out`/SYSTEM.json with date, versions and further checks."""
    about = _find(system)
    record = {
        "date": datetime.now(UTC).date().isoformat(),
        "command": f"emofuse audit {system}",
        "versions": {
            "python": sys.version.split()[0],
            **{name: version(name) for name in _PACKAGES},
        },
        **audit(system, data_dir),
    }
    if about.checks:
        record["checks"] = about.load(about.checks)(Path(data_dir))
    path = Path(out) / f"{system}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f".{path.name}.part")
    scratch.write_text(json.dumps(record, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return scratch.replace(path)


def _find(system: str) -> Audit:
    if system not in AUDITS:
        raise InputError(system, "no audit of this system", f"known: {', '.join(AUDITS)}")
    return AUDITS[system]
