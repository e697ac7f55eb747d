"""Where runs and prepared features live: `$EMOFUSE_RUNS`, else `~/.cache/emofuse/runs`."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import numpy as np


def runs_folder() -> Path:
    """The folder that runs are written under unless the user names another."""
    return Path(os.environ.get("EMOFUSE_RUNS", Path.home() / ".cache" / "emofuse" / "runs"))


def write_text(path: Path, text: str) -> None:
    """Write a small text file, whole or not at all; missing folders are made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f".{path.name}.part")
    scratch.write_text(text, encoding="utf-8")
    scratch.replace(path)


def cached_arrays(
    name: str,
    compute: Callable[[], Mapping[str, np.ndarray]],
    *,
    content: Iterable[bytes],
    settings: Mapping[str, object],
) -> dict[str, np.ndarray]:
    """The arrays of `compute`, kept under a key of the `content` they come from and `settings`.

    Other files or other front-end settings are another key, so a stale cache cannot be read.
    """
    digest = hashlib.sha256(json.dumps(dict(settings), sort_keys=True).encode())
    for part in content:
        digest.update(hashlib.sha256(part).digest())
    path = runs_folder() / "cache" / f"{name}-{digest.hexdigest()[:16]}.npz"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        scratch = path.with_name(f".{os.getpid()}-{path.name}")
        np.savez(scratch, **compute())
        scratch.replace(path)
    with np.load(path, allow_pickle=False) as stored:
        return {key: stored[key] for key in stored.files}
