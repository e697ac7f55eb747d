"""Drawing on RGB pictures with OpenCV: a person's panel, a note, a blurred face."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np

from emofuse.core import UNCERTAIN

from .palette import colours, ink_on, modality_colours, rgb

Box = tuple[float, float, float, float]  # left, top, right, bottom in shares of the picture
_FONT = cv2.FONT_HERSHEY_DUPLEX
_WHITE, _GREY, _DARK = (255, 255, 255), (170, 170, 170), (25, 25, 25)
_MOST_BARS = 8
_LEAST_HEIGHT, _MOST_WIDTH = 480, 1920  # pixels, of pictures that are enlarged
_BLOCKS = 8  # a blurred face keeps this many patches a side: too few to recognise anyone


@dataclass(frozen=True)
class Panel:
    """What is said about one person at one moment; `probabilities` (C,) or None."""

    person: str
    labels: tuple[str, ...]
    probabilities: np.ndarray | None
    uncertain: bool
    shares: Mapping[str, float]

    @property
    def answer(self) -> str:
        if self.probabilities is None:
            return ""
        return UNCERTAIN if self.uncertain else self.labels[int(self.probabilities.argmax())]


def blur(image: np.ndarray, box: Box) -> np.ndarray:
    """A copy of `image` (H, W, 3) uint8 with what is inside `box` made unrecognisable.

    The patch is reduced to 8 × 8 means, so nothing finer is left to restore. A box outside the
    picture changes nothing.
    """
    left, top, right, bottom = _pixels(image, box)
    result = image.copy()
    if right > left and bottom > top:
        patch = image[top:bottom, left:right]
        small = cv2.resize(patch, (_BLOCKS, _BLOCKS), interpolation=cv2.INTER_AREA)
        size = (right - left, bottom - top)
        result[top:bottom, left:right] = cv2.resize(small, size, interpolation=cv2.INTER_LINEAR)
    return result


def with_room(image: np.ndarray) -> np.ndarray:
    """A copy to draw on, enlarged by a whole factor where text would not fit."""
    height, width = image.shape[:2]
    factor = min(-(-_LEAST_HEIGHT // height), _MOST_WIDTH // width)
    if factor <= 1:
        return image.copy()
    return cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)


def draw_panel(image: np.ndarray, panel: Panel, *, box: Box | None, corner: int) -> int:
    """Draw face box, answer, bars and shares into `image`; returns the new corner height.

    Without a box the panel stands in the lower left corner, `corner` pixels above the edge, so
    that several stand above each other.
    """
    unit = _unit(image)
    wide, high = 16 * unit, _panel_height(panel, unit)
    if box is None:
        left, top = unit // 2, image.shape[0] - high - 2 * unit - corner
        corner += high + unit // 2
    else:
        left, top = _draw_face(image, panel, box, wide, high)
    _shade(image, left, top, wide, high)
    _draw_answer(image, panel, left, top, wide)
    cv2.rectangle(image, (left - 1, top - 1), (left + wide, top + high), _DARK, 1)
    if panel.probabilities is not None:
        _draw_bars(image, panel, left, top + 2 * unit, wide)
        _draw_shares(image, panel, left, top + high - unit, wide)
    return corner


def draw_note(image: np.ndarray, text: str) -> None:
    """One small line along the lower edge, cut to the picture's width."""
    unit = _unit(image)
    _shade(image, 0, image.shape[0] - int(1.4 * unit), image.shape[1], int(1.4 * unit))
    _text(image, text, unit // 2, image.shape[0] - unit // 2, 0.8, _WHITE, image.shape[1] - unit)


def _draw_face(image: np.ndarray, panel: Panel, box: Box, wide: int, high: int) -> tuple[int, int]:
    """Draw the box; returns the place of the panel beside it, inside the picture."""
    left, top, right, bottom = _pixels(image, box)
    unit, tint = _unit(image), _tint(panel)
    cv2.rectangle(image, (left, top), (right, bottom), _DARK, max(3, unit // 4), cv2.LINE_AA)
    cv2.rectangle(image, (left, top), (right, bottom), tint, max(2, unit // 6), cv2.LINE_AA)
    beside = right + unit // 2
    if beside + wide > image.shape[1]:
        beside = max(0, left - wide - unit // 2)
    return beside, min(max(0, top), max(0, image.shape[0] - high - 2 * unit))


def _draw_answer(image: np.ndarray, panel: Panel, left: int, top: int, wide: int) -> None:
    unit, answer = _unit(image), panel.answer
    _text(image, panel.person, left + unit // 3, top + int(1.3 * unit), 0.8, _GREY, wide // 2)
    tint, middle = _tint(panel), left + int(0.42 * wide)
    if not answer:
        _text(image, "no answer", middle, top + int(1.3 * unit), 0.8, _GREY, wide // 2)
        return
    cv2.rectangle(image, (middle, top), (left + wide - 1, top + int(1.8 * unit)), tint, -1)
    ink = _WHITE if ink_on("#{:02X}{:02X}{:02X}".format(*tint)) == "#FFFFFF" else (0, 0, 0)
    room = left + wide - middle - unit // 2
    _text(image, answer, middle + unit // 3, top + int(1.3 * unit), 1.0, ink, room)


def _draw_bars(image: np.ndarray, panel: Panel, left: int, top: int, wide: int) -> None:
    unit, tints = _unit(image), colours(panel.labels)
    start, room = left + int(0.42 * wide), int(0.4 * wide)
    for row, place in enumerate(_shown(panel)):
        y, value = top + row * unit, float(panel.probabilities[place])
        label = panel.labels[place]
        _text(image, label, left + unit // 3, y + int(0.8 * unit), 0.7, _WHITE, int(0.38 * wide))
        end = start + max(1, round(value * room))
        cv2.rectangle(
            image, (start, y + unit // 6), (end, y + unit - unit // 6), rgb(tints[label]), -1
        )
        percent = f"{value:.0%}"
        _text(image, percent, left + int(0.85 * wide), y + int(0.8 * unit), 0.7, _WHITE, wide)


def _draw_shares(image: np.ndarray, panel: Panel, left: int, top: int, wide: int) -> None:
    """A bar split among the modalities that had a say, with their names."""
    unit, at = _unit(image), float(left)
    for name, tint in modality_colours(panel.shares).items():
        end = at + panel.shares[name] * wide
        if end - at >= 1:
            cv2.rectangle(image, (round(at), top), (round(end) - 1, top + unit - 1), rgb(tint), -1)
            ink = rgb(ink_on(tint))
            _text(image, name, round(at) + 3, top + int(0.8 * unit), 0.7, ink, int(end - at) - 4)
        at = end


def _shown(panel: Panel) -> list[int]:
    """All labels in their order where they fit, else the most probable ones."""
    if len(panel.labels) <= _MOST_BARS:
        return list(range(len(panel.labels)))
    return np.argsort(-panel.probabilities, kind="stable")[:_MOST_BARS].tolist()


def _panel_height(panel: Panel, unit: int) -> int:
    if panel.probabilities is None:
        return 2 * unit
    return 2 * unit + len(_shown(panel)) * unit + int(1.3 * unit)


def _tint(panel: Panel) -> tuple[int, int, int]:
    if panel.answer in ("", UNCERTAIN):
        return _GREY if not panel.answer else _WHITE
    return rgb(colours(panel.labels)[panel.answer])


def _unit(image: np.ndarray) -> int:
    """Height of one line in pixels: 16 in 720p, never below what can be read."""
    return max(9, round(min(image.shape[0] / 45, image.shape[1] / 60)))


def _shade(image: np.ndarray, left: int, top: int, wide: int, high: int) -> None:
    part = image[max(0, top) : max(0, top + high), max(0, left) : max(0, left + wide)]
    part[:] = part // 4 + 10


def _text(image: np.ndarray, text: str, x: int, y: int, size: float, ink: tuple, room: int) -> None:
    """`text` on the baseline (x, y), cut to `room` pixels. The font knows ASCII only."""
    text = text.encode("ascii", "replace").decode()
    scale = size * _unit(image) / 26
    while text and cv2.getTextSize(text, _FONT, scale, 1)[0][0] > room:
        text = text[:-1]
    if text:
        cv2.putText(image, text, (x, y), _FONT, scale, ink, 1, cv2.LINE_AA)


def _pixels(image: np.ndarray, box: Box) -> tuple[int, int, int, int]:
    """`box` in whole pixels, clipped to the picture."""
    height, width = image.shape[:2]
    shares = np.clip(np.array(box) * (width, height, width, height), 0, (width, height) * 2)
    return tuple(int(value) for value in np.round(shares))  # type: ignore[return-value]
