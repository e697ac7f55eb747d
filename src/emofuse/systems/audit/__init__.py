"""Published systems against their own files: what was claimed, what it is, what it is honestly."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from emofuse.core import InputError

from .row import COLUMNS, AuditRow, printable

# System -> module and function here that give its rows, loaded when asked for.
AUDITS = {
    "xlsr-au-fusion": ("xlsr_au_fusion", "rows"),
    "xlsr-au-fusion-voice": ("xlsr_au_fusion", "rows_with_voice"),
    "xlsr-au-table": ("xlsr_au_table", "rows"),
}


def audit(system: str, data_dir: str | Path) -> dict:
    """`{"system", "rows": [{"name", "claimed", ..., "n"}]}`; accuracies in per cent or None.

    `data_dir` is the folder of the real data. `InputError` for an unknown system or files that
    are missing or unusable.
    """
    if system not in AUDITS:
        raise InputError(system, "no audit of this system", f"known: {', '.join(AUDITS)}")
    module, function = AUDITS[system]
    rows = getattr(import_module(f"{__name__}.{module}"), function)(Path(data_dir))
    return {"system": system, "rows": [row.to_dict() for row in rows]}


__all__ = ["AUDITS", "COLUMNS", "AuditRow", "audit", "printable"]
