"""`docs/audit.md`: every system as claimed, as published rebuilt, and honestly, from `results/`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..score_line import score_line
from .row import COLUMNS, printable

_HEAD = """# As published against honest

Written by `emofuse systems --audit docs/audit.md` from the dated files in `results/`; do not edit.
Accuracies in per cent. "As published" is the published recipe rebuilt here, with its mistakes,
on the data that is here; "honest" is the same idea with every choice made without the test
persons. A dash: not measured, because the media, the weights or a GPU are not here. In brackets
corpus, protocol and what was run of a recipe that would take days: a network after a few epochs
has not learnt what it could, so such a number says that the path works, and nothing against the
claim; on another corpus than the claim's it is of a part of the system and compares with nothing
in its row. "Their posteriors"
are the answers that the authors published themselves, scored again here; what chose their
checkpoints stays in them. "Our voice and face models" have nothing of theirs.
"""
# Settings that tell the networks of one system apart, and those that say how much was run.
_WHICH = ("reads", "stream", "audio_net", "video_net", "fusion")
_HOW_MUCH = ("epochs", "audio_epochs", "video_epochs")
_STACKING = "logistic stacking (wav2vec2 + au-bilstm + au-mlp80)"
_POOL = "weighted log-linear pool (wav2vec2 + au-bilstm + au-mlp80)"
_THEIRS, _OURS = "their posteriors", "our voice and face models"
# System -> column -> (audit file, row there, whose models it is of).
_AUDITED = {
    "xlsr-finetune": {"as_published": (("xlsr-au-fusion", "wav2vec2", _THEIRS),)},
    "au-bilstm": {"as_published": (("xlsr-au-fusion", "au-bilstm", _THEIRS),)},
    "xlsr-au-fusion": {
        "as_published": (("xlsr-au-fusion", _STACKING, _THEIRS),),
        "honest": (
            ("xlsr-au-fusion", _POOL, _THEIRS),
            ("xlsr-au-fusion-own", "voice-pooled + au-means", _OURS),
        ),
    },
}


def audit_page(rows: Sequence[Mapping], audits: Path) -> str:
    """Markdown from the catalogue's `rows` and the audit files in the folder `audits`."""
    lines = [
        _HEAD,
        "| system | claimed | as published | honest | stamps of the published run |",
        "|---|---|---|---|---|",
        *(_line(row, audits) for row in rows),
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
        told = [*map(score_line, row["measured"]), *row["checks"]]
        lines += ["", *(f"- {line}" for line in told)] if told else []
    for path in sorted(audits.glob("*.json")) if audits.is_dir() else []:
        lines += _audited(json.loads(path.read_text(encoding="utf-8")))
    return "\n".join(lines) + "\n"


def _line(row: Mapping, audits: Path) -> str:
    cells, stamps = [], []
    for column, form in (("as_published", "published"), ("honest", "honest")):
        runs = _newest(row["measured"], form)
        found = [*map(_cell, runs), *_from_audits(row["name"], audits, column)]
        cells.append("; ".join(found) or "–")
        if form == "published":
            stamps = list(dict.fromkeys(stamp for run in runs for stamp in run["stamps"]))
    claimed = f"{row['claimed']:.2f}"
    return f"| `{row['name']}` | {claimed} | {' | '.join(cells)} | {', '.join(stamps) or '–'} |"


def _newest(measured: Sequence[Mapping], form: str) -> list[Mapping]:
    """The last run of each network, corpus and protocol of a form."""
    found = {}
    for run in measured:
        if run["settings"]["form"] == form:
            which = tuple(run["settings"].get(name) for name in _WHICH)
            found[run["corpus"], run["protocol"], *which] = run
    return list(found.values())


def _cell(run: Mapping) -> str:
    """The number, what it is of, and how much of the recipe was run."""
    settings = run["settings"]
    told = [str(settings[name]) for name in _WHICH if name in settings and _matters(name, settings)]
    told += [
        f"{name.replace('_', ' ')} {settings[name]}"
        for name in _HOW_MUCH
        if name in settings and _matters(name, settings)
    ]
    where = (run["corpus"], run["protocol"])
    return f"{100 * run['accuracy']:.2f} ({', '.join([*where, *told])})"


def _matters(name: str, settings: Mapping) -> bool:
    """Whether a setting had a part in the run: a stream that was not trained has no epochs."""
    if name == "reads":
        return settings[name] != "all"
    stream, _, of_stream = name.partition("_")
    return not of_stream or settings.get("stream") in (stream, "both")


def _from_audits(name: str, audits: Path, column: str) -> list[str]:
    """What the audit files say of a system that is not trained here, or not with its own parts."""
    found = []
    for file, wanted, whose in _AUDITED.get(name, {}).get(column, ()):
        path = audits / f"{file}.json"
        rows = json.loads(path.read_text(encoding="utf-8"))["rows"] if path.is_file() else []
        found += [f"{row[column]:.2f} ({whose})" for row in rows if row["name"] == wanted]
    return found


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
