"""`python -m emofuse.systems NAME --data DIR`: train a default bundle, or an EEG one."""

from __future__ import annotations

import argparse
from pathlib import Path

from emofuse.core import InputError

from . import RECIPES, train_default


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m emofuse.systems", description=__doc__)
    parser.add_argument("name", choices=RECIPES)
    parser.add_argument("--data", type=Path, required=True, help="folder that holds the corpora")
    parser.add_argument("--out", type=Path, default=Path("bundles"), help="folder for the bundle")
    parser.add_argument("--results", type=Path, help="folder for the dated result")
    given = parser.parse_args()
    try:
        bundle = train_default(
            given.name, data_dir=given.data, out=given.out, results=given.results
        )
    except InputError as error:
        print(error)
        return 2
    print(f"{bundle.folder}: held-out NLL {bundle.spec.held_out_nll:.3f}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
