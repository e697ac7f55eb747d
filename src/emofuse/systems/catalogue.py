"""The list of systems as data and as a page: networks, protocols, measured scores."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path

from emofuse.training.system import System

from .registry import systems
from .score_line import score_line

FORMS = ("published", "honest")
_INTRODUCTION = """# The published systems

Written by `emofuse systems --docs docs/systems.md` from the systems themselves and the dated files
in `results/systems/`; do not edit.

    emofuse prepare ravdess --root RAVDESS --out ravdess.parquet
    emofuse train mel-transformer --corpus ravdess.parquet --protocol ravdess-6fold
    emofuse train mel-transformer --corpus ravdess.parquet --protocol random-clips \\
        --set form=published --allow-leakage          # as published: every output is stamped
    emofuse export RUN                                # a bundle a modality, in the run's folder
    emofuse analyse FOLDER --model RUN --out OUT --format json,png      # timelines by its models
    emofuse predict RUN clip.mp4                      # whole recordings, one answer each

`--fold K` runs one fold, `--step train|validate|test` stops early, `--set KEY=VALUE` changes a
setting (`--set protocol.k=3` one of the protocol's). A killed run goes on where it was and ends with
the same posteriors. A run folder holds `run.json` (settings, versions, stamps, hashes), `plan.json`
(the splits), `fold-K/` (checkpoints, `history.csv`, `curves.png`, `confusion.png`,
`posteriors.parquet`), and, over all folds, `posteriors.parquet`, `evaluation.json`, `report.html`.
Curves show the test part as well; nothing is ever chosen by it unless the run is stamped so.

`emofuse incomplete` trains `av-hybrid-fusion` with every fusion and modality dropout and scores each
with sound or picture taken away.

| system | reads | as published (parameters) | honest (parameters) |
|---|---|---|---|"""


def system_rows(results: Path) -> list[dict]:
    """One row a system; `results` is the folder of dated results (may be absent)."""
    return [_row(entry, results) for entry in systems()]


def _row(entry: System, results: Path) -> dict:
    return {
        "name": entry.name,
        "title": entry.title,
        "paper": entry.paper,
        "corpora": list(entry.corpora),
        "modality": entry.modality,
        "protocols": dict(entry.protocols),
        "models": {form: dict(entry.models(_options(entry, form))) for form in FORMS},
        "licence": entry.licence,
        "claimed": entry.claimed,
        "wrong": entry.wrong,
        "left": entry.left,
        "measured": measured(entry, results),
        "checks": checks(entry.name, results),
    }


def _options(entry: System, form: str):
    has_form = any(part.name == "form" for part in fields(entry.options))
    return entry.options(form=form) if has_form else entry.options()


def measured(entry: System, results: Path) -> list[dict]:
    """The scores in `results`/NAME.json, newest run last; none where there is no such file.

    `changed` are the settings that are not the form's own, as `key value`; `worst_person` is the
    lowest accuracy of a person, None where nobody is told apart.
    """
    path = results / f"{entry.name}.json"
    if not path.is_file():
        return []
    return [
        {
            "date": run["date"],
            "corpus": run["corpus"],
            "protocol": run["protocol"],
            "settings": run["settings"],
            "changed": _changed(entry, run["settings"]),
            "stamps": run["stamps"],
            "clips": run["n"],
            "accuracy": run["scores"]["accuracy"],
            "uar": run["scores"]["uar"],
            "ece": run["scores"]["ece"],
            "worst_person": min((p["accuracy"] for p in run["persons"]), default=None),
        }
        for run in json.loads(path.read_text(encoding="utf-8"))["runs"]
    ]


def _changed(entry: System, settings: Mapping[str, object]) -> list[str]:
    usual = asdict(_options(entry, settings["form"]))
    told = {name: value for name, value in settings.items() if value != usual.get(name)}
    return [
        f"{name} {json.dumps(value) if isinstance(value, dict) else value}"
        for name, value in told.items()
    ]


def checks(name: str, results: Path) -> list[str]:
    """What `results`/NAME-overfit.json says, a line a network; see `overfit`."""
    path = results / f"{name}-overfit.json"
    if not path.is_file():
        return []
    record = json.loads(path.read_text(encoding="utf-8"))
    return [
        f"{record['date']}, {variant}: {check['answered_rightly']} of {check['clips']} of its own "
        f"training clips answered rightly after {len(check['training_accuracy_by_epoch'])} epochs "
        f"({check['stamp']})."
        for variant, check in record["checks"].items()
    ]


def systems_page(rows: Sequence[Mapping]) -> str:
    """Markdown: a table of all systems, then a section each."""
    lines = [_INTRODUCTION]
    for row in rows:
        networks = [_networks(row["models"][form]) for form in FORMS]
        lines.append(f"| `{row['name']}` | {row['modality']} | {networks[0]} | {networks[1]} |")
    for row in rows:
        lines += ["", f"## {row['name']}", "", f"{row['title']}. {row['paper']}.", ""]
        lines += [
            f"- Corpora: {', '.join(row['corpora'])}. Protocols: published "
            f"`{row['protocols']['published']}`, honest `{row['protocols']['honest']}`.",
            f"- Licence: {row['licence']}.",
            f"- What was wrong: {row['wrong']}",
            f"- What is left: {row['left']}",
        ]
        lines += [f"- Measured: {score_line(score)}" for score in row["measured"]]
        lines += [f"- Overfit check, no score: {line}" for line in row["checks"]]
        if not row["measured"]:
            lines.append("- Measured: on its synthetic corpus only (format and learning checks).")
    return "\n".join(lines) + "\n"


def _networks(models: Mapping[str, int]) -> str:
    return ", ".join(f"{name} ({count:,})" for name, count in models.items()) or "–"
