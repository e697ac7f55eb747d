"""`emofuse train`, `export`, `predict`: from a manifest to an evaluated run, and what it is for."""

from __future__ import annotations

import json
import time
from pathlib import Path

import typer

from .printing import JSON_HELP, emit_json, follow, show_table

EXAMPLES = """
Examples:

  emofuse train au-static --corpus ravdess-au.parquet --protocol ravdess-5fold

  emofuse train mel-transformer --corpus ravdess.parquet --protocol random-clips
      --set form=published --allow-leakage

  emofuse train two-stream --corpus ravdess.parquet --protocol subject-kfold
      --set protocol.k=6 --set stream=audio --fold 0
"""


def settings_of(options: list[str]) -> dict[str, str]:
    """`key=value` texts as they are: the system knows what each one means."""
    found = {}
    for option in options:
        key, equals, value = option.partition("=")
        if not equals:
            raise typer.BadParameter(f"{option!r}: write it as key=value")
        found[key.strip().replace("-", "_")] = value.strip()
    return found


def train(
    name: str = typer.Argument(..., metavar="SYSTEM", help="See emofuse systems."),
    corpus: Path = typer.Option(..., metavar="MANIFEST", help="Written by emofuse prepare."),
    protocol: str = typer.Option(..., help="How people are split; see emofuse protocols."),
    fold: list[int] = typer.Option([], help="Only this fold; repeatable."),
    option: list[str] = typer.Option(
        [], "--set", metavar="KEY=VALUE", help="A setting, or protocol.KEY=VALUE; repeatable."
    ),
    out: Path = typer.Option(None, help="Run folder (default: under $EMOFUSE_RUNS)."),
    step: str = typer.Option("test", help="How far: train, validate or test."),
    in_sample: bool = typer.Option(False, help="Keep answers on training clips as well."),
    allow_leakage: bool = typer.Option(False, help="Run a leaky plan; every output is stamped."),
    results: Path = typer.Option(None, help="Folder that gets the dated result as well."),
    json_file: str = typer.Option(None, "--json", metavar="FILE", help=JSON_HELP),
) -> None:
    """Train a system fold after fold, evaluate it and write a report. Goes on where it stopped."""
    from emofuse.corpora import read_manifest
    from emofuse.systems.registry import system
    from emofuse.training.pipeline import train_system
    from emofuse.training.record_result import record_result

    began = time.perf_counter()
    with follow(f"training {name}") as progress:
        run = train_system(
            system(name),
            read_manifest(corpus),
            protocol=protocol,
            settings=settings_of(option),
            out=out,
            manifest_path=str(corpus.resolve()),
            folds=fold or None,
            step=step,
            in_sample=in_sample,
            allow_leakage=allow_leakage,
            progress=progress,
        )
    if results is not None:
        record_result(run, results, hours=(time.perf_counter() - began) / 3600)
    found = None
    if run.evaluation.is_file():
        found = json.loads(run.evaluation.read_text(encoding="utf-8"))
    if json_file is not None:
        emit_json({"run": str(run.path), "evaluation": found}, json_file)
        return
    if found is not None:
        show_table(score_rows(found), title=f"{name} on {run.record().corpus}")
    typer.echo(f"wrote {run.path}; next: emofuse export {run.path}")


def score_rows(evaluation: dict) -> list[dict]:
    """The scores of an evaluation, whichever of the two kinds it is."""
    if "labels_scored" in evaluation:
        return evaluation["labels_scored"]
    stamps = ", ".join(evaluation["stamps"]) or "HONEST"
    rows = [{"measure": name, "value": value} for name, value in evaluation["scores"].items()]
    return [*rows, {"measure": "stamps", "value": stamps}]


def export(
    run: Path = typer.Argument(..., metavar="RUN", help="A run folder."),
    fold: int = typer.Option(None, help="Whose network (default: the first fold's)."),
    corpus: Path = typer.Option(None, metavar="MANIFEST", help="If the manifest has moved."),
) -> None:
    """Write a run's networks as the bundles that emofuse analyse --model RUN takes."""
    from emofuse.corpora import read_manifest
    from emofuse.systems.registry import system
    from emofuse.training.export_run import export_run
    from emofuse.training.run_folder import RunFolder

    folder = RunFolder(run)
    manifest = None if corpus is None else read_manifest(corpus)
    made = export_run(system(folder.record().system), folder, fold=fold, manifest=manifest)
    for modality, bundle in made.items():
        typer.echo(f"wrote {bundle.folder} ({modality})")
    typer.echo(f"next: emofuse analyse CLIP --model {run}")


def predict(
    run: Path = typer.Argument(..., metavar="RUN", help="A run folder."),
    files: list[Path] = typer.Argument(..., metavar="FILE...", help="Recordings, or tables."),
    fold: int = typer.Option(0, help="Whose model."),
    corpus: Path = typer.Option(None, metavar="MANIFEST", help="If the manifest has moved."),
    json_file: str = typer.Option(None, "--json", metavar="FILE", help=JSON_HELP),
) -> None:
    """What a run's model answers about whole recordings, of all the modalities it reads."""
    import numpy as np

    from emofuse.corpora import read_manifest
    from emofuse.systems.registry import system
    from emofuse.training.predict_files import predict_files
    from emofuse.training.run_folder import RunFolder

    folder = RunFolder(run)
    manifest = None if corpus is None else read_manifest(corpus)
    found = predict_files(
        system(folder.record().system), folder, files, fold=fold, manifest=manifest
    )
    labels = found.label_set.labels
    rows = [
        {"file": clip, "label": labels[int(np.argmax(row))]}
        | {name: float(share) for name, share in zip(labels, np.exp(row), strict=True)}
        for clip, row in zip(found.clips, found.log_prob, strict=True)
    ]
    if json_file is not None:
        emit_json(rows, json_file)
        return
    show_table(rows, title=f"{found.system}: what is expressed", note=", ".join(found.stamps))


def register(app: typer.Typer) -> None:
    app.command(epilog=EXAMPLES)(train)
    app.command(epilog="Example:  emofuse export runs/au-bilstm")(export)
    app.command(epilog="Example:  emofuse predict runs/mel-transformer clip.wav")(predict)
