"""PNG: one explained window. What each modality did, and where inside it.

Takes an `analysis.explain` result as it is: a plain object with the fields documented there.
"""

from __future__ import annotations

import textwrap
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from emofuse.core import UNCERTAIN, MissingExtra

from .palette import ink_on
from .tiers import MEANING, clean

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH_INCHES, DPI = 9.0, 150
_BAR_INCHES, _PANEL_INCHES, _LINE_INCHES, _HEADER_INCHES = 0.3, 3.0, 0.28, 0.8
_FOR, _AGAINST = "#0072B2", "#D55E00"
# Effects below this many nats are drawn pale: colour must not make noise look like a reason.
_SMALLEST_SCALE = 0.1
_LETTERS = 92  # of a line of words


def save_explanation(explanation, path: str | Path) -> Path:
    """Write the figure of an explanation as PNG, whole or not at all. Needs matplotlib."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f".{path.name}.part")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        draw_explanation(explanation).savefig(scratch, format="png", dpi=DPI)
    return scratch.replace(path)


def draw_explanation(explanation) -> Figure:
    """Bars of the modalities, then voice, face and words where they spoke."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtra("The explanation's plot", "plot") from error
    lines = _lines(explanation.words)
    panels = int(explanation.voice is not None or explanation.face is not None)
    heights = [
        _HEADER_INCHES,
        _BAR_INCHES * len(explanation.modalities) + 0.5,
        *[_PANEL_INCHES] * panels,
        *([_LINE_INCHES * len(lines) + 0.35] if lines else []),
        0.5,
    ]
    figure = Figure(figsize=(WIDTH_INCHES, sum(heights)), facecolor="white", layout="constrained")
    rows = iter(figure.subfigures(len(heights), height_ratios=heights, squeeze=False)[:, 0])
    _header(next(rows), explanation)
    _bars(next(rows).subplots(), explanation.modalities)
    if panels:
        _inside(next(rows), explanation)
    if lines:
        _words(next(rows).subplots(), lines)
    _footer(next(rows))
    return figure


def _header(part, explanation) -> None:
    answer = UNCERTAIN if explanation.uncertain else explanation.label
    told = f"{explanation.label} {explanation.probability:.0%}"
    told = f"{UNCERTAIN} (best: {told})" if explanation.uncertain else told
    title = f"Why “{answer}”? {clean(explanation.source)}"
    facts = (
        f"{clean(explanation.person)}, window {explanation.window}: "
        f"{explanation.start_seconds:g}–{explanation.end_seconds:g} s  ·  expressed: {told}"
    )
    part.text(0.02, 0.62, title, size=13, weight="bold", parse_math=False)
    part.text(0.02, 0.22, facts, size=9, color="#444444", parse_math=False)


def _footer(part) -> None:
    lines = textwrap.wrap(
        "Effect: how far the log-odds of this answer fall when the part is left out, in nats; blue "
        "spoke for it, orange against it. One part is left out at a time, so effects do not add "
        f"up. This is about the models, not the person: {MEANING}.",
        150,
    )
    part.text(0.02, 0.1, "\n".join(lines), size=7, color="#444444", va="bottom")


def _bars(axes: Axes, modalities: Sequence) -> None:
    """One bar a modality: its effect, what it said, or why it is absent."""
    most = max([abs(m.effect) for m in modalities] + [_SMALLEST_SCALE])
    for place, m in enumerate(modalities):
        axes.barh(place, m.effect, color=_FOR if m.effect >= 0 else _AGAINST, height=0.62)
        said = m.outcome or "nothing"
        if m.label is not None:
            said = f"{m.label} {m.probability:.0%}, share {m.contribution:.0%}"
        axes.text(1.3 * most, place, said, va="center", size=8.5, parse_math=False)
    axes.axvline(0, color="#333333", linewidth=0.8)
    axes.set(xlim=(-1.1 * most, 2.4 * most), xticks=np.round([-most, 0, most], 2))
    axes.set_xlabel("effect of the modality (nats)", size=8, x=1.1 / 3.5)
    axes.set_yticks(range(len(modalities)), [m.modality for m in modalities], size=9)
    axes.invert_yaxis()
    axes.tick_params(labelsize=8, length=2)
    axes.spines[["top", "right", "left"]].set_visible(False)


def _inside(part, explanation) -> None:
    """Voice and face beside each other, each with its own scale."""
    from matplotlib.cm import ScalarMappable

    shown = [
        (draw, value, width)
        for draw, value, width in (
            (_voice, explanation.voice, 1.9),
            (_face, explanation.face, 1.2),
        )
        if value is not None
    ]
    widths = [width for _, _, width in shown]
    for axes, (draw, value, _) in zip(
        part.subplots(1, len(shown), width_ratios=widths, squeeze=False)[0], shown, strict=True
    ):
        picture = draw(axes, value)
        bar = part.colorbar(ScalarMappable(picture.norm, picture.cmap), ax=axes, fraction=0.05)
        bar.ax.tick_params(labelsize=7)
        bar.set_label("effect (nats)", size=7)


def _voice(axes: Axes, voice):
    """The log-mel picture in grey, and over it the effect of each band and time.

    Below it the effect of the pitch, where the model is fed one.
    """
    start, end = voice.time_edges_seconds[[0, -1]]
    bands, cells = len(voice.band_edges_hz) - 1, np.arange(len(voice.band_edges_hz))
    names, effects = [_frequency(hz) for hz in voice.band_edges_hz], voice.effects
    if voice.melody is not None:
        effects, cells = np.vstack([voice.melody, effects]), np.array([-1, *cells])
        names = ["", *names]
        axes.text(start, -0.5, " melody", va="center", size=7)
    axes.imshow(
        voice.log_mel.T, origin="lower", aspect="auto", cmap="Greys", extent=(start, end, 0, bands)
    )
    picture = axes.pcolormesh(voice.time_edges_seconds, cells, effects, **_tints(effects))
    axes.set_yticks(cells, names)
    axes.set(title="voice: band × time", xlabel="seconds", ylabel="Hz")
    return _small(axes, picture)


def _face(axes: Axes, face):
    """The aligned face, and over it the effect of each region."""
    size = face.picture.shape[0]
    axes.imshow(face.picture, extent=(0, size, size, 0))
    picture = axes.imshow(
        face.effects,
        extent=(0, size, size, 0),
        interpolation="nearest",
        **_tints(face.effects),
    )
    axes.set(xticks=[], yticks=[], title=f"face: region ({face.crops} pictures)")
    return _small(axes, picture)


def _small(axes: Axes, picture):
    axes.title.set_size(9)
    axes.tick_params(labelsize=7)
    axes.xaxis.label.set_size(8), axes.yaxis.label.set_size(8)
    return picture


def _tints(effects: np.ndarray) -> dict:
    """Blue for, orange against, seen through around 0; one scale for both sides."""
    from matplotlib.colors import LinearSegmentedColormap

    most = max(float(np.abs(effects).max()), _SMALLEST_SCALE)
    colours = LinearSegmentedColormap.from_list("effect", [_AGAINST, "white", _FOR])
    strength = 0.8 * np.sqrt(np.abs(effects) / most)
    return {"cmap": colours, "vmin": -most, "vmax": most, "alpha": strength}


def _frequency(hz: float) -> str:
    return f"{hz / 1000:.1f}k" if hz >= 1000 else f"{hz:.0f}"


def _lines(words: Sequence) -> list[list]:
    """Words broken into lines of about `_LETTERS` letters."""
    lines: list[list] = []
    room = 0
    for word in words:
        needs = len(word.word) + 2
        if needs > room:
            lines.append([])
            room = _LETTERS
        lines[-1].append(word)
        room -= needs
    return lines


def _words(axes: Axes, lines: list[list]) -> None:
    """The words in their order, each on the colour of its effect."""
    from matplotlib.colors import to_hex

    effects = np.array([word.effect for line in lines for word in line])
    tints = _tints(effects)
    axes.set(xlim=(0, _LETTERS), ylim=(len(lines) + 0.1, -0.9), xticks=[], yticks=[])
    axes.set_title(f"words: strongest effect {np.abs(effects).max():.2f} nats", size=9, loc="left")
    axes.spines[:].set_visible(False)
    for row, line in enumerate(lines):
        column = 0.5
        for word in line:
            tint = to_hex(tints["cmap"](0.5 + 0.5 * word.effect / tints["vmax"]))
            axes.text(
                column,
                row,
                clean(word.word),
                bbox={"boxstyle": "square,pad=0.25", "linewidth": 0, "facecolor": tint},
                color=ink_on(tint),
                size=9,
                family="monospace",
                va="center",
                parse_math=False,
            )
            column += len(word.word) + 2
