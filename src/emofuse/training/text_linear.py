"""A linear model on hashed n-grams: fitted with scikit-learn, exported as a small ONNX graph.

Logits = TF-IDF (sublinear counts, unit length) @ weights + bias. Wang & Manning (2012) showed how
strong such baselines are on short texts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

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
    counts: csr_matrix, soft_labels: np.ndarray, *, strength: float, balance: float
) -> TextLinear:
    """Multinomial logistic regression on soft labels (N, C), rows of sum 1.

    A text with several labels counts as one text for each, shared out by its row. `strength` is
    scikit-learn's C; a class of frequency f weighs f ** -balance (0: as it comes, 1: balanced).
    """
    idf = TfidfTransformer().fit(counts).idf_
    rows, labels = np.nonzero(soft_labels)
    share = soft_labels[rows, labels]
    frequency = soft_labels.mean(0)
    weight = (frequency * len(frequency)) ** -balance
    model = LogisticRegression(C=strength, max_iter=200, tol=1e-3)
    model.fit(tf_idf(counts, idf)[rows], labels, sample_weight=share * weight[labels])
    weights, bias = model.coef_, model.intercept_
    if len(weights) == 1:  # of two classes scikit-learn keeps the difference
        weights, bias = np.vstack([-weights, weights]) / 2, np.array([-bias[0], bias[0]]) / 2
    return TextLinear(idf, weights.T, bias)


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
