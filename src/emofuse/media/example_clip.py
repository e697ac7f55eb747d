"""The example clip that ships with the package (see `example/PROVENANCE.md`)."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from emofuse.core import InputError

from .writer import whole_file


def write_example(path: str | Path) -> Path:
    """Copy the example clip to `path` (.mp4) and its transcript beside it (.srt, same stem).

    Raises `InputError` when the name does not end in .mp4 or the place cannot be written.
    """
    path = Path(path)
    if path.suffix.lower() != ".mp4":
        raise InputError(path, "the example is an mp4", "give a name that ends in .mp4")
    shipped = resources.files("emofuse.media") / "example"
    for name, target in (("example.srt", path.with_suffix(".srt")), ("example.mp4", path)):
        with whole_file(target) as scratch:
            scratch.write_bytes((shipped / name).read_bytes())
    return path
