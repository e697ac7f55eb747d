"""`emofuse corpora`, `prepare`, `synth`: data sets and their manifests."""

from __future__ import annotations

from pathlib import Path

import typer

from .printing import JSON_HELP, emit_json, follow, show_table


def pairs(options: list[str]) -> dict[str, object]:
    """`key=value` strings to keyword arguments; true, false and numbers are understood."""
    found: dict[str, object] = {}
    for option in options:
        key, equals, value = option.partition("=")
        if not equals:
            raise typer.BadParameter(f"{option!r}: write it as key=value")
        found[key.strip().replace("-", "_")] = _value(value.strip())
    return found


def _value(text: str) -> object:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return {"true": True, "false": False}.get(text.lower(), text)


def corpora(
    json_file: str = typer.Option(None, "--json", metavar="FILE", help=JSON_HELP),
) -> None:
    """List the corpora that can be read: labels, people, licence, layout options."""
    from emofuse.corpora import CORPORA

    rows = [
        {
            "name": corpus.name,
            "labels": corpus.label_set,
            "people": corpus.people,
            "modalities": list(corpus.modalities),
            "licence": corpus.licence,
            "options": list(corpus.options),
        }
        for corpus in CORPORA.values()
    ]
    if json_file is not None:
        emit_json(rows, json_file)
    else:
        show_table(rows, note="next: emofuse prepare NAME --root DIR --out manifest.parquet")


def prepare(
    name: str = typer.Argument(..., help="A corpus of `emofuse corpora`."),
    root: Path = typer.Option(..., help="Folder that holds the corpus."),
    out: Path = typer.Option(Path("manifest.parquet"), help="Manifest to write."),
    option: list[str] = typer.Option([], "--set", metavar="KEY=VALUE", help="A corpus option."),
    jobs: int = typer.Option(1, min=1, help="Files hashed at the same time."),
    scheduler: str = typer.Option("local", help="Address of a Dask scheduler that hashes them."),
    json_file: str = typer.Option(None, "--json", metavar="FILE", help=JSON_HELP),
) -> None:
    """Read a corpus, check it, hash it, and write its manifest (a stopped run goes on)."""
    from emofuse.corpora import prepare_corpus

    if jobs > 1 or scheduler != "local":
        from emofuse.scale import hash_corpus

        with follow(f"hashing {root}") as progress:
            hash_corpus(root, out, scheduler=scheduler, jobs=jobs, progress=progress)
    with follow(f"reading {name}") as progress:
        manifest = prepare_corpus(name, root, out, progress=progress, **pairs(option))
    counts = manifest.counts()
    summary = {
        "corpus": manifest.corpus,
        "clips": len(manifest),
        "subjects": len(manifest.subjects),
        "counts": counts,
        "skipped": manifest.skipped_counts(),
        "duplicates": [list(group) for group in manifest.duplicates()],
        "notes": list(manifest.notes),
        "manifest": str(out),
    }
    if json_file is not None:
        emit_json(summary, json_file)
        return
    rows = [
        {"what": what, "value": value, "clips": number}
        for what, tally in counts.items()
        for value, number in tally.items()
        if what != "subject" or len(tally) <= 30
    ]
    show_table(rows, title=f"{manifest.corpus}: {len(manifest)} clips")
    for reason, number in summary["skipped"].items():
        typer.echo(f"skipped {number}: {reason}")
    if summary["duplicates"]:
        typer.echo(f"{len(summary['duplicates'])} groups of clips show the same content")
    for note in manifest.notes:
        typer.echo(note)
    typer.echo(f"wrote {out}; next: emofuse train SYSTEM --corpus {out} --protocol NAME")


def synth(
    name: str = typer.Argument(..., help="A corpus whose layout is made up."),
    out: Path = typer.Option(..., help="Folder to write it to."),
    persons: int = typer.Option(None, help="How many people."),
    seed: int = typer.Option(0, help="The same seed writes the same signals."),
    random_labels: bool = typer.Option(
        False, help="Labels that the signals do not show (control)."
    ),
    option: list[str] = typer.Option([], "--set", metavar="KEY=VALUE", help="An option of it."),
) -> None:
    """Write a small made-up corpus in exactly the layout of a real one, with a known answer."""
    from emofuse.corpora.synth import write_synth

    write_synth(name, out, persons=persons, seed=seed, random_labels=random_labels, **pairs(option))
    typer.echo(f"wrote {out}; next: emofuse prepare {name} --root {out} --out {name}.parquet")


def register(app: typer.Typer) -> None:
    app.command(epilog="Example:  emofuse corpora --json")(corpora)
    app.command(epilog="Example:  emofuse prepare ravdess --root RAVDESS --out ravdess.parquet")(
        prepare
    )
    app.command(epilog="Example:  emofuse synth iemocap --out made-up/iemocap")(synth)
