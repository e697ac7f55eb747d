"""`emofuse models`: the bundles, their scores and licences."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import typer

from .printing import JSON_HELP, emit_json, show_table


def model_rows() -> list[dict[str, object]]:
    """One row a shipped bundle, from its spec."""
    from emofuse.bundle import find_bundle, shipped_names

    rows = []
    for name in shipped_names():
        spec = find_bundle(name).spec
        rows.append(
            {
                "name": spec.name,
                "modality": spec.modality,
                "labels": spec.label_set,
                "parameters": spec.parameters,
                "protocol": spec.protocol,
                "scores": spec.scores,
                "licence": spec.licence,
                "created": spec.created,
            }
        )
    return rows


def models(
    results: Path = typer.Option(
        Path("results"), help="Folder of the dated results, if there is one."
    ),
    json_file: str = typer.Option(None, "--json", metavar="FILE", help=JSON_HELP),
) -> None:
    """List the bundles with what they scored on people they were not trained on.

    Then the models that are measured but not shipped, where the folder of results is at hand.
    """
    from emofuse.systems.unshipped import SHARES, share, unshipped_rows

    rows, unshipped = model_rows(), list(unshipped_rows(results))
    if json_file is not None:
        parts = ((True, rows), (False, unshipped))
        emit_json([row | {"shipped": is_in} for is_in, part in parts for row in part], json_file)
        return
    show_table(
        [
            {
                "model": f"{row['name']}\n{row['modality']}, {row['labels']}",
                "parameters": row["parameters"],
                "held-out scores": "\n".join(score_lines(row["scores"])),
                "protocol": row["protocol"],
                "licence": row["licence"],
            }
            for row in rows
        ],
        note="scores are on people or texts the model never saw; read each card.md before use",
    )
    if unshipped:
        show_table(
            [
                {
                    "measured, not shipped": f"{row['name']}\n{row['row']}",
                    "protocol": row["protocol"],
                    **{HEADLINE.get(key, "weighted F1"): share(row, key) for key in SHARES},
                    "ECE": f"{row['scores']['ece']:.3f}",
                    "stamps": ", ".join(row["stamps"]) or "–",
                }
                for row in unshipped
            ],
            note="person-adapted rows saw a person's other clips unlabelled: never beside the plain",
        )


HEADLINE = {"accuracy": "accuracy", "uar": "UAR", "macro_f1": "macro-F1", "ece": "ECE"}


def score_lines(scores: Mapping[str, object]) -> list[str]:
    """One line a scored part: its headline measures and how many clips they come from."""
    lines = []
    for part, values in scores.items():
        if not isinstance(values, Mapping):
            lines.append(f"{part} {values}")
            continue
        found = [f"{HEADLINE[key]} {values[key]:.3f}" for key in HEADLINE if key in values]
        lines.append(f"{part.replace('_', ' ')}: {', '.join(found)} (n {values.get('n', '?')})")
    return lines


def register(app: typer.Typer) -> None:
    app.command(epilog="Example:  emofuse models --json -")(models)
