"""Features of one file, computed once: keyed by the file's content and the front end's settings.

One small file a clip, so that a preparation that was killed goes on where it was.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from emofuse.core import Clip, InputError, View, file_sha256
from emofuse.corpora import Manifest

from .runs import runs_folder


def cached_features(
    key: str, compute: Callable[[], np.ndarray], *, name: str, settings: Mapping[str, object]
) -> np.ndarray:
    """The array of `compute`, kept under `name`, its `settings` and the content's `key`.

    Other content or other settings are another file, so a stale value cannot be read.
    """
    wanted = json.dumps(dict(settings), sort_keys=True, default=str)
    digest = hashlib.sha256(wanted.encode()).hexdigest()[:12]
    path = runs_folder() / "cache" / f"{name}-{digest}" / f"{key}.npy"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        scratch = path.with_name(f".{os.getpid()}-{path.name}")
        np.save(scratch, compute(), allow_pickle=False)
        scratch.replace(path)
    return np.load(path, mmap_mode="r", allow_pickle=False)


def view_features(
    manifest: Manifest,
    kinds: Sequence[str],
    compute: Callable[[Clip, View], np.ndarray],
    *,
    name: str,
    settings: Mapping[str, object],
    absent: Callable[[], np.ndarray] | None = None,
    progress: Callable[[int, int, object], None] | None = None,
) -> list[np.ndarray]:
    """One array a clip of `manifest` from its first view of one of `kinds`.

    `compute(clip, view)` is called where the cache has nothing. A clip without such a view gets
    `absent()`; where that is None it is an `InputError` naming the clip.
    """
    found = []
    for number, clip in enumerate(manifest.clips):
        if progress is not None:
            progress(number, len(manifest), clip.id)
        view = clip.view(*kinds)
        if view is None:
            if absent is None:
                raise InputError(
                    clip.id, f"has no {' or '.join(kinds)}", "use a corpus that has it"
                )
            found.append(absent())
            continue
        key = _content(manifest.root, view, clip)
        made = cached_features(
            key, lambda c=clip, v=view: compute(c, v), name=name, settings=settings
        )
        found.append(made)
    return found


def _content(root: Path, view: View, clip: Clip) -> str:
    """What decides a view's features: the file, the row of it, and the part of the film."""
    content = view.sha256 or file_sha256(root / view.path)
    part = (view.row, clip.start_seconds, clip.end_seconds, clip.attributes.get("side"))
    return hashlib.sha256(f"{content} {part}".encode()).hexdigest()[:24]
