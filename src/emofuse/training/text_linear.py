"""A linear model on hashed n-grams: fitted with scikit-learn, exported as a small ONNX graph.

Logits = TF-IDF (sublinear counts, unit length) @ weights + bias. Features scaled by their log-count
ratios as in Wang & Manning (2012), "Baselines and Bigrams", ACL: strong on short texts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.linear_model import LogisticRegression

from emofuse.perception.text import hashed_ngrams

# Keeps an empty text (length 0) from dividing by zero; real lengths are far above it.
SHORTEST = 1e-6
OPSET, IR_VERSION = 17, 9


@dataclass(frozen=True)
class TextLinear:
    """`idf` (buckets,), `weights` (buckets, classes), `bias` (classes,)."""

    idf: np.ndarray
    weights: np.ndarray
    bias: np.ndarray

    def logits(self, counts: csr_matrix) -> np.ndarray:
        """(N, classes) for bucket counts (N, buckets)."""
        return tf_idf(counts, self.idf) @ self.weights + self.bias


def count_matrix(texts: Sequence[str], parameters: Mapping) -> csr_matrix:
    """(N, 2 ** bits) bucket counts of `hashed_ngrams(text, **parameters)`."""
    hashed = [hashed_ngrams(text, **parameters) for text in texts]
    buckets, counts = (np.concatenate(part) for part in zip(*hashed, strict=True))
    ends = np.cumsum([0] + [len(row) for row, _ in hashed])
    return csr_matrix((counts, buckets, ends), (len(texts), 2 ** parameters["bits"]))


def tf_idf(counts: csr_matrix, idf: np.ndarray) -> csr_matrix:
    """(1 + ln count) × idf, each row divided by its length."""
    values = (1 + np.log(counts.data)) * idf[counts.indices]
    rows = csr_matrix((values, counts.indices, counts.indptr), counts.shape)
    length = np.maximum(np.sqrt(rows.power(2).sum(1)), SHORTEST)
    return csr_matrix(rows.multiply(1 / np.asarray(length).reshape(-1, 1)))


def fit_text_linear(
    counts: csr_matrix, labels: np.ndarray, *, strength: float, floor: float = 0.25
) -> TextLinear:
    """One logistic regression a label, for 0/1 `labels` (N, C); each must occur and be absent.

    For each label a bucket is scaled by how much it tells about it (`log_ratios`, absolute) plus
    `floor`, so that the penalty spares telling buckets; the scale ends up in the weights.
    `strength` is scikit-learn's C.
    """
    idf = TfidfTransformer().fit(counts).idf_
    rows = tf_idf(counts, idf)
    scales = np.abs(log_ratios(counts, labels)) + floor
    weights, bias = np.empty_like(scales), np.empty(labels.shape[1])
    for label, scale in enumerate(scales.T):
        model = LogisticRegression(
            C=strength, solver="liblinear", dual=True, tol=0.1, random_state=0
        )
        model.fit(csr_matrix(rows.multiply(scale)), labels[:, label])
        weights[:, label], bias[label] = model.coef_[0] * scale, model.intercept_[0]
    return TextLinear(idf, weights, bias)


def log_ratios(counts: csr_matrix, labels: np.ndarray) -> np.ndarray:
    """(buckets, C): log of a bucket's share among texts with the label over that without it.

    Each bucket counts once a text, and once more than it was seen.
    """
    seen = counts.astype(bool).astype(float).T
    with_label, without = 1 + seen @ labels, 1 + seen @ (1 - labels)
    return np.log(with_label / with_label.sum(0)) - np.log(without / without.sum(0))


def lifted(model: TextLinear, prior: np.ndarray, *, balance: float) -> TextLinear:
    """Rarer labels answered more often: the bias minus `balance` times the log of `prior` (C,).

    0 leaves the model as it is, 1 takes the whole prior out.
    """
    return replace(model, bias=model.bias - balance * np.log(prior))


def to_onnx(model: TextLinear) -> bytes:
    """The model as ONNX: `buckets` int64 (n,), `counts` float32 (n,) to `logits` (1, classes).

    Tables are stored in 16-bit floats and cast where they are used.
    """
    tables = {
        "idf": model.idf.astype(np.float16),
        "weights": model.weights.astype(np.float16),
        "bias": model.bias.astype(np.float32).reshape(1, -1),
        "one": np.float32(1),
        "shortest": np.float32(SHORTEST),
        "first": np.array([0], np.int64),
        "second": np.array([1], np.int64),
    }
    node = helper.make_node
    nodes = [
        node("Gather", ["idf", "buckets"], ["idf_half"]),
        node("Cast", ["idf_half"], ["idf_here"], to=TensorProto.FLOAT),
        node("Log", ["counts"], ["log_counts"]),
        node("Add", ["log_counts", "one"], ["damped"]),
        node("Mul", ["damped", "idf_here"], ["values"]),
        node("Mul", ["values", "values"], ["squares"]),
        node("ReduceSum", ["squares", "first"], ["square_sum"], keepdims=1),
        node("Sqrt", ["square_sum"], ["length"]),
        node("Max", ["length", "shortest"], ["divisor"]),
        node("Div", ["values", "divisor"], ["unit"]),
        node("Unsqueeze", ["unit", "second"], ["column"]),
        node("Gather", ["weights", "buckets"], ["weights_half"]),
        node("Cast", ["weights_half"], ["weights_here"], to=TensorProto.FLOAT),
        node("Mul", ["column", "weights_here"], ["parts"]),
        node("ReduceSum", ["parts", "first"], ["sum"], keepdims=1),
        node("Add", ["sum", "bias"], ["logits"]),
    ]
    graph = helper.make_graph(
        nodes,
        "text_linear",
        [
            helper.make_tensor_value_info("buckets", TensorProto.INT64, ["buckets"]),
            helper.make_tensor_value_info("counts", TensorProto.FLOAT, ["buckets"]),
        ],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, len(model.bias)])],
        [numpy_helper.from_array(np.asarray(table), name) for name, table in tables.items()],
    )
    found = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION
    )
    onnx.checker.check_model(found)
    return found.SerializeToString()
