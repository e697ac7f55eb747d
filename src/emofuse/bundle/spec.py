"""`Specifications`: the contract between a model, its training and its use.

One JSON beside the ONNX file. Whoever trains writes it, whoever analyses obeys it: label order,
input, window, calibration, licence and what the numbers were measured on.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from emofuse.core import InputError, LabelSet

SCHEMA = 1


@dataclass(frozen=True)
class InputSpec:
    """What the network is fed. `front_end` names the function in perception that makes it.

    `shape` uses names for free axes, e.g. ["batch", 1, 64, 64]; `parameters` are the front
    end's keyword arguments (sample_rate, n_mels, size, mean, ...), so that analysis computes
    exactly what training did.
    """

    name: str
    front_end: str
    shape: tuple[int | str, ...]
    parameters: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Specifications:
    """Everything a user of the model must know. Scores are held-out, never on training data.

    `output` is what the network answers: always logits in `labels` order. `temperature`
    divides them; it was fitted on held-out logits averaged over `window_seconds`.
    `training_prior` (C,) is the label distribution the network was trained to expect;
    `held_out_nll` (nats, calibrated, at the analysis window) decides the fusion weight. With
    `multi_label` each logit is a label's own yes or no; in a timeline they share one whole.
    """

    name: str
    version: str
    modality: str
    label_set: str
    labels: tuple[str, ...]
    inputs: tuple[InputSpec, ...]
    window_seconds: float
    hop_seconds: float
    temperature: float
    training_prior: tuple[float, ...]
    held_out_nll: float
    weights_sha256: str
    licence: str
    protocol: str
    split_hash: str
    training_data: str
    training_persons: tuple[str, ...] = ()
    scores: dict = field(default_factory=dict)
    training_command: str = ""
    created: str = ""
    language: str = ""
    intended_use: str = ""
    limits: tuple[str, ...] = ()
    parameters: int = 0
    multi_label: bool = False
    schema: int = SCHEMA

    @property
    def label_order(self) -> LabelSet:
        return LabelSet(self.label_set, self.labels, self.multi_label)

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n"


def read_spec(path: Path) -> Specifications:
    """Read `spec.json`; raises `InputError` when it is not one of ours."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        inputs = tuple(
            InputSpec(**{**part, "shape": tuple(part["shape"])}) for part in values.pop("inputs")
        )
        tuples = ("labels", "training_prior", "training_persons", "limits")
        values |= {name: tuple(values[name]) for name in tuples if name in values}
        spec = Specifications(inputs=inputs, **values)
    except FileNotFoundError:
        raise InputError(path, "no spec.json", "point to a bundle folder") from None
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise InputError(
            path, f"not a bundle spec ({error})", "export the model again with this version"
        ) from None
    _check(path, spec)
    return spec


def _check(path: Path, spec: Specifications) -> None:
    problems = []
    if spec.schema != SCHEMA:
        problems.append(f"schema {spec.schema}, this version reads {SCHEMA}")
    if len(spec.labels) != len(set(spec.labels)) or not spec.labels:
        problems.append("labels are empty or repeated")
    if len(spec.training_prior) != len(spec.labels):
        problems.append("training_prior does not fit labels")
    if not spec.temperature > 0:
        problems.append("temperature must be positive")
    if not 0 < spec.hop_seconds <= spec.window_seconds:
        problems.append("hop must be in (0, window]")
    if problems:
        raise InputError(path, "; ".join(problems), "export the model again with this version")
