"""A fitted scikit-learn pipeline, with the frozen encoder before it, as ONNX."""

from __future__ import annotations

import warnings

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import ModelProto, TensorProto, compose, helper, numpy_helper
from sklearn.pipeline import Pipeline

from emofuse.bundle import InputSpec
from emofuse.core import InputError, MissingExtra

from .examples import Examples, Input
from .export import OPSET, export_onnx
from .network_export import TOLERANCE
from .system import Exported
from .table_scores import TINY, log_probabilities, table

_COMPARED = 32  # clips
_LENGTHS = (16_000, 20_000)  # samples at which an encoder is compared


def table_to_onnx(model: Pipeline, examples: Examples) -> Exported:
    """The pipeline (and its input's encoder) as ONNX with one output: log-probabilities (N, C).

    `InputError` for a classifier without an ONNX form, or when ONNX Runtime and scikit-learn
    differ by more than `TOLERANCE` in a probability.
    """
    (part,) = examples.inputs
    labels = len(examples.label_set)
    rows = table(examples, np.arange(min(_COMPARED, len(examples.clips))))
    if part.encoder is None:
        made = classifier = _classifier(model, part.name, width=rows.shape[1], labels=labels)
        given, shape = [(rows.astype(np.float32), rows)], ("batch", rows.shape[1])
    else:
        classifier = _classifier(model, "table", width=rows.shape[1], labels=labels)
        given, shape = _encoded_noise(part), ("batch", f"{part.name}_length")
        made = _behind(_encoder(part), classifier)
    session = onnxruntime.InferenceSession(
        made.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    difference = max(
        _difference(session.run(None, {part.name: fed})[0], log_probabilities(model, row, labels))
        for fed, row in given
    )
    if not difference <= TOLERANCE:
        raise InputError("export", f"ONNX and scikit-learn differ by {difference:.2g}", "report it")
    spec = InputSpec(part.name, part.front_end, shape, dict(part.parameters))
    checks = {"largest_difference": difference, "largest_logit": 1.0}
    return Exported(made.SerializeToString(), (spec,), _values(classifier), checks)


def _difference(found: np.ndarray, wanted: np.ndarray) -> float:
    """Largest difference of probabilities: logarithms of what is almost nothing say nothing."""
    return float(np.abs(np.exp(found) - np.exp(wanted)).max())


def _classifier(model: Pipeline, name: str, *, width: int, labels: int) -> ModelProto:
    """The pipeline from an input called `name` (N, width) to `logits` (N, labels)."""
    try:
        from skl2onnx import to_onnx
        from skl2onnx.common.data_types import FloatTensorType
    except ImportError:
        raise MissingExtra("a classic model as a bundle", "train") from None
    last = model[-1]
    probabilistic = hasattr(last, "predict_proba")
    options = {"zipmap": False} if probabilistic else {"raw_scores": True}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            made = to_onnx(
                model,
                initial_types=[(name, FloatTensorType([None, width]))],
                options={id(last): options},
                target_opset=OPSET,
            )
    except (RuntimeError, NameError) as error:
        reason = " ".join(str(error).split())[:120]
        raise InputError(
            type(last).__name__, f"has no ONNX form ({reason})", "choose another classifier"
        ) from None
    return _answering_all(made, last.classes_, labels=labels, probabilistic=probabilistic)


def _answering_all(
    made: ModelProto, known: np.ndarray, *, labels: int, probabilistic: bool
) -> ModelProto:
    """Scores of the known labels as log-probabilities of all; what training lacked gets none."""
    graph = made.graph
    scores = graph.output[1].name  # the first output is the label
    spread = np.zeros((len(known), labels), np.float32)
    spread[np.arange(len(known)), known] = 1.0
    lacking = np.full(labels, np.log(TINY), np.float32)
    lacking[known] = 0.0
    floor = np.array(TINY, np.float32)
    for name, value in (("spread", spread), ("lacking", lacking), ("floor", floor)):
        graph.initializer.append(numpy_helper.from_array(value, name))
    taken = [
        helper.make_node("Max", [scores, "floor"], ["positive"]),
        helper.make_node("Log", ["positive"], ["log_scores"]),
    ]
    if not probabilistic:
        taken = [helper.make_node("LogSoftmax", [scores], ["log_scores"], axis=-1)]
    graph.node.extend(
        [
            *taken,
            helper.make_node("MatMul", ["log_scores", "spread"], ["all_scores"]),
            helper.make_node("Add", ["all_scores", "lacking"], ["logits"]),
        ]
    )
    del graph.output[:]
    graph.output.append(
        helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", labels])
    )
    return made


def _encoder(part: Input) -> ModelProto:
    """The frozen network before the table, from the front end's output to `encoder/logits`."""
    network = part.encoder().eval()
    example = {part.name: torch.zeros(2, _LENGTHS[0])}
    made = export_onnx(
        network, example, free_axes={part.name: {0: "batch", 1: "length"}}, positional=True
    )
    return compose.add_prefix(onnx.load_from_string(made), "encoder/", rename_inputs=False)


def _behind(encoder: ModelProto, classifier: ModelProto) -> ModelProto:
    encoder.ir_version = classifier.ir_version = max(encoder.ir_version, classifier.ir_version)
    (link,) = encoder.graph.output
    (table_input,) = classifier.graph.input
    return compose.merge_models(encoder, classifier, io_map=[(link.name, table_input.name)])


def _encoded_noise(part: Input) -> list[tuple[np.ndarray, np.ndarray]]:
    """Noise of several lengths, and the table rows that the encoder makes of it."""
    network = part.encoder().eval()
    found = []
    for number, length in enumerate(_LENGTHS, start=1):
        noise = np.random.default_rng(length).standard_normal((number, length)).astype(np.float32)
        with torch.inference_mode():
            found.append((noise, network(torch.from_numpy(noise)).numpy().astype(float)))
    return found


def _values(made: ModelProto) -> int:
    """How many fitted numbers the file holds: tables, and the lists that trees are kept in."""
    tables = sum(int(np.prod(part.dims)) for part in made.graph.initializer)
    lists = sum(len(part.floats) for node in made.graph.node for part in node.attribute)
    return tables + lists
