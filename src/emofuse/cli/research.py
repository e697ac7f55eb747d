"""`emofuse evaluate`, `fuse`, `compare`, `report`, `audit`: from posteriors to honest numbers."""

from __future__ import annotations

import json
from pathlib import Path

import typer

from emofuse.core import IN_SAMPLE, OUT_OF_FOLD, InputError, concatenate

from .printing import JSON_HELP, emit_json, show_table

POSTERIORS_HELP = (
    "A posteriors file (.parquet), or FOLDER:SYSTEM for the published files of the late-fusion "
    "system, e.g. data/ravdess/published:wav2vec2."
)


def load_posteriors(given: str):
    """Posteriors from our Parquet, or from a published folder as FOLDER:SYSTEM."""
    from emofuse.posteriors import PUBLISHED, read_posteriors, read_published

    folder, colon, system = given.rpartition(":")
    if colon and system in PUBLISHED:
        return read_published(folder, system)
    if colon and Path(folder).is_dir():
        raise InputError(given, f"no published system {system!r}", f"known: {', '.join(PUBLISHED)}")
    return read_posteriors(given)


def evaluate(
    posteriors: list[str] = typer.Argument(..., help=POSTERIORS_HELP),
    protocol: str = typer.Option("", help="Name of the protocol, for the stamp."),
    json_file: str = typer.Option(None, "--json", metavar="FILE", help=JSON_HELP),
) -> None:
    """Score out-of-fold posteriors: accuracy (mean of folds), UAR, calibration, worst person."""
    from emofuse.evaluation import evaluate as score

    found = [score(load_posteriors(given), protocol=protocol) for given in posteriors]
    if json_file is not None:
        emit_json([json.loads(one.to_json()) for one in found], json_file)
        return
    for one in found:
        show_table([{"measure": name, "value": value} for name, value in one.rows()])


def fuse(
    posteriors: list[str] = typer.Argument(..., help=POSTERIORS_HELP),
    method: str = typer.Option("pool", help="pool, pool-bias, stacking, log-sum, mean, nested, …"),
    protocol: str = typer.Option("", help="Name of the protocol that made the folds."),
    split: str = typer.Option(
        "cross-fitted",
        help="cross-fitted (fitted on the other folds), strict (leave one person out inside the "
        "fold) or in-sample (as published; needs --allow-leakage).",
    ),
    out: Path = typer.Option(None, help="Parquet file for the fused posteriors."),
    allow_leakage: bool = typer.Option(False, help="Run what leaks; the output is stamped LEAKY."),
    json_file: str = typer.Option(None, "--json", metavar="FILE", help=JSON_HELP),
) -> None:
    """Fuse several systems' posteriors on out-of-fold rows and score the result."""
    from emofuse.evaluation import evaluate as score
    from emofuse.posteriors import write_posteriors
    from emofuse.training.fusers import METHODS, SPLITS
    from emofuse.training.fusers import fuse as run

    for value, known in ((method, METHODS), (split, SPLITS)):
        if value not in known:
            raise typer.BadParameter(f"{value!r}: choose from {', '.join(known)}")
    parts = [
        load_posteriors(given).as_scale("log_prob") if split != "in-sample" else _both_roles(given)
        for given in posteriors
    ]
    fused = run(parts, method=method, split=split, allow_leakage=allow_leakage)
    if out is not None:
        write_posteriors(fused, out)
    result = score(fused, protocol=f"{protocol} ({split} fusion)".strip())
    if json_file is not None:
        emit_json(json.loads(result.to_json()), json_file)
        return
    show_table([{"measure": name, "value": value} for name, value in result.rows()])
    if out is not None:
        typer.echo(f"wrote {out}; next: emofuse report {out}")


def _both_roles(given: str):
    """In-sample stacking needs what the systems said about their own training clips, too."""
    from emofuse.posteriors import PUBLISHED, read_posteriors, read_published

    folder, _, system = given.rpartition(":")
    if system not in PUBLISHED:
        return read_posteriors(given).as_scale("log_prob")
    roles = [read_published(folder, system, role=role) for role in (OUT_OF_FOLD, IN_SAMPLE)]
    return concatenate(roles).as_scale("log_prob")


def compare(
    a: str = typer.Argument(..., help=POSTERIORS_HELP),
    b: str = typer.Argument(..., help="The other one."),
    json_file: str = typer.Option(None, "--json", metavar="FILE", help=JSON_HELP),
) -> None:
    """Is B better than A on the same clips? Paired over persons, and McNemar over clips."""
    from emofuse.evaluation import compare as run

    result = run(load_posteriors(a), load_posteriors(b))
    if json_file is not None:
        emit_json(json.loads(result.to_json()), json_file)
    else:
        show_table([{"measure": name, "value": value} for name, value in result.rows()])


def report(
    run: str = typer.Argument(..., help="A run folder, or " + POSTERIORS_HELP),
    out: Path = typer.Option(None, help="HTML file to write; default: report.html beside it."),
    protocol: str = typer.Option("", help="Name of the protocol, for posteriors files."),
    licence: str = typer.Option("", help="Licence of the data, for the foot of the page."),
    against: list[str] = typer.Option([], help="Posteriors to compare with; repeatable."),
) -> None:
    """One self-contained HTML page: scores, intervals, confusion, calibration, worst person."""
    from emofuse.evaluation import compare as paired
    from emofuse.evaluation import evaluate as score
    from emofuse.evaluation import write_report

    folder = Path(run)
    given = str(folder / "posteriors.parquet") if folder.is_dir() else run
    posteriors = load_posteriors(given)
    page = out or (folder if folder.is_dir() else Path.cwd()) / "report.html"
    write_report(
        score(posteriors, protocol=protocol),
        page,
        licence=licence,
        command=f"emofuse report {run}",
        comparisons=[paired(load_posteriors(other), posteriors) for other in against],
    )
    typer.echo(f"wrote {page}")


def audit(
    system: str = typer.Argument(..., help="A system that can be audited."),
    data: Path = typer.Option(Path("data"), help="Folder of the real data."),
    json_file: str = typer.Option(None, "--json", metavar="FILE", help=JSON_HELP),
) -> None:
    """What a published system claimed, what its own files give, and what is honest."""
    from emofuse.systems.audit import audit as run

    found = run(system, data)
    if json_file is not None:
        emit_json(found, json_file)
        return
    show_audit(found)


def show_audit(found: dict) -> None:
    """The audit as a table, with what its stamps mean below."""
    from emofuse.protocols import MEANING

    marks: dict[str, str] = {}
    rows = []
    for row in found["rows"]:
        stamps = [stamp.strip() for stamp in row["stamp"].split(",") if stamp.strip()]
        for stamp in stamps:
            marks.setdefault(stamp, "abcdefghijklmnopqrstuvwxyz"[len(marks)])
        scores = {
            name.removesuffix("_published"): row[name]
            for name in ("claimed", "as_published", "honest", "strict", "person_adapted")
        }
        rows.append(
            {
                "name": row["name"],
                **scores,
                "n": row["n"],
                "marks": "".join(marks[s] for s in stamps),
            }
        )
    title = f"{found['system']}: accuracy in per cent, mean of folds"
    show_table(rows, title=title)
    for stamp, mark in marks.items():
        meaning = MEANING.get(stamp)
        typer.echo(f"{mark}  {stamp}: {meaning}" if meaning else f"{mark}  {stamp}")


def register(app: typer.Typer) -> None:
    app.command(epilog="Example:  emofuse evaluate run/posteriors.parquet --json")(evaluate)
    app.command(
        epilog="Example:  emofuse fuse data/ravdess/published:wav2vec2 "
        "data/ravdess/published:au-bilstm --method pool --out fused.parquet"
    )(fuse)
    app.command(epilog="Example:  emofuse compare a.parquet b.parquet")(compare)
    app.command(epilog="Example:  emofuse report fused.parquet --out report.html")(report)
    app.command(epilog="Example:  emofuse audit xlsr-au-fusion --data data --json audit.json")(
        audit
    )
