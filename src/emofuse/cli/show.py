"""`emofuse show`: a saved timeline on the screen."""

from __future__ import annotations

from pathlib import Path

import typer

from emofuse.core import Segment, Timeline

from .printing import JSON_HELP, emit_json, show_table


def moment_rows(timeline: Timeline, person: str) -> list[dict[str, object]]:
    """One row a stretch of the fused answer: what each modality said, and its share in brackets."""
    part = timeline.person(person)
    rows = []
    for segment in timeline.segments(person):
        i = _window_in_the_middle(timeline, segment)
        row: dict[str, object] = {
            "time": f"{segment.start_seconds:.1f}–{segment.end_seconds:.1f} s",
            "expressed": segment.label,
            "probability": round(segment.probability, 2),
        }
        for modality, stream in part.streams.items():
            row[modality] = stream.outcome[i] or None
            if stream.mask[i]:
                top = int(stream.probabilities[i].argmax())
                label, share = timeline.label_set.labels[top], stream.contribution[i]
                row[modality] = f"{label} {stream.probabilities[i, top]:.2f} ({share:.0%})"
        rows.append(row)
    return rows


def _window_in_the_middle(timeline: Timeline, segment: Segment) -> int:
    middle = (segment.start_seconds + segment.end_seconds) / 2
    return int(min(len(timeline) - 1, max(0, (timeline.cell_edges <= middle).sum() - 1)))


def show(
    path: Path = typer.Argument(..., help="A timeline: .json, .csv or .parquet."),
    json_file: str = typer.Option(None, "--json", metavar="FILE", help=JSON_HELP),
) -> None:
    """Print a saved timeline: moments, modalities with their share in brackets, what is absent."""
    from emofuse.export import load

    timeline = load(path)
    if json_file is not None:
        emit_json(list(timeline.to_records()), json_file)
        return
    for part in timeline.persons:
        rows = moment_rows(timeline, part.person)
        if rows:
            show_table(rows, title=f"{timeline.source.name}: {part.person}")
    for outcome in timeline.outcomes:
        span = f"{outcome.start_seconds:.1f}–{outcome.end_seconds:.1f} s"
        typer.echo(f"  {span} {outcome.person} {outcome.modality}: {outcome.kind} {outcome.detail}")
    for line in (*timeline.stamps, *timeline.notes):
        typer.echo(f"  {line}")
    typer.echo("What is expressed, as models read it; not what anybody feels.")


def register(app: typer.Typer) -> None:
    app.command(epilog="Example:  emofuse show out/example.json")(show)
