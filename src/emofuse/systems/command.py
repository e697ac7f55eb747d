"""The command line that the measuring modules here share: NAME --data DIR [--results DIR]."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from pathlib import Path

from emofuse.core import InputError


def run_recorder(
    record: Callable[[str, Path, Path], Path], *, about: str, names: Iterable[str], results: str
) -> int:
    """Parse the arguments, call `record(name, data, results)`, print the path it wrote.

    Returns the exit code: 2 with one line where the data cannot be used.
    """
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("name", choices=tuple(names))
    parser.add_argument("--data", type=Path, required=True, help="folder that holds the corpora")
    parser.add_argument("--results", type=Path, default=Path(results))
    given = parser.parse_args()
    try:
        print(record(given.name, given.data, given.results))
    except InputError as error:
        print(error)
        return 2
    return 0
