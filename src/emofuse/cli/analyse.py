"""`emofuse analyse`: recordings in, timelines out."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from .printing import JSON_HELP, emit_json, show_table

PANEL_FILES, PANEL_LABELS = "Input and output", "What is analysed"
EXAMPLES = """
Examples:

  emofuse analyse clip.mp4                         a table on the screen

  emofuse analyse clip.mp4 --out out --format json,png,overlay

  emofuse analyse talks/ --model runs/two-stream --out out --format png

  emofuse analyse talks/ 'more/*.wav' --out out --format csv --jobs 2

  emofuse analyse clip.mp4 --text words.srt --labels ravdess8

  emofuse analyse clip.mp4 --format json --out -   JSON to stdout
"""


def analyse(
    paths: list[Path] = typer.Argument(
        ..., help="Files, folders or glob patterns.", metavar="PATH..."
    ),
    out: str = typer.Option(
        None,
        "--out",
        "-o",
        help="Folder for the results; '-' writes JSON to stdout.",
        rich_help_panel=PANEL_FILES,
    ),
    formats: str = typer.Option(
        "json",
        "--format",
        "-f",
        rich_help_panel=PANEL_FILES,
        help="Comma-separated: json, csv, parquet, vtt, eaf, textgrid, png, html, overlay.",
    ),
    text: Path = typer.Option(
        None,
        help="Transcript of the one input (.srt .vtt .txt .TextGrid); else a sidecar is used.",
        rich_help_panel=PANEL_FILES,
    ),
    transcribe: str = typer.Option(
        "",
        metavar="MODEL",
        help="Without a transcript, hear the words with faster-whisper: tiny, small, ... or a "
        "model folder (asr extra; weights must lie on this machine).",
        rich_help_panel=PANEL_FILES,
    ),
    audio: Path = typer.Option(
        None,
        help="Sound file that replaces the one input's own sound.",
        rich_help_panel=PANEL_FILES,
    ),
    audio_offset: float = typer.Option(
        0.0,
        metavar="SECONDS",
        help="How much later that sound starts than the picture.",
        rich_help_panel=PANEL_FILES,
    ),
    eeg: Path = typer.Option(
        None,
        help="EEG recording of the one input's person (EDF, BDF, FIF, XDF, ...); needs --model "
        "with an EEG bundle.",
        rich_help_panel=PANEL_FILES,
    ),
    eeg_offset: float = typer.Option(
        0.0,
        metavar="SECONDS",
        help="How much later the EEG starts than the picture.",
        rich_help_panel=PANEL_FILES,
    ),
    eeg_marker: str = typer.Option(
        None,
        help="Marker in the EEG that stands where the picture starts.",
        rich_help_panel=PANEL_FILES,
    ),
    window: float = typer.Option(
        2.0, metavar="SECONDS", help="Length of a window.", rich_help_panel=PANEL_LABELS
    ),
    hop: float = typer.Option(
        0.5, metavar="SECONDS", help="Step between windows.", rich_help_panel=PANEL_LABELS
    ),
    modalities: str = typer.Option(
        "face,voice,text",
        help="Comma-separated choice of modalities.",
        rich_help_panel=PANEL_LABELS,
    ),
    model: list[str] = typer.Option(
        [],
        help="Bundle name or folder, or an exported run, instead of the shipped model; repeatable.",
        rich_help_panel=PANEL_LABELS,
    ),
    labels: str = typer.Option(
        "basic7", help="Label set of the answer.", rich_help_panel=PANEL_LABELS
    ),
    adapt: str = typer.Option(
        "",
        metavar="person",
        help="'person': see each person against their own average (marked in every output).",
        rich_help_panel=PANEL_LABELS,
    ),
    enrol: Path = typer.Option(
        None,
        help="Recording of the one person to take that average from.",
        rich_help_panel=PANEL_LABELS,
    ),
    thumbnails: bool = typer.Option(True, help="Keep small face pictures for plots."),
    blur_faces: bool = typer.Option(
        False, "--blur-faces", help="Blur faces in pictures and video."
    ),
    jobs: int = typer.Option(1, min=1, help="Files analysed at the same time."),
    scheduler: str = typer.Option(
        "local", help="Address of a Dask scheduler that shares out the files."
    ),
    quiet: bool = typer.Option(False, "--quiet", "-q", help="No progress bar and no tables."),
    json_file: str = typer.Option(None, "--json", metavar="FILE", help=JSON_HELP),
) -> None:
    """What do recordings express, moment by moment? Expressed, not felt."""
    from emofuse.analysis import Options

    try:
        options = Options(
            window_seconds=window,
            hop_seconds=hop,
            modalities=tuple(_split(modalities)),
            models=tuple(model),
            labels=labels,
            transcribe=transcribe,
            adapt=adapt,
            enrol=str(enrol or ""),
            thumbnails=thumbnails,
            blur_faces=blur_faces,
        )
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    if (text or audio or eeg) and len(paths) != 1:
        raise typer.BadParameter("--text, --audio and --eeg go with exactly one input")
    companions = {
        "text": text,
        "audio": audio,
        "audio_offset_seconds": audio_offset,
        "eeg": eeg,
        "eeg_offset_seconds": eeg_offset,
        "eeg_marker": eeg_marker,
    }
    if out == "-":
        _to_stdout(paths, options, companions, formats)
        return
    _to_folder(
        paths, options, companions, out, _formats(formats), (scheduler, jobs), quiet, json_file
    )


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _formats(text: str) -> tuple[str, ...]:
    from emofuse.export import FORMATS

    known = (*FORMATS, "overlay")
    wanted = tuple(name.lower() for name in _split(text))
    unknown = [name for name in wanted if name not in known]
    if unknown or not wanted:
        raise typer.BadParameter(f"--format {','.join(unknown)}: choose from {', '.join(known)}")
    return wanted


def _to_stdout(paths: Sequence[Path], options, companions: dict, formats: str) -> None:
    import dataclasses

    from emofuse.analysis import analyse as run
    from emofuse.export import dumps

    if len(paths) != 1 or _formats(formats) != ("json",):
        raise typer.BadParameter("--out - writes the JSON of exactly one input")
    sys.stdout.write(dumps(run(paths[0], **companions, **dataclasses.asdict(options))))


def _to_folder(paths, options, companions, out, formats, workers, quiet, json_file) -> None:
    from emofuse.scale import Job, collect, run_batch

    job = Job(options, Path(out) if out else None, formats, **companions)
    scheduler, jobs = workers
    results = []
    try:
        tasks = collect(paths)
        with _progress(quiet) as bar:
            follow = _follower(bar, len(tasks))
            for result in run_batch(
                tasks, job, scheduler=scheduler, jobs=jobs, on_progress=follow.within_file
            ):
                results.append(result)
                follow.file_done()
                if result.error:
                    bar.console.print(f"error: {result.error}", markup=False, soft_wrap=True)
                if result.status == "partial":
                    raise KeyboardInterrupt
    finally:
        if results and not quiet:
            _show(results, out)
        if results and json_file is not None:
            emit_json([_row(result) for result in results], json_file)
    if any(result.status == "failed" for result in results):
        raise typer.Exit(2)


def _progress(quiet: bool) -> Progress:
    from rich.console import Console

    return Progress(
        TextColumn("[progress.description]{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
        disable=quiet,
    )


class _follower:
    """Moves the bar by whole files and by the analysed share of the current one."""

    def __init__(self, bar: Progress, files: int):
        self.bar, self.files, self.done = bar, files, 0
        self.task = bar.add_task("analysing", total=files)

    def within_file(self, task, seconds: float, of_seconds: float) -> None:
        share = min(0.99, seconds / of_seconds) if of_seconds > 0 else 0.0
        self.bar.update(self.task, completed=self.done + share, description=task.path.name)

    def file_done(self) -> None:
        self.done += 1
        self.bar.update(self.task, completed=self.done)


def _row(result) -> dict[str, object]:
    summary = result.summary
    expressed = [f"{label} {share:.0%}" for label, share in summary.get("expressed", {}).items()]
    return {
        "file": Path(result.path).name,
        "status": result.status,
        "seconds": summary.get("duration_seconds"),
        "people": len([p for p in summary.get("persons", []) if p != "scene"]),
        "expressed": expressed[:2],
        "unsure": f"{summary.get('uncertain', 0):.0%}",
        # Most recordings come without a transcript: its absence is no news in a summary.
        "absent": [kind for kind in summary.get("outcomes", []) if kind != "NoText"],
        "stamps": summary.get("stamps", []),
    }


def _show(results, out: str | None) -> None:
    rows = [_row(result) for result in results]
    for name in ("absent", "stamps"):
        if not any(row[name] for row in rows):
            rows = [{key: value for key, value in row.items() if key != name} for row in rows]
    show_table(
        rows,
        title="What the recordings express (share of time), not what anybody feels",
    )
    if out:
        typer.echo(f"results in {out}/ (run manifest: {out}/emofuse-run.jsonl)")
    else:
        typer.echo("nothing was written; add --out DIR --format json,png to keep the timelines")


def register(app: typer.Typer) -> None:
    app.command(epilog=EXAMPLES)(analyse)
