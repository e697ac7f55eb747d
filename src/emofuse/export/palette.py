"""One colour a label, the same in every plot, overlay and page.

The eight Okabe-Ito colours, which stay apart under the common forms of colour blindness
(Okabe & Ito 2008, "Color Universal Design"), go to the labels the field uses most.
"""

from __future__ import annotations

import colorsys
from collections.abc import Iterable

from emofuse.core import UNCERTAIN, concept

_COLOURS = {
    "neutral": "#999999",
    "happy": "#E69F00",
    "sad": "#0072B2",
    "angry": "#D55E00",
    "fear": "#CC79A7",
    "disgust": "#009E73",
    "surprise": "#56B4E9",
    "calm": "#F0E442",
    "negative-high-arousal": "#D55E00",
    "negative": "#D55E00",
    "positive": "#009E73",
    "low": "#56B4E9",
    "high": "#D55E00",
    UNCERTAIN: "#FFFFFF",
}
MISSING = "#EDEDED"
# Modalities are shades of one ink, so that no modality looks like an emotion.
_MODALITIES = {
    "face": "#434B7E",
    "voice": "#8890B5",
    "text": "#C8CCDD",
    "eeg": "#E9EAF2",
    "audio_video_text": "#2B3054",
    "audio_video": "#2B3054",
    "video": "#5A6296",
    "action_units": "#6B74A6",
    "action_unit_means": "#A3AAC8",
}
_GOLDEN_ANGLE = 0.381966


def colours(labels: Iterable[str]) -> dict[str, str]:
    """Colour "#RRGGBB" of each label; spellings of one concept (joy, happy) share one.

    Labels outside the common ones get spread hues by position: plots name labels in text too,
    since no palette keeps 28 classes apart for everyone.
    """
    return {
        label: _COLOURS.get(concept(label)) or _spread(place) for place, label in enumerate(labels)
    }


def modality_colours(modalities: Iterable[str]) -> dict[str, str]:
    """Colour "#RRGGBB" of each modality's share in the fused answer."""
    return {name: _MODALITIES.get(name) or _spread(i, 0.15) for i, name in enumerate(modalities)}


def ink_on(colour: str) -> str:
    """Black or white, whichever reads better on "#RRGGBB" (WCAG relative luminance)."""
    red, green, blue = rgb(colour)
    luminance = sum(
        weight * (channel / 255) ** 2.2
        for weight, channel in zip((0.2126, 0.7152, 0.0722), (red, green, blue), strict=True)
    )
    return "#000000" if luminance > 0.179 else "#FFFFFF"


def rgb(colour: str) -> tuple[int, int, int]:
    """ "#RRGGBB" as three numbers 0..255."""
    return tuple(int(colour[i : i + 2], 16) for i in (1, 3, 5))  # type: ignore[return-value]


def _spread(place: int, saturation: float = 0.55) -> str:
    hue = place * _GOLDEN_ANGLE % 1.0
    lightness = (0.42, 0.58, 0.72)[place % 3]
    channels = colorsys.hls_to_rgb(hue, lightness, saturation)
    return "#" + "".join(f"{round(255 * value):02X}" for value in channels)
