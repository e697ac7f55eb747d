"""`emofuse example`: the clip that comes with the package."""

from __future__ import annotations

from pathlib import Path

import typer


def example(
    path: Path = typer.Argument(Path("example.mp4"), help="Where to write the clip."),
) -> None:
    """Write the bundled talking-face clip (and its transcript beside it)."""
    from emofuse.media import write_example

    written = write_example(path)
    typer.echo(f"wrote {written}; next: emofuse analyse {written} --out out --format json,png")


def register(app: typer.Typer) -> None:
    app.command(epilog="Example:  emofuse example out.mp4")(example)
