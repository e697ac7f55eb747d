"""`docs/audit.md`: every system as claimed, as published rebuilt, and honestly, from `results/`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from .row import COLUMNS, printable

_HEAD = """# As published against honest

Written by `emofuse systems --audit docs/audit.md` from the dated files in `results/`; do not edit.
Accuracies in per cent. "As published" is the published recipe rebuilt here, with its mistakes,
on the data that is here; "honest" is the same idea with every choice made without the test
persons. A dash: not measured, because the media, the weights or a GPU are not here. In brackets
what was run of a recipe that would take days: a network after a few epochs has not learnt what it
could, so such a number says that the path works, and nothing against the claim.
"""
# Settings that say how much of a recipe was run.
_HOW_MUCH = ("stream", "epochs", "audio_epochs", "video_epochs")


def audit_page(rows: Sequence[Mapping], audits: Path) -> str:
    """Markdown from the catalogue's `rows` and the audit files in the folder `audits`."""
    lines = [
        _HEAD,
        "| system | claimed | as published | honest | stamps of the published run |",
        "|---|---|---|---|---|",
        *map(_line, rows),
    ]
    for row in rows:
        lines += [
            "",
            f"## {row['name']}",
            "",
            f"{row['wrong']}",
            "",
            f"What is left: {row['left']}",
        ]
        lines += ["", *map(_measured, row["measured"])] if row["measured"] else []
    for path in sorted(audits.glob("*.json")) if audits.is_dir() else []:
        lines += _audited(json.loads(path.read_text(encoding="utf-8")))
    return "\n".join(lines) + "\n"


def _line(row: Mapping) -> str:
    published, honest = (_latest(row["measured"], form) for form in ("published", "honest"))
    stamps = ", ".join(published["stamps"]) if published else ""
    cells = [f"{row['claimed']:.2f}", _cell(published), _cell(honest), stamps or "–"]
    return f"| `{row['name']}` | {' | '.join(cells)} |"


def _latest(measured: Sequence[Mapping], form: str) -> Mapping | None:
    """The newest run of a form, on the protocol that form is meant for."""
    found = [run for run in measured if run["settings"].get("form") == form]
    return found[-1] if found else None


def _share(run: Mapping | None) -> str:
    return "–" if run is None else f"{100 * run['accuracy']:.2f}"


def _cell(run: Mapping | None) -> str:
    """The number, and how much of the recipe it comes from where that can be little."""
    told = [
        f"{name.replace('_', ' ')} {run['settings'][name]}"
        for name in _HOW_MUCH
        if run is not None and name in run["settings"]
    ]
    return _share(run) + (f" ({', '.join(told)})" if told else "")


def _measured(run: Mapping) -> str:
    stamps = ", ".join(run["stamps"]) or "HONEST"
    told = ", ".join(f"{key} {value}" for key, value in run["settings"].items() if value != "")
    return (
        f"- {run['date']}, `{run['protocol']}`: accuracy {_share(run)} %, "
        f"UAR {100 * run['uar']:.2f} %, {run['clips']} clips. {stamps}. Settings: {told}."
    )


def _audited(record: Mapping) -> list[str]:
    cells = printable(record["rows"])
    return [
        "",
        f"## Its own files: {record['system']} ({record['date']})",
        "",
        f"`{record['command']}`",
        "",
        "| " + " | ".join(name.replace("_", " ") for name in COLUMNS) + " |",
        "|" + "---|" * len(COLUMNS),
        *("| " + " | ".join(row) + " |" for row in cells),
    ]
