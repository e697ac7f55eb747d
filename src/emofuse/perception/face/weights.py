"""ONNX Runtime sessions of the two face networks, checked against their recorded SHA-256."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from importlib import resources

import onnxruntime

from emofuse.core import InputError

FOLDER = resources.files(__package__) / "weights"


@cache
def load_session(name: str) -> onnxruntime.InferenceSession:
    """The session of `weights/<name>`, one thread; loaded once, as sessions hold no state.

    Raises `InputError` when the file is missing or is not the one that `sha256.json` records.
    """
    remedy = "install emofuse again"
    try:
        model = (FOLDER / name).read_bytes()
        expected = json.loads((FOLDER / "sha256.json").read_text(encoding="utf-8"))[name]["sha256"]
    except (OSError, KeyError, ValueError) as error:
        raise InputError(FOLDER / name, f"face model cannot be read ({error})", remedy) from None
    if hashlib.sha256(model).hexdigest() != expected:
        raise InputError(FOLDER / name, "face model does not match its SHA-256", remedy)
    options = onnxruntime.SessionOptions()
    # Networks this small lose more to thread hand-over than they gain.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
