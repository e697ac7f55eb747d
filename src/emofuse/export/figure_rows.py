"""The rows of the PNG figure: thumbnails, probabilities, label ribbon, shares."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from emofuse.core import UNCERTAIN, PersonTimeline, Thumbnail, Timeline

from .palette import MISSING, colours, ink_on, modality_colours

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LETTER_INCHES = 0.072  # of the 8 point font, to know which text fits into which span
_INK = "#333333"


@dataclass(frozen=True)
class Row:
    """One strip of a person's block; `draw` gets the axes and their width in inches."""

    title: str
    inches: float
    draw: Callable[[Axes, float], None]


def rows_of(timeline: Timeline, part: PersonTimeline) -> list[Row]:
    """The rows of one person, top to bottom. A modality with neither answer nor reason has none."""
    rows = []
    pictures = [t for t in timeline.thumbnails if t.person == part.person]
    if pictures:
        rows.append(Row("", 0.62, lambda axes, width: _thumbnails(axes, timeline, pictures, width)))
    for modality in timeline.modalities:
        stream = part.streams[modality]
        if stream.mask.any() or any(stream.outcome):
            rows.append(_probability_row(timeline, part, modality))
    rows.append(_probability_row(timeline, part, "fused"))
    if not part.mask.any():
        return rows
    rows.append(Row("answer", 0.24, lambda axes, width: _ribbon(axes, timeline, part, width)))
    rows.append(Row("shares", 0.2, lambda axes, width: _shares(axes, timeline, part)))
    return rows


def _probability_row(timeline: Timeline, part: PersonTimeline, modality: str) -> Row:
    values, mask = timeline.answer(part.person, modality)
    reasons = [""] * len(mask) if modality == "fused" else part.streams[modality].outcome

    def draw(axes: Axes, width: float) -> None:
        _frame(axes, timeline)
        edges = timeline.cell_edges
        _stack(axes, edges, np.where(mask[:, None], values, 0.0), colours(timeline.label_set))
        _mark_missing(axes, edges, mask, reasons, width)
        if modality == "fused":
            _hatch(axes, edges, part.uncertain & mask)
        if modality == "fused" and mask.any():
            bottom, top = axes.set_yticks([0, 1], ["0", "1"])
            bottom.label1.set_va("bottom"), top.label1.set_va("top")

    inches = 0.95 if modality == "fused" else 0.55
    return Row(modality, inches if mask.any() else 0.24, draw)


def _frame(axes: Axes, timeline: Timeline) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    end = max(float(timeline.cell_edges[-1]), timeline.source.duration_seconds, 1e-3)
    axes.set_xlim(0, end)
    axes.set_ylim(0, 1)
    axes.set_yticks([])
    axes.xaxis.set_major_locator(MaxNLocator(nbins=12, steps=[1, 1.5, 2, 3, 5, 6, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: _clock(x, end)))
    for side in axes.spines.values():
        side.set(linewidth=0.5, color="#888888")


def _clock(seconds: float, end: float) -> str:
    if end < 90:
        return f"{seconds:g} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if end >= 3600 else f"{minutes}:{rest:02d}"


def _stack(axes: Axes, edges: np.ndarray, values: np.ndarray, tints: dict[str, str]) -> None:
    """Stacked steps: `values` (W, K) over the W cells between `edges`."""
    if not len(values):
        return
    steps = np.concatenate([values, values[-1:]]).T
    axes.stackplot(
        edges, steps, colors=list(tints.values()), step="post", linewidth=0, antialiased=False
    )


def _mark_missing(
    axes: Axes, edges: np.ndarray, mask: np.ndarray, reasons: Iterable[str], width: float
) -> None:
    spans = [
        (edges[i], edges[j], reason)
        for i, j, (known, reason) in runs(zip(mask, reasons, strict=True))
        if not known
    ]
    axes.broken_barh([(a, b - a) for a, b, _ in spans], (0, 1), facecolor=MISSING, linewidth=0)
    for a, b, reason in spans:
        _write_if_it_fits(axes, a, b, (reason,), width, "#666666", style="italic")


def _hatch(axes: Axes, edges: np.ndarray, unsure: np.ndarray) -> None:
    spans = [(edges[i], edges[j] - edges[i]) for i, j, on in runs(unsure) if on]
    axes.broken_barh(
        spans, (0, 1), facecolor="#FFFFFF66", edgecolor=_INK, hatch="////", linewidth=0.0
    )


def _ribbon(axes: Axes, timeline: Timeline, part: PersonTimeline, width: float) -> None:
    _frame(axes, timeline)
    tints = colours(timeline.label_set) | {UNCERTAIN: "#FFFFFF"}
    segments = timeline.segments(part.person)
    for label, tint in tints.items():
        spans = [
            (s.start_seconds, s.end_seconds - s.start_seconds) for s in segments if s.label == label
        ]
        hatch = "////" if label == UNCERTAIN else None
        axes.broken_barh(
            spans, (0, 1), facecolor=tint, edgecolor="#AAAAAA", hatch=hatch, linewidth=0.0
        )
    for s in segments:
        box = {"boxstyle": "square,pad=0.1", "facecolor": "white", "linewidth": 0}
        _write_if_it_fits(
            axes,
            s.start_seconds,
            s.end_seconds,
            (s.label, s.label[:3]),
            width,
            ink_on(tints[s.label]),
            bbox=box if s.label == UNCERTAIN else None,
        )
    _mark_missing(axes, timeline.cell_edges, part.mask, [""] * len(part.mask), width)


def _shares(axes: Axes, timeline: Timeline, part: PersonTimeline) -> None:
    _frame(axes, timeline)
    tints = modality_colours(timeline.modalities)
    if tints:
        shares = np.stack([part.streams[name].contribution for name in tints], 1)
        _stack(axes, timeline.cell_edges, np.where(part.mask[:, None], shares, 0.0), tints)
    _mark_missing(axes, timeline.cell_edges, part.mask, [""] * len(part.mask), 0.0)


def _thumbnails(axes: Axes, timeline: Timeline, pictures: list[Thumbnail], width: float) -> None:
    _frame(axes, timeline)
    axes.axis("off")
    end, height = axes.get_xlim()[1], axes.get_position().height * axes.figure.get_figheight()
    free_from = 0.0
    for picture in sorted(pictures, key=lambda t: t.seconds):
        rows, columns = picture.image.shape[:2]
        extent = height * columns / rows / width * end
        left = min(max(picture.seconds - extent / 2, 0.0), max(end - extent, 0.0))
        if left >= free_from:
            axes.imshow(
                picture.image, extent=(left, left + extent, 0, 1), aspect="auto", clip_on=True
            )
            free_from = left + extent * 1.04
    axes.set_xlim(0, end)
    axes.set_ylim(0, 1)


def _write_if_it_fits(
    axes: Axes, start: float, end: float, words: tuple[str, ...], width: float, ink: str, **style
) -> None:
    """The first of `words` that fits into the span, in its middle, or nothing."""
    room = (end - start) / axes.get_xlim()[1] * width - 0.06
    fitting = [word for word in words if word and len(word) * _LETTER_INCHES <= room]
    if fitting:
        axes.text(
            (start + end) / 2,
            0.5,
            fitting[0],
            color=ink,
            size=8,
            ha="center",
            va="center_baseline",
            parse_math=False,
            clip_on=True,
            **style,
        )


def runs(values: Iterable) -> Iterator[tuple[int, int, object]]:
    """(first, one past last, value) of every stretch of equal values."""
    at = 0
    for value, group in groupby(values):
        length = sum(1 for _ in group)
        yield at, at + length, value
        at += length
