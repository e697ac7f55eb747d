"""What the small acted-speech corpora share: one file a clip, everything in its name."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from .scan import Scan


def read_named_files(
    scan: Scan,
    pattern: str,
    *,
    name: re.Pattern[str],
    fields: Callable[[re.Match[str]], Mapping],
    form: str,
) -> None:
    """One clip a file that matches `pattern`; `fields` turns its parsed name into `Clip` fields.

    Files whose name is not of the given `form` are skipped and counted.
    """
    for path in scan.files(pattern):
        match = name.fullmatch(path.stem)
        if match is None:
            scan.skip(path, f"name is not {form}")
        else:
            scan.add(path.stem, views=(scan.view("audio", path),), **fields(match))
