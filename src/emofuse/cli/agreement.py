"""`emofuse agreement`: how far several raters of one recording agree."""

from __future__ import annotations

from itertools import groupby
from operator import attrgetter
from pathlib import Path

import typer

from .printing import JSON_HELP, emit_json, show_table


def agreement_rows(files: list[Path], *, step_seconds: float | None) -> list[dict[str, object]]:
    """A row a tier: raters, units, Krippendorff's alpha, and ICC(2,1) where values are numbers."""
    from emofuse.corpora import rating_table, read_annotations

    found = [annotation for file in files for annotation in read_annotations(file)]
    rows = []
    for tier, group in groupby(sorted(found, key=attrgetter("tier")), key=attrgetter("tier")):
        table = rating_table(list(group), step_seconds=step_seconds)
        rows.append(
            {
                "tier": tier,
                "raters": len(table.raters),
                "units": len(table.units),
                **_measures(table),
            }
        )
    return rows


def _measures(table) -> dict[str, float | None]:
    from emofuse.corpora import icc, krippendorff_alpha

    found: dict[str, float | None] = {
        "alpha_nominal": None,
        "alpha_interval": None,
        "icc_2_1": None,
    }
    attempts = {
        "alpha_nominal": lambda: krippendorff_alpha(table.values, level="nominal"),
        "alpha_interval": lambda: krippendorff_alpha(table.numbers, level="interval"),
        "icc_2_1": lambda: icc(table.numbers, form="ICC(2,1)"),
    }
    for name, measure in attempts.items():
        try:
            found[name] = measure()
        except ValueError:  # words have no interval; one rater has no agreement
            continue
    return found


def agreement(
    files: list[Path] = typer.Argument(..., help="Annotation files: .eaf, .TextGrid, .csv."),
    step: float = typer.Option(
        None, metavar="SECONDS", help="Cut time into units of this length; default: as annotated."
    ),
    json_file: str = typer.Option(None, "--json", metavar="FILE", help=JSON_HELP),
) -> None:
    """Krippendorff's alpha and intraclass correlation of several raters, a row a tier."""
    rows = agreement_rows(files, step_seconds=step)
    if json_file is not None:
        emit_json(rows, json_file)
    else:
        show_table(rows, note="1 perfect, 0 chance; – where the measure has no value here")


def register(app: typer.Typer) -> None:
    app.command(epilog="Example:  emofuse agreement anna.eaf ben.eaf --step 0.5")(agreement)
