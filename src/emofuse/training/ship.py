"""What a training command leaves: a bundle, its card, and a dated result."""

from __future__ import annotations

import json
import os
import platform
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

from emofuse.bundle import Bundle, Specifications, write_bundle

from .card import model_card
from .runs import write_text

PACKAGES = ("numpy", "scipy", "scikit-learn", "torch", "lightning", "onnx", "onnxruntime")


@dataclass(frozen=True)
class Trained:
    """A finished training: the network as ONNX, its spec, what it was trained on, and details.

    `details` go into the result only: settings, history, checks of the export, cost.
    """

    model: bytes
    spec: Specifications
    training_keys: tuple[int, ...]
    details: dict = field(default_factory=dict)


def ship(trained: Trained, *, out: Path, results: Path | None = None) -> Bundle:
    """Write the bundle folder `out`/NAME and, with `results`, the dated `results`/NAME.json."""
    spec = trained.spec
    bundle = write_bundle(
        out / spec.name,
        model=trained.model,
        spec=spec,
        card=model_card(spec),
        training_keys=trained.training_keys,
    )
    if results is not None:
        report = {
            "name": spec.name,
            "date": spec.created,
            "command": spec.training_command,
            "protocol": spec.protocol,
            "split_hash": spec.split_hash,
            "parameters": spec.parameters,
            "weights_sha256": bundle.spec.weights_sha256,
            "bytes": len(trained.model),
            "temperature": spec.temperature,
            "held_out_nll": spec.held_out_nll,
            "scores": spec.scores,
            "machine": machine(),
            **trained.details,
        }
        text = json.dumps(report, indent=1, ensure_ascii=False) + "\n"
        write_text(results / f"{spec.name}.json", text)
    return bundle


def machine() -> dict:
    """Where a number was made: processor, cores, device and package versions."""
    installed = {name: metadata.version(name) for name in PACKAGES}
    return {
        "device": "cpu",
        "processor": platform.machine(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "packages": installed,
    }
