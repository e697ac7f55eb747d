"""`emofuse features`: what a system trains on, made ahead of the training by many workers."""

from __future__ import annotations

from pathlib import Path

import typer

from .printing import JSON_HELP, emit_json, follow, show_table
from .train import settings_of

EXAMPLES = """
Examples:

  emofuse features mel-transformer --corpus ravdess.parquet --jobs 2

  emofuse features emonet-lstm --corpus ravdess.parquet --scheduler tcp://127.0.0.1:8786
"""


def features(
    name: str = typer.Argument(..., metavar="SYSTEM", help="See emofuse systems."),
    corpus: Path = typer.Option(..., metavar="MANIFEST", help="Written by emofuse prepare."),
    option: list[str] = typer.Option(
        [], "--set", metavar="KEY=VALUE", help="A setting, as for emofuse train; repeatable."
    ),
    jobs: int = typer.Option(1, min=1, help="Clips read at the same time."),
    scheduler: str = typer.Option(
        "local", help="Address of a Dask scheduler that shares out the clips."
    ),
    json_file: str = typer.Option(None, "--json", metavar="FILE", help=JSON_HELP),
) -> None:
    """Fill the cache that emofuse train reads. Clips that are in it are not read again."""
    from emofuse.corpora import read_manifest
    from emofuse.scale import extract_features

    manifest = read_manifest(corpus)
    with follow(f"features of {name}") as progress:
        results = list(
            extract_features(
                name,
                manifest,
                settings=settings_of(option),
                scheduler=scheduler,
                jobs=jobs,
                progress=progress,
            )
        )
    failed = [result for result in results if result.status == "failed"]
    if json_file is not None:
        rows = [{"clip": r.path, "status": r.status, "error": r.error} for r in results]
        emit_json(rows, json_file)
    elif failed:
        show_table([{"clip": r.path, "error": r.error} for r in failed], title="not read")
    typer.echo(
        f"{len(results) - len(failed)} of {len(results)} clips are in the cache; "
        f"next: emofuse train {name} --corpus {corpus} --protocol NAME",
        err=json_file is not None,
    )
    if failed:
        raise typer.Exit(2)


def register(app: typer.Typer) -> None:
    app.command(epilog=EXAMPLES)(features)
