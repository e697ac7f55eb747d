"""`emofuse systems`: the published systems, their networks and what they measured here."""

from __future__ import annotations

from pathlib import Path

import typer

from .printing import JSON_HELP, emit_json, follow, show_table
from .train import settings_of


def systems(
    results: Path = typer.Option(
        Path("results"), help="Folder of the dated results, if there is one."
    ),
    docs: Path = typer.Option(None, metavar="FILE", help="Also write the list as Markdown."),
    audit: Path = typer.Option(None, metavar="FILE", help="Also write claimed against honest."),
    json_file: str = typer.Option(None, "--json", metavar="FILE", help=JSON_HELP),
) -> None:
    """List the systems: parameters, corpora, protocols and measured scores."""
    from emofuse.systems import RECIPES
    from emofuse.systems.audit import audit_page
    from emofuse.systems.catalogue import system_rows, systems_page
    from emofuse.training.runs import write_text

    rows = system_rows(results / "systems")
    if docs is not None:
        write_text(docs, systems_page(rows))
    if audit is not None:
        write_text(audit, audit_page(rows, results / "audit"))
    if json_file is not None:
        emit_json(rows, json_file)
        return
    show_table(
        [
            {
                "system": row["name"],
                "reads": row["modality"],
                "networks": "\n".join(
                    f"{form}: {name} {count:,}"
                    for form, found in row["models"].items()
                    for name, count in found.items()
                ),
                "protocols": "\n".join(f"{k}: {v}" for k, v in row["protocols"].items()),
                "measured": "\n".join(measured_line(score) for score in row["measured"]),
            }
            for row in rows
        ],
        note="measured: dated results of this repository; none means that the data is not here. "
        f"Bundles with a recipe of their own (python -m emofuse.systems NAME): {', '.join(RECIPES)}",
    )


def measured_line(score: dict) -> str:
    """One line: protocol, accuracy and its stamps."""
    stamps = f" ({', '.join(score['stamps'])})" if score["stamps"] else ""
    return f"{score['protocol']}: accuracy {100 * score['accuracy']:.1f} %{stamps}"


def incomplete(
    corpus: Path = typer.Option(..., metavar="MANIFEST", help="Written by emofuse prepare."),
    protocol: str = typer.Option(..., help="How people are split; see emofuse protocols."),
    out: Path = typer.Option(..., help="Folder for the runs, one a combination."),
    option: list[str] = typer.Option(
        [], "--set", metavar="KEY=VALUE", help="A setting of av-hybrid-fusion; repeatable."
    ),
    allow_leakage: bool = typer.Option(False, help="Run a leaky plan; every output is stamped."),
    json_file: str = typer.Option(None, "--json", metavar="FILE", help=JSON_HELP),
) -> None:
    """The incomplete-data table of av-hybrid-fusion: fusion × dropout × what is present."""
    from emofuse.corpora import read_manifest
    from emofuse.systems.incomplete import incomplete_table

    with follow("incomplete data") as progress:
        rows = incomplete_table(
            read_manifest(corpus),
            protocol=protocol,
            settings=settings_of(option),
            out=out,
            allow_leakage=allow_leakage,
            progress=progress,
        )
    if json_file is not None:
        emit_json(rows, json_file)
        return
    show_table(rows, title="accuracy of the audio-video system with parts taken away")


def register(app: typer.Typer) -> None:
    app.command(epilog="Example:  emofuse systems --json")(systems)
    app.command(
        epilog="Example:  emofuse incomplete --corpus ravdess.parquet --protocol ravdess-6fold "
        "--out table"
    )(incomplete)
