"""Convert MediaPipe's face detector and face mesh from TFLite to ONNX.

Run once, by a maintainer; the package ships the result. Needs `pip install tflite onnx` and the
wheel the models come in (Apache-2.0; later wheels carry no models):

    pip download --no-deps mediapipe==0.10.21 --python-version 3.11 --only-binary=:all:
    python scripts/convert_face_models.py mediapipe-0.10.21-*.whl

The graphs differ from the source in form only: pixels come in as uint8 (1, 192, 192, 3) and are
scaled inside, tensors are NCHW, sparse float16 weights are dense, and PReLU is two depthwise 1x1
convolutions, which ONNX Runtime keeps in its blocked layout (three times faster than its PRelu).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import zipfile
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import tflite
from onnx import TensorProto, helper, numpy_helper

WEIGHTS = Path(__file__).resolve().parents[1] / "src/emofuse/perception/face/weights"
OPSET = 17
BUILTIN = {code: name for name, code in vars(tflite.BuiltinOperator).items() if name[0] != "_"}
DTYPES = {
    tflite.TensorType.FLOAT32: np.float32,
    tflite.TensorType.FLOAT16: np.float16,
    tflite.TensorType.INT32: np.int32,
}


@dataclass(frozen=True)
class Source:
    """A model in the wheel: where it lies, how pixels are scaled, the names of its outputs."""

    path: str
    target: str
    scale: float
    offset: float
    outputs: tuple[str, ...]


SOURCES = (
    Source(
        "mediapipe/modules/face_detection/face_detection_full_range_sparse.tflite",
        "detector.onnx",
        1 / 127.5,
        -1.0,
        ("regressors", "scores"),
    ),
    Source(
        "mediapipe/modules/face_landmark/face_landmark.tflite",
        "mesh.onnx",
        1 / 255,
        0.0,
        ("landmarks", "flag"),
    ),
)


# Reading TFLite ---------------------------------------------------------------------------------


class TfliteGraph:
    """The first subgraph of a TFLite model, with weights as dense arrays."""

    def __init__(self, data: bytes):
        self.model = tflite.Model.GetRootAsModel(data, 0)
        self.graph = self.model.Subgraphs(0)
        self.operators = [self.graph.Operators(i) for i in range(self.graph.OperatorsLength())]
        self.inputs = [int(i) for i in self.graph.InputsAsNumpy()]
        self.outputs = [int(i) for i in self.graph.OutputsAsNumpy()]

    def name(self, operator) -> str:
        code = self.model.OperatorCodes(operator.OpcodeIndex())
        return BUILTIN[max(code.BuiltinCode(), code.DeprecatedBuiltinCode())]

    def shape(self, tensor: int) -> tuple[int, ...]:
        return tuple(int(size) for size in self.graph.Tensors(tensor).ShapeAsNumpy())

    def constant(self, tensor: int) -> np.ndarray | None:
        """The stored value of a tensor, None for one that is computed."""
        entry = self.graph.Tensors(tensor)
        buffer = self.model.Buffers(entry.Buffer())
        if not buffer.DataLength():
            return None
        values = buffer.DataAsNumpy().view(DTYPES[entry.Type()])
        if entry.Sparsity() is not None:
            return densify(values, self.shape(tensor), entry.Sparsity())
        return values.reshape(self.shape(tensor))


def densify(values: np.ndarray, shape: tuple[int, ...], sparsity) -> np.ndarray:
    """Unpack TFLite's block-sparse storage (a tree of dense and CSR dimensions) into an array.

    `traversal_order` lists the stored dimensions: first the original ones, in any order, then the
    inner dimensions of the blocks; `block_map` says which original dimension each block splits.
    """
    order = [int(d) for d in sparsity.TraversalOrderAsNumpy()]
    blocks = [] if sparsity.BlockMapIsNone() else [int(d) for d in sparsity.BlockMapAsNumpy()]
    levels = [sparsity.DimMetadata(i) for i in range(sparsity.DimMetadataLength())]
    block_size = dict.fromkeys(range(len(shape)), 1)
    for position, dimension in enumerate(order):
        if dimension >= len(shape):
            block_size[blocks[dimension - len(shape)]] = levels[position].DenseSize()
    dense = np.zeros(shape, values.dtype)
    stored = iter(values)

    def visit(level: int, place: int, index: dict[int, int]) -> None:
        if level == len(levels):
            where = [index[d] * block_size[d] for d in range(len(shape))]
            for inner, dimension in enumerate(blocks):
                where[dimension] += index[len(shape) + inner]
            dense[tuple(where)] = next(stored)
            return
        meta, dimension = levels[level], order[level]
        if meta.Format() == tflite.DimensionType.DENSE:
            for i in range(meta.DenseSize()):
                visit(level + 1, place * meta.DenseSize() + i, {**index, dimension: i})
            return
        segments = index_vector(meta.ArraySegmentsType(), meta.ArraySegments())
        indices = index_vector(meta.ArrayIndicesType(), meta.ArrayIndices())
        for i in range(segments[place], segments[place + 1]):
            visit(level + 1, i, {**index, dimension: int(indices[i])})

    visit(0, 0, {})
    if next(stored, None) is not None:
        raise ValueError("the sparsity metadata does not use up the stored values")
    return dense


def index_vector(kind: int, table) -> np.ndarray:
    vectors = {
        tflite.SparseIndexVector.Int32Vector: tflite.Int32Vector,
        tflite.SparseIndexVector.Uint16Vector: tflite.Uint16Vector,
        tflite.SparseIndexVector.Uint8Vector: tflite.Uint8Vector,
    }
    vector = vectors[kind]()
    vector.Init(table.Bytes, table.Pos)
    return vector.ValuesAsNumpy()


# Writing ONNX -----------------------------------------------------------------------------------


class Converter:
    """Walks the TFLite operators in order and writes the ONNX nodes; all tensors become NCHW."""

    def __init__(self, source: TfliteGraph):
        self.source = source
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []
        self.constants: dict[int, np.ndarray] = {}
        self.names: dict[int, str] = {}
        self.pads: dict[int, np.ndarray] = {}
        self.users: dict[int, list[str]] = defaultdict(list)
        for operator in source.operators:
            for tensor in operator.InputsAsNumpy():
                self.users[int(tensor)].append(source.name(operator))

    def emit(self, kind: str, inputs: list[str], **attributes) -> str:
        name = f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], **attributes))
        return name

    def store(self, values: np.ndarray) -> str:
        """An initializer; kept as float16 (then cast, folded at load) where that loses nothing."""
        name = f"w{len(self.initializers)}"
        values = np.ascontiguousarray(values)
        half = values.astype(np.float16) if values.dtype == np.float32 else None
        if half is None or values.size < 256 or not np.array_equal(half, values):
            self.initializers.append(numpy_helper.from_array(values, name))
            return name
        self.initializers.append(numpy_helper.from_array(half, name))
        return self.emit("Cast", [name], to=TensorProto.FLOAT)

    def weight(self, tensor: int) -> np.ndarray:
        if tensor in self.constants:
            return self.constants[tensor]
        values = self.source.constant(tensor)
        if values is None:
            raise ValueError(f"tensor {tensor} is not a constant")
        return values

    def convert(self, source: Source) -> onnx.ModelProto:
        pixels = self.emit("Transpose", ["pixels"], perm=[0, 3, 1, 2])
        scaled = self.emit("DequantizeLinear", [pixels, self.store(np.float32(source.scale))])
        if source.offset:
            scaled = self.emit("Add", [scaled, self.store(np.float32(source.offset))])
        self.names[self.source.inputs[0]] = scaled
        for operator in self.source.operators:
            self.operator(operator)
        for tensor, name in zip(self.source.outputs, source.outputs, strict=True):
            self.nodes.append(helper.make_node("Identity", [self.flat(tensor)], [name]))
        return self.model(source)

    def flat(self, tensor: int) -> str:
        """The tensor's ONNX name; a (1, 1, 1, n) map is flattened to (1, n)."""
        name = self.names[tensor]
        return self.emit("Flatten", [name]) if len(self.source.shape(tensor)) == 4 else name

    def model(self, source: Source) -> onnx.ModelProto:
        shape = self.source.shape(self.source.inputs[0])
        pixels = helper.make_tensor_value_info("pixels", TensorProto.UINT8, shape)
        outputs = [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in source.outputs
        ]
        graph = helper.make_graph(
            self.nodes, Path(source.target).stem, [pixels], outputs, self.initializers
        )
        model = helper.make_model(
            graph,
            producer_name="emofuse scripts/convert_face_models.py",
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=8,
        )
        model = onnx.shape_inference.infer_shapes(model)
        del model.graph.value_info[:]
        onnx.checker.check_model(model, full_check=True)
        return model

    def operator(self, operator) -> None:
        inputs = [int(i) for i in operator.InputsAsNumpy()]
        output = int(operator.OutputsAsNumpy()[0])
        name = self.source.name(operator)
        if name in ("DEQUANTIZE", "DENSIFY"):
            values = self.weight(inputs[0])
            wide = np.float32 if name == "DEQUANTIZE" else values.dtype
            self.constants[output] = values.astype(wide)
            return
        handlers: dict[str, Callable[..., str | None]] = {
            "CONV_2D": self.conv,
            "DEPTHWISE_CONV_2D": self.conv,
            "MAX_POOL_2D": self.max_pool,
            "ADD": self.add,
            "PRELU": self.prelu,
            "PAD": self.pad,
            "RESIZE_BILINEAR": self.resize,
            "DEPTH_TO_SPACE": self.depth_to_space,
            "RESHAPE": self.reshape,
        }
        result = handlers[name](operator, inputs, output)
        if result is not None:
            self.names[output] = result

    def options(self, operator, kind):
        options = kind()
        table = operator.BuiltinOptions()
        options.Init(table.Bytes, table.Pos)
        return options

    def activated(self, name: str, activation: int) -> str:
        if activation == tflite.ActivationFunctionType.NONE:
            return name
        if activation == tflite.ActivationFunctionType.RELU:
            return self.emit("Relu", [name])
        raise ValueError(f"activation {activation} is not used by these models")

    def window(self, options, tensor: int, output: int, size: tuple[int, int]) -> dict:
        """Strides and pads of a convolution or pooling; TFLite's SAME pads more at the end."""
        strides = (options.StrideH(), options.StrideW())
        before, after = [0, 0], [0, 0]
        if tensor in self.pads:
            before, after = self.pads[tensor][1:3].T.tolist()
        elif options.Padding() == tflite.Padding.SAME:
            there, here = self.source.shape(output)[1:3], self.source.shape(tensor)[1:3]
            total = [max((there[i] - 1) * strides[i] + size[i] - here[i], 0) for i in (0, 1)]
            before = [amount // 2 for amount in total]
            after = [amount - first for amount, first in zip(total, before, strict=True)]
        return {"kernel_shape": size, "strides": strides, "pads": [*before, *after]}

    def conv(self, operator, inputs: list[int], output: int) -> str:
        weight, bias = self.weight(inputs[1]), self.weight(inputs[2])
        depthwise = self.source.name(operator) == "DEPTHWISE_CONV_2D"
        if depthwise:  # (1, h, w, c) -> (c, 1, h, w)
            options = self.options(operator, tflite.DepthwiseConv2DOptions)
            kernel, group = weight.transpose(3, 0, 1, 2), weight.shape[3]
        else:  # (out, h, w, in) -> (out, in, h, w)
            options = self.options(operator, tflite.Conv2DOptions)
            kernel, group = weight.transpose(0, 3, 1, 2), 1
        if (options.DilationHFactor(), options.DilationWFactor()) != (1, 1):
            raise ValueError("dilation is not used by these models")
        window = self.window(options, inputs[0], output, kernel.shape[2:])
        operands = [self.names[inputs[0]], self.store(kernel), self.store(bias)]
        name = self.emit("Conv", operands, group=group, **window)
        return self.activated(name, options.FusedActivationFunction())

    def max_pool(self, operator, inputs: list[int], output: int) -> str:
        options = self.options(operator, tflite.Pool2DOptions)
        size = (options.FilterHeight(), options.FilterWidth())
        window = self.window(options, inputs[0], output, size)
        return self.emit("MaxPool", [self.names[inputs[0]]], **window)

    def add(self, operator, inputs: list[int], output: int) -> str:
        name = self.emit("Add", [self.names[tensor] for tensor in inputs])
        options = self.options(operator, tflite.AddOptions)
        return self.activated(name, options.FusedActivationFunction())

    def prelu(self, operator, inputs: list[int], output: int) -> str:
        """prelu(x) = (1 - a) relu(x) + a x, each product a depthwise 1x1 convolution."""
        slope = self.weight(inputs[1]).reshape(-1, 1, 1, 1)
        x = self.names[inputs[0]]
        linear = self.emit("Conv", [x, self.store(slope)], group=len(slope))
        positive = self.emit("Relu", [x])
        positive = self.emit("Conv", [positive, self.store(1 - slope)], group=len(slope))
        return self.emit("Add", [positive, linear])

    def pad(self, operator, inputs: list[int], output: int) -> str | None:
        """Spatial zero padding goes into the convolutions behind it; channels pad by identity."""
        pads = self.weight(inputs[1])
        if not pads[[0, 3]].any() and all("CONV" in user for user in self.users[output]):
            self.pads[output], self.names[output] = pads, self.names[inputs[0]]
            return None
        if pads[:3].any() or pads[3, 0]:
            raise ValueError("only spatial padding or added channels occur in these models")
        channels = self.source.shape(inputs[0])[3]
        identity = np.eye(channels + int(pads[3, 1]), channels, dtype=np.float32)
        return self.emit("Conv", [self.names[inputs[0]], self.store(identity[:, :, None, None])])

    def resize(self, operator, inputs: list[int], output: int) -> str:
        options = self.options(operator, tflite.ResizeBilinearOptions)
        if options.AlignCorners():
            raise ValueError("align_corners is not used by these models")
        mode = "half_pixel" if options.HalfPixelCenters() else "asymmetric"
        there, here = self.source.shape(output), self.source.shape(inputs[0])
        scales = np.array([1, 1, there[1] / here[1], there[2] / here[2]], np.float32)
        return self.emit(
            "Resize",
            [self.names[inputs[0]], "", self.store(scales)],
            mode="linear",
            coordinate_transformation_mode=mode,
        )

    def depth_to_space(self, operator, inputs: list[int], output: int) -> str:
        size = self.options(operator, tflite.DepthToSpaceOptions).BlockSize()
        return self.emit("DepthToSpace", [self.names[inputs[0]]], blocksize=size, mode="DCR")

    def reshape(self, operator, inputs: list[int], output: int) -> str:
        channels_last = self.emit("Transpose", [self.names[inputs[0]]], perm=[0, 2, 3, 1])
        shape = self.store(np.array(self.source.shape(output), np.int64))
        return self.emit("Reshape", [channels_last, shape])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("wheel", type=Path, help="mediapipe-0.10.21-*.whl")
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    record = {}
    with zipfile.ZipFile(arguments.wheel) as wheel:
        for source in SOURCES:
            data = wheel.read(source.path)
            converted = Converter(TfliteGraph(data)).convert(source).SerializeToString()
            (arguments.out / source.target).write_bytes(converted)
            record[source.target] = {
                "sha256": hashlib.sha256(converted).hexdigest(),
                "source": f"{source.path} in mediapipe 0.10.21",
                "source_sha256": hashlib.sha256(data).hexdigest(),
            }
            print(f"{source.target}: {len(converted) / 1e6:.2f} MB")
    (arguments.out / "sha256.json").write_text(json.dumps(record, indent=2) + "\n")


if __name__ == "__main__":
    main()
