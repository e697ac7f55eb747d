"""Writing a bundle folder, whole or not at all."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np

from emofuse.core import file_sha256

from .bundle import CARD, MODEL, SPEC, TRAINING, Bundle
from .spec import Specifications


def write_bundle(
    folder: str | Path,
    *,
    model: bytes,
    spec: Specifications,
    card: str,
    training_keys: Iterable[int] = (),
) -> Bundle:
    """Write `model` (ONNX bytes), spec, card and training keys; the hash in `spec` is filled in.

    Written under a temporary name beside `folder` and renamed, so a bundle is never half there.
    """
    folder = Path(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        (scratch / MODEL).write_bytes(model)
        spec = replace(spec, weights_sha256=file_sha256(scratch / MODEL))
        (scratch / SPEC).write_text(spec.to_json(), encoding="utf-8")
        (scratch / CARD).write_text(card, encoding="utf-8")
        keys = np.array(sorted(set(training_keys)), dtype=np.uint64)
        np.save(scratch / TRAINING, keys, allow_pickle=False)
        Bundle(scratch)  # refuses what could not be loaded later
        scratch.chmod(0o755)
        if folder.exists():
            shutil.rmtree(folder)
        scratch.rename(folder)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return Bundle(folder)
