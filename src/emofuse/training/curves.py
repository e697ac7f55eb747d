"""Pictures of a fold: accuracy and loss over epochs, and its confusion matrix, as PNG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from emofuse.core import LabelSet, MissingExtra

# What the history calls the parts; "train" without "_part" is measured while weights still move.
PARTS = {"train_part": "training", "val": "validation", "test_part": "test (drawn, never used)"}


def draw_curves(history: Sequence[Mapping[str, float]], path: Path, *, chosen: int) -> Path:
    """Loss and accuracy a part over epochs; a line marks the epoch whose weights were taken."""
    figure, axes = _figure(1, 2, size=(8.0, 3.0))
    epochs = [int(row["epoch"]) + 1 for row in history]
    for place, measure in zip(axes, ("loss", "accuracy"), strict=True):
        for part, name in PARTS.items():
            values = [row.get(f"{part}_{measure}") for row in history]
            if any(value is not None for value in values):
                place.plot(epochs, [np.nan if v is None else v for v in values], label=name)
        place.axvline(chosen + 1, color="#888888", linewidth=1, linestyle="--")
        place.set(xlabel="epoch", ylabel=measure)
    axes[0].legend(fontsize=7, frameon=False)
    return _save(figure, path)


def draw_confusion(counts: np.ndarray, labels: LabelSet, path: Path) -> Path:
    """Counts (C, C), rows true, shaded by the share of their row."""
    counts = np.asarray(counts)
    figure, (axes,) = _figure(1, 1, size=(1.5 + 0.5 * len(labels), 1.2 + 0.5 * len(labels)))
    share = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
    for row, column in np.ndindex(*counts.shape):
        colour = "white" if share[row, column] > 0.5 else "black"
        axes.text(column, row, str(counts[row, column]), ha="center", va="center", color=colour)
    axes.set_xticks(range(len(labels)), labels.labels, rotation=60, ha="right")
    axes.set_yticks(range(len(labels)), labels.labels)
    axes.set(xlabel="answer", ylabel="true label")
    return _save(figure, path)


def _figure(rows: int, columns: int, *, size: tuple[float, float]):
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingExtra("drawing curves", "plot") from None
    figure = Figure(figsize=size, layout="constrained")
    return figure, figure.subplots(rows, columns, squeeze=False)[0]


def _save(figure, path: Path) -> Path:
    scratch = path.with_name(f".{path.name}.part")
    figure.savefig(scratch, format="png", dpi=110)
    return scratch.replace(path)
