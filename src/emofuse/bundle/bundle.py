"""Loading a bundle: one folder with `model.onnx`, `spec.json`, `card.md`, `training.npy`."""

from __future__ import annotations

import hashlib
from functools import cached_property
from importlib import resources
from pathlib import Path
from tokenize import TokenError

import numpy as np

from emofuse.core import InputError, file_sha256, log_shares, log_softmax

from .spec import Specifications, read_spec

RUN = "run.json"  # what a training run leaves in its folder, beside its bundles
_OF_A_RUN = ("bundle/spec.json", "bundle-*/spec.json", "parts/*/bundle/spec.json")
MODEL, SPEC, CARD, TRAINING = "model.onnx", "spec.json", "card.md", "training.npy"


def digest_key(digest: bytes) -> int:
    """First 8 bytes of a SHA-256 digest as the integer stored in `training.npy`."""
    return int.from_bytes(digest[:8], "big")


def content_key(data: bytes) -> int:
    """`digest_key` of a training item's content: file bytes, decoded samples, pixels, a text."""
    return digest_key(hashlib.sha256(data).digest())


def onnx_session(path: Path):
    """An ONNX Runtime session on one thread: oversubscribed threads were 10 times slower.

    Raises `InputError` when the file is no model that can be run.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        # Without its fallback (a second try on the same processor), which prints on stdout.
        return onnxruntime.InferenceSession(
            str(path),
            sess_options=options,
            providers=["CPUExecutionProvider"],
            enable_fallback=False,
        )
    except Exception as error:  # ONNX Runtime's errors have no base of their own
        raise _unusable(path, error) from None


def _unusable(path: Path, error: Exception) -> InputError:
    reason = " ".join(str(error).split())[:200]
    return InputError(path, f"not a usable model ({reason})", "copy the bundle again")


class Bundle:
    """A trained model with everything it needs to be used and judged.

    Raises `InputError` when the folder is not a bundle or the weights are not the ones the spec
    was written for (SHA-256).
    """

    def __init__(self, folder: str | Path):
        self.folder = Path(folder)
        self.spec: Specifications = read_spec(self.folder / SPEC)
        weights = self.folder / MODEL
        if not weights.is_file():
            raise InputError(weights, "no weights", "copy the whole bundle folder again")
        if file_sha256(weights) != self.spec.weights_sha256:
            raise InputError(
                weights, "weights do not match spec.json (SHA-256)", "copy the bundle again"
            )

    @cached_property
    def session(self):
        return onnx_session(self.folder / MODEL)

    def logits(self, *inputs: np.ndarray) -> np.ndarray:
        """Raw logits (N, C) for inputs in the order of `spec.inputs`.

        Raises `InputError` when model and spec do not fit each other.
        """
        session = self.session
        try:
            feed = {
                part.name: np.ascontiguousarray(value)
                for part, value in zip(self.spec.inputs, inputs, strict=True)
            }
            logits = session.run(None, feed)[0]
        except Exception as error:  # ONNX Runtime's errors have no base of their own
            raise _unusable(self.folder / MODEL, error) from None
        if np.shape(logits)[-1:] != (len(self.spec.labels),) or not np.isfinite(logits).all():
            error = ValueError(f"answers {np.shape(logits)}, or something that is no number")
            raise _unusable(self.folder / MODEL, error)
        return logits

    def calibrated(self, logits: np.ndarray) -> np.ndarray:
        """Log-probabilities at the fitted temperature; of several labels, log-shares of their sum."""
        scaled = np.asarray(logits, float) / self.spec.temperature
        return log_shares(scaled) if self.spec.multi_label else log_softmax(scaled)

    @cached_property
    def training_keys(self) -> frozenset[int]:
        path = self.folder / TRAINING
        if not path.is_file():
            return frozenset()
        try:
            return frozenset(np.load(path, allow_pickle=False).ravel().tolist())
        except (ValueError, EOFError, OSError, MemoryError, SyntaxError, TokenError) as error:
            raise _unusable(path, error) from None

    def was_trained_on(self, *keys: int) -> bool:
        """True when one of the content keys belongs to a training item."""
        return any(key in self.training_keys for key in keys)


def shipped_folder() -> Path:
    """Folder of the bundles that come with the package."""
    return Path(str(resources.files("emofuse.bundle") / "shipped"))


def shipped_names() -> list[str]:
    return sorted(p.name for p in shipped_folder().glob("*") if (p / SPEC).is_file())


def find_bundle(name_or_folder: str | Path) -> Bundle:
    """A shipped bundle by name, a bundle by folder, or the only one of a training run.

    `InputError` lists the shipped ones, or says how to export the run.
    """
    found = find_bundles(name_or_folder)
    if len(found) > 1:
        names = ", ".join(bundle.folder.relative_to(name_or_folder).as_posix() for bundle in found)
        raise InputError(name_or_folder, "a run with several bundles", f"choose one of {names}")
    return found[0]


def find_bundles(name_or_folder: str | Path) -> list[Bundle]:
    """As `find_bundle`; all of a run whose system, or whose parts, have one a modality."""
    given = Path(name_or_folder)
    for folder in (given, shipped_folder() / str(name_or_folder)):
        if (folder / SPEC).is_file():
            return [Bundle(folder)]
    exported = sorted(path.parent for pattern in _OF_A_RUN for path in given.glob(pattern))
    if exported:
        return [Bundle(folder) for folder in exported]
    if (given / RUN).is_file():
        raise InputError(given, "a run without a bundle", f"first: emofuse export {given}")
    raise InputError(
        name_or_folder, "no such bundle", f"shipped ones: {', '.join(shipped_names()) or 'none'}"
    )


def default_bundles() -> dict[str, Bundle]:
    """The shipped default model of each modality."""
    bundles = [find_bundle(name) for name in shipped_names()]
    return {bundle.spec.modality: bundle for bundle in bundles}
