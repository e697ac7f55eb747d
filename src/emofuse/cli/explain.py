"""`emofuse explain`: what in one window moved the answer."""

from __future__ import annotations

from pathlib import Path

import typer

from .printing import show_table


def explain(
    path: Path = typer.Argument(..., help="Video, audio, picture or transcript."),
    at: float = typer.Option(0.0, metavar="SECONDS", help="The moment to explain."),
    out: Path = typer.Option(None, "--out", "-o", help="PNG to write."),
    person: str = typer.Option(None, help="Who, as named in the timeline."),
    text: Path = typer.Option(None, help="Transcript; else a sidecar is used."),
    labels: str = typer.Option("basic7", help="Label set of the answer."),
    model: list[str] = typer.Option([], help="Bundle instead of the shipped one; repeatable."),
) -> None:
    """Which modality moved the answer, and inside it which sound, region or word."""
    from emofuse.analysis import explain as run
    from emofuse.export import save_explanation

    found = run(path, at_seconds=at, person=person, text=text, labels=labels, models=tuple(model))
    show_table(
        [
            {
                "modality": m.modality,
                "says": m.label or m.outcome,
                "probability": m.probability,
                "share": m.contribution,
                "effect (nats)": m.effect,
            }
            for m in found.modalities
        ],
        title=f"{found.source}, {found.start_seconds:g}–{found.end_seconds:g} s, {found.person}: "
        f"{found.label} {found.probability:.2f}{' (uncertain)' if found.uncertain else ''}",
        note="effect: how far the answer's log-odds fall without it; expressed, not felt",
    )
    if out is not None:
        typer.echo(f"wrote {save_explanation(found, out)}")


def register(app: typer.Typer) -> None:
    app.command(epilog="Example:  emofuse explain clip.mp4 --at 3 --out why.png")(explain)
