"""`emofuse models`: the bundles, their scores and licences."""

from __future__ import annotations

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
    json_file: str = typer.Option(None, "--json", metavar="FILE", help=JSON_HELP),
) -> None:
    """List the bundles with what they scored on people they were not trained on."""
    rows = model_rows()
    if json_file is not None:
        emit_json(rows, json_file)
        return
    for row in rows:
        row["scores"] = "\n".join(_score(name, value) for name, value in row["scores"].items())
    show_table(rows, note="scores are held-out; read each bundle's card.md before using it")


def _score(name: str, value: object) -> str:
    return f"{name} {value:.3f}" if isinstance(value, float) else f"{name} {value}"


def register(app: typer.Typer) -> None:
    app.command(epilog="Example:  emofuse models --json -")(models)
