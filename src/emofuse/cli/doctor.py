"""`emofuse doctor`: what is installed, what is missing, and the command that fixes it."""

from __future__ import annotations

import platform
from importlib import metadata

import typer

from emofuse.core import InputError

from .printing import JSON_HELP, emit_json, show_table

# Distribution -> the extra that brings it ("" = base install).
PARTS = {
    "numpy": "",
    "scipy": "",
    "av": "",
    "opencv-python-headless": "",
    "onnxruntime": "",
    "soxr": "",
    "matplotlib": "plot",
    "pyarrow": "table",
    "mne": "eeg",
    "faster-whisper": "asr",
    "fastapi": "serve",
    "dask": "scale",
    "gradio": "gradio",
    "scikit-learn": "research",
    "torch": "train",
    "lightning": "train",
    "transformers": "train",
}


def doctor_rows() -> list[dict[str, object]]:
    """One row a part: installed version or the command that installs it; then the bundles."""
    rows = [{"part": "python", "found": platform.python_version(), "remedy": ""}]
    for name, extra in PARTS.items():
        try:
            rows.append({"part": name, "found": metadata.version(name), "remedy": ""})
        except metadata.PackageNotFoundError:
            package = f"'emofuse[{extra}]'" if extra else "--force-reinstall emofuse"
            rows.append({"part": name, "found": "", "remedy": f"pip install {package}"})
    return rows + _bundle_rows()


def _bundle_rows() -> list[dict[str, object]]:
    from emofuse.bundle import find_bundle, shipped_names

    rows = []
    for name in shipped_names():
        try:
            spec = find_bundle(name).spec
            rows.append({"part": f"model {name}", "found": spec.version, "remedy": ""})
        except InputError as error:
            rows.append({"part": f"model {name}", "found": "", "remedy": str(error)})
    return rows


def doctor(
    json_file: str = typer.Option(None, "--json", metavar="FILE", help=JSON_HELP),
) -> None:
    """Check the installation. Optional parts that are missing are no error."""
    rows = doctor_rows()
    if json_file is not None:
        emit_json(rows, json_file)
    else:
        show_table(rows, title="emofuse doctor")
    broken = [row for row in rows if row["remedy"] and PARTS.get(str(row["part"]), "") == ""]
    if broken:
        raise typer.Exit(2)


def register(app: typer.Typer) -> None:
    app.command(epilog="Example:  emofuse doctor --json -")(doctor)
