"""Plots as SVG text: the report carries them inside, no file beside it."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

from emofuse.core import MissingExtra

INK, ACCENT, PALE = "#222222", "#1f5fa8", "#c9d8ea"


def reliability_plot(bins: Sequence[Mapping]) -> str:
    """Accuracy against confidence; the paler the bar, the fewer clips it stands on."""
    figure, (upper, lower) = _figure(
        2, size=(4.6, 4.6), gridspec_kw={"height_ratios": [3, 1]}, sharex=True
    )
    most = max(b["n"] for b in bins)
    for b in bins:
        width, share = b["high"] - b["low"], b["n"] / most
        at = (b["low"] + b["high"]) / 2
        upper.bar(at, b["accuracy"], width * 0.92, color=ACCENT, alpha=0.3 + 0.7 * share**0.5)
        lower.bar(at, b["n"], width * 0.92, color=PALE, edgecolor=ACCENT, linewidth=0.6)
    upper.plot([0, 1], [0, 1], color=INK, linewidth=1, linestyle="--")
    upper.set(ylabel="accuracy", xlim=(0, 1), ylim=(0, 1))
    lower.set(xlabel="probability of the answer", ylabel="clips")
    return _svg(figure)


def persons_plot(persons: Sequence[Mapping], mean: float) -> str:
    """Accuracy of each person, lowest first, with the mean as a line."""
    figure, (axes,) = _figure(1, size=(max(4.6, 0.3 * len(persons) + 1), 2.8))
    axes.bar(range(len(persons)), [p["accuracy"] for p in persons], color=ACCENT, width=0.8)
    axes.axhline(mean, color=INK, linewidth=1, linestyle="--")
    axes.set_xticks(range(len(persons)), [p["person"] for p in persons], rotation=90, fontsize=7)
    axes.set(ylabel="accuracy", xlabel="person", ylim=(0, 1), xlim=(-0.6, len(persons) - 0.4))
    return _svg(figure)


def curves_plot(curves: Mapping[str, Sequence[float]]) -> str:
    """Numbers over training steps, one line each, e.g. {"validation NLL": [...]}."""
    figure, (axes,) = _figure(1, size=(4.6, 2.8))
    for name, values in curves.items():
        axes.plot(range(1, len(values) + 1), values, label=name, linewidth=1.4)
    axes.set(xlabel="epoch")
    axes.legend(fontsize=7, frameon=False)
    return _svg(figure)


def _figure(rows: int, *, size: tuple[float, float], **options):
    """A figure without global state, and its axes in a list."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingExtra("the report's plots", "plot") from None
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots(rows, squeeze=False, **options)[:, 0]
    for part in axes:
        part.spines[["top", "right"]].set_visible(False)
        part.tick_params(labelsize=8)
    return figure, axes


def _svg(figure) -> str:
    """The figure as an SVG element; the same figure gives the same text."""
    import matplotlib

    buffer = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": "emofuse"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    text = buffer.getvalue()
    return text[text.index("<svg") :]
