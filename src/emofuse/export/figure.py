"""PNG: one figure a recording, all rows on one clock, made to be read and printed.

Per person: thumbnails, a row a modality, the fused answer, its label ribbon and each modality's
share of it. This file lays out; `figure_rows` draws the rows.
"""

from __future__ import annotations

import textwrap
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from emofuse.core import MissingExtra, PersonTimeline, Timeline

from .figure_rows import Row, rows_of
from .palette import MISSING, colours, modality_colours
from .thinning import thin
from .tiers import MEANING, clean

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTH_INCHES, DPI = 12.0, 150
_LEFT_INCHES, _RIGHT_INCHES = 1.05, 0.3
_HEADER_INCHES, _PERSON_INCHES, _GAP_INCHES, _CLOCK_INCHES = 0.85, 0.36, 0.05, 0.28
_LINE_INCHES, _LEGEND_COLUMNS = 0.165, 10
# More columns than this turn into stripes that nobody can read.
MOST_COLUMNS = 360
# Beyond this a figure is a poster and no longer read; the rest is in the other formats.
MOST_PERSONS = 8


def write_png(timeline: Timeline, path: Path) -> None:
    """Needs matplotlib (`MissingExtra` says how to install it)."""
    with warnings.catch_warnings():
        # File names in scripts that the font lacks show boxes; that is no news for the user.
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        draw_figure(timeline).savefig(path, format="png", dpi=DPI)


def draw_figure(timeline: Timeline) -> Figure:
    """The figure as a matplotlib object that no global state knows of."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtra("The PNG plot", "plot") from error
    thinned, persons = thin(timeline, most=MOST_COLUMNS), _most_seen(timeline)
    blocks = [(part, rows_of(thinned, thinned.person(part.person))) for part in persons]
    footer = _footer(timeline, thinned, shown=len(persons))
    body = sum(_PERSON_INCHES + _block_inches(rows) for _, rows in blocks) or 0.6
    below = _legend_inches(timeline) + _LINE_INCHES * len(footer) + 0.15
    height = _HEADER_INCHES + body + below
    figure = Figure(figsize=(WIDTH_INCHES, height), facecolor="white")
    _write_title(figure, timeline, height)
    top = height - _HEADER_INCHES
    for part, rows in blocks:
        top = _draw_block(figure, part, rows, top)
    if not blocks:
        _write(figure, WIDTH_INCHES / 2, top - 0.3, _nobody(timeline), ha="center", size=11)
    _draw_legend(figure, timeline, _LINE_INCHES * len(footer) + 0.2)
    for place, line in enumerate(footer):
        y = 0.1 + _LINE_INCHES * (len(footer) - 1 - place)
        _write(figure, 0.3, y, line, size=7, color="#444444")
    return figure


def _most_seen(timeline: Timeline) -> list[PersonTimeline]:
    """The persons to draw: those with the most answers, in the timeline's order."""
    ranked = sorted(timeline.persons, key=lambda part: -int(part.mask.sum()))[:MOST_PERSONS]
    chosen = {part.person for part in ranked}
    return [part for part in timeline.persons if part.person in chosen]


def _block_inches(rows: list[Row]) -> float:
    return sum(row.inches + _GAP_INCHES for row in rows) + _CLOCK_INCHES


def _draw_block(figure: Figure, part: PersonTimeline, rows: list[Row], top: float) -> float:
    """Draw one person's rows under each other from `top` (inches); returns the new top."""
    height = figure.get_figheight()
    _write(figure, 0.3, top - 0.26, _short(part.person, 60), size=11, weight="bold")
    right = WIDTH_INCHES - _RIGHT_INCHES
    _write(figure, right, top - 0.26, _extent(part), size=8, color="#444444", ha="right")
    top -= _PERSON_INCHES
    plot_inches = WIDTH_INCHES - _LEFT_INCHES - _RIGHT_INCHES
    for row in rows:
        axes = figure.add_axes(
            (
                _LEFT_INCHES / WIDTH_INCHES,
                (top - row.inches) / height,
                plot_inches / WIDTH_INCHES,
                row.inches / height,
            )
        )
        row.draw(axes, plot_inches)
        axes.tick_params(labelbottom=row is rows[-1], labelsize=8, length=2.5)
        axes.set_ylabel(row.title, rotation=0, ha="right", va="center", size=8.5, labelpad=8)
        top -= row.inches + _GAP_INCHES
    return top - _CLOCK_INCHES


def _extent(part: PersonTimeline) -> str:
    """How much of the recording has an answer, and how much of that is uncertain."""
    if not part.mask.any():
        return "no answer anywhere"
    unsure = part.uncertain[part.mask].mean()
    return f"answer in {part.mask.mean():.0%} of the windows, {unsure:.0%} of them uncertain"


def _write_title(figure: Figure, timeline: Timeline, height: float) -> None:
    source = timeline.source
    facts = (
        f"{source.duration_seconds:.1f} s  ·  {len(timeline)} windows of "
        f"{timeline.window_seconds:g} s every {timeline.hop_seconds:g} s  ·  "
        f"labels {timeline.label_set.name}  ·  SHA-256 {source.sha256[:12]}"
    )
    _write(figure, 0.3, height - 0.38, _short(source.name, 80), size=14, weight="bold")
    _write(figure, 0.3, height - 0.6, facts, size=8.5, color="#444444")
    stamps = "   ".join(timeline.stamps)
    if stamps:
        box = {"boxstyle": "square,pad=0.3", "facecolor": "#FFF1E6", "edgecolor": "#D55E00"}
        _write(figure, 0.34, height - 0.84, _short(stamps, 150), size=8, bbox=box, color="#7A3500")


def _nobody(timeline: Timeline) -> str:
    kinds = ", ".join(dict.fromkeys(o.kind for o in timeline.outcomes)) or "no data"
    return f"Nobody was seen or heard: {kinds}"


def _draw_legend(figure: Figure, timeline: Timeline, bottom: float) -> None:
    from matplotlib.patches import Patch

    labels = [
        Patch(facecolor=colour, edgecolor="#555555", linewidth=0.4, label=label)
        for label, colour in colours(timeline.label_set).items()
    ]
    states = [
        Patch(
            facecolor="white", edgecolor="#333333", hatch="////", linewidth=0.4, label="uncertain"
        ),
        Patch(facecolor=MISSING, edgecolor="#999999", linewidth=0.4, label="no answer"),
        *(
            Patch(facecolor=colour, edgecolor="#555555", linewidth=0.4, label=f"share of {name}")
            for name, colour in modality_colours(timeline.modalities).items()
        ),
    ]
    for handles, y in ((states, bottom), (labels, bottom + 0.22)):
        figure.legend(
            handles=handles,
            loc="lower left",
            bbox_to_anchor=(_LEFT_INCHES / WIDTH_INCHES, y / figure.get_figheight()),
            ncols=_LEGEND_COLUMNS,
            fontsize=8,
            frameon=False,
            borderpad=0,
            borderaxespad=0,
            handlelength=1.2,
            columnspacing=1.2,
        )


def _legend_inches(timeline: Timeline) -> float:
    return 0.4 + 0.2 * -(-len(timeline.label_set) // _LEGEND_COLUMNS)


def _footer(timeline: Timeline, thinned: Timeline, *, shown: int) -> list[str]:
    parts = [f"The figure shows {MEANING}."]
    if len(thinned) < len(timeline):
        parts[0] += f" Each column is the mean of {thinned.hop_seconds:g} s."
    if shown < len(timeline.persons):
        parts[0] += f" {len(timeline.persons) - shown} more persons are in the data formats."
    for model in timeline.models:
        limits = f"; limits: {model.limits}" if model.limits else ""
        parts.append(f"{model.modality}: {model.name} {model.version} ({model.licence}){limits}")
    parts += timeline.notes
    lines = [line for part in parts for line in textwrap.wrap(clean(part), 225)]
    return lines if len(lines) <= 10 else [*lines[:9], _short(lines[9], 200) + " …"]


def _short(text: str, most: int) -> str:
    text = clean(text)
    return text if len(text) <= most else text[: most - 1] + "…"


def _write(figure: Figure, x_inches: float, y_inches: float, text: str, **style) -> None:
    figure.text(
        x_inches / WIDTH_INCHES,
        y_inches / figure.get_figheight(),
        text,
        parse_math=False,  # a "$" in a file name is a "$"
        **style,
    )
