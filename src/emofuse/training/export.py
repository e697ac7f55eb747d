"""Networks to ONNX: 32-bit to compare with torch, 16-bit weights to ship."""

from __future__ import annotations

import io
import warnings
from collections.abc import Mapping

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

OPSET = 17
# Small tables (biases, normalisation) stay in 32 bits: they are few and set the scale.
SMALLEST = 256


def export_onnx(
    model: nn.Module,
    inputs: Mapping[str, Tensor],
    *,
    free_axes: Mapping[str, Mapping[int, str]],
    positional: bool = False,
) -> bytes:
    """`model(**inputs)` as ONNX with 32-bit weights and one output, `logits`.

    `positional` calls `model(*inputs.values())`, for networks without named arguments.

    `free_axes` names the axes of each input that may have any length, e.g.
    `{"mel": {0: "batch", 1: "time"}}`. Batch normalisation is folded into convolutions.
    """
    model = model.eval()
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            model,
            tuple(inputs.values()) if positional else (dict(inputs),),
            file,
            input_names=list(inputs),
            output_names=["logits"],
            dynamic_axes={**free_axes, "logits": {0: "batch"}},
            opset_version=OPSET,
            dynamo=False,
        )
    return file.getvalue()


def half_weights(model: bytes) -> bytes:
    """The same graph with its larger tables in 16-bit floats, cast back to 32 where used.

    ONNX Runtime folds the casts when it loads the file, so only the file gets smaller.
    """
    graph = onnx.load_from_string(model)
    casts = []
    for table in graph.graph.initializer:
        if table.data_type != TensorProto.FLOAT or np.prod(table.dims) < SMALLEST:
            continue
        name, values = table.name, numpy_helper.to_array(table)
        table.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}_half"))
        casts.append(helper.make_node("Cast", [f"{name}_half"], [name], to=TensorProto.FLOAT))
    for position, cast in enumerate(casts):
        graph.graph.node.insert(position, cast)
    onnx.checker.check_model(graph)
    return graph.SerializeToString()


def shippable_onnx(
    model: nn.Module, inputs: Mapping[str, Tensor], *, free_axes: Mapping[str, Mapping[int, str]]
) -> tuple[bytes, dict[str, float]]:
    """The file to ship, with 16-bit weights, and how far both forms are from torch's logits."""
    full = export_onnx(model, inputs, free_axes=free_axes)
    half = half_weights(full)
    return half, {
        "largest_difference_32_bit": largest_difference(full, model, inputs),
        "largest_difference_16_bit": largest_difference(half, model, inputs),
    }


def largest_difference(model: bytes, reference: nn.Module, *inputs: Mapping[str, Tensor]) -> float:
    """Largest difference of logits between an ONNX file and the torch network over `inputs`."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # waiting threads would take the processor from torch
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    reference.eval()

    def difference(one: Mapping[str, Tensor]) -> float:
        found = session.run(None, {name: part.numpy() for name, part in one.items()})[0]
        with torch.inference_mode():
            return float(np.abs(found - reference(**one).numpy()).max())

    return max(map(difference, inputs))
