"""Expression as distances on the mesh, and head pose.

Distances are taken on the mesh turned to face the camera and divided by the distance between the
eyes, so that they do not change when the head moves. What is meaningful is the deviation from the
person's own usual face: see `median.py`. Lowering of the inner brows (AU4) hardly shows in the
mesh; that takes pixels.
"""

from __future__ import annotations

import numpy as np

# Points of the 468-point mesh, by the person's own right and left.
_EYE_R, _EYE_L = (33, 133), (263, 362)
_UPPER_LID_R, _UPPER_LID_L = (158, 159, 160), (385, 386, 387)
_LOWER_LID_R, _LOWER_LID_L = (144, 145, 153), (373, 374, 380)
_INNER_BROW_R, _INNER_BROW_L = (55, 107), (285, 336)
_OUTER_BROW_R, _OUTER_BROW_L = (63, 70, 105), (293, 300, 334)
_LIPS = (13, 14)
_SUBNASALE = (2,)

# name: (axis, from, to): the mean of `to` minus the mean of `from`; x runs to the person's left,
# y downwards. Every value is written so that more of the name is a larger number.
_DISTANCES: dict[str, tuple[str, tuple[int, ...], tuple[int, ...]]] = {
    "eye_open_left": ("y", _UPPER_LID_L, _LOWER_LID_L),
    "eye_open_right": ("y", _UPPER_LID_R, _LOWER_LID_R),
    "brow_inner_left": ("y", _INNER_BROW_L, (362,)),
    "brow_inner_right": ("y", _INNER_BROW_R, (133,)),
    "brow_outer_left": ("y", _OUTER_BROW_L, (263,)),
    "brow_outer_right": ("y", _OUTER_BROW_R, (33,)),
    "brow_gap": ("x", _INNER_BROW_R, _INNER_BROW_L),
    "mouth_open": ("y", (13,), (14,)),
    "mouth_width": ("x", (61,), (291,)),
    "lip_thickness_upper": ("y", (0,), (13,)),
    "lip_thickness_lower": ("y", (14,), (17,)),
    "corner_pull_left": ("y", (291,), _LIPS),
    "corner_pull_right": ("y", (61,), _LIPS),
    "nose_lip": ("y", _SUBNASALE, (0,)),
    "jaw_open": ("y", _SUBNASALE, (152,)),
    "smile": ("y", (61, 291), _SUBNASALE),
}
GEOMETRY_FEATURES: tuple[str, ...] = tuple(_DISTANCES)


# The head's own axes: from the right to the left eye, and from the forehead to the nose base.
_FRAME = (("x", _EYE_R, _EYE_L), ("y", (9, 10, 151), _SUBNASALE))


def _differences(
    rows: tuple[tuple[str, tuple[int, ...], tuple[int, ...]], ...],
) -> tuple[np.ndarray, np.ndarray]:
    """Mesh points in use (K,), and (rows, K) weights: mean of the end minus mean of the start."""
    used = sorted({point for _, start, end in rows for point in start + end})
    weights = np.zeros((len(rows), len(used)))
    for row, (_, start, end) in enumerate(rows):
        for points, sign in ((start, -1), (end, 1)):
            for point in points:
                weights[row, used.index(point)] += sign / len(points)
    return np.array(used), weights


def _on_axes(weights: np.ndarray) -> np.ndarray:
    """(G, K) weights as (G, K * 2): each row reads x or y of the points, as its axis says."""
    axis = np.array(["xy".index(axis) for axis, *_ in _DISTANCES.values()])
    return (weights[:, :, None] * np.eye(2)[axis][:, None, :]).reshape(len(weights), -1)


_FRAME_POINTS, _FRAME_WEIGHTS = _differences(_FRAME)
_USED, _WEIGHTS = _differences(tuple(_DISTANCES.values()))
_WEIGHTS = _on_axes(_WEIGHTS)


def head_frame(mesh: np.ndarray) -> tuple[np.ndarray, float]:
    """(3, 3) rotation of the head and the distance between the eye centres in px.

    The columns point to the person's left, down, and away from the camera. Only eye corners,
    forehead and nose base are used, which expressions hardly move. The eye distance is taken in
    depth too, so that turning the head does not shrink it.
    """
    across, down = _FRAME_WEIGHTS @ mesh[_FRAME_POINTS].astype(float)
    interocular_px = max(float(np.sqrt(across @ across)), 1e-9)
    across /= interocular_px
    down -= across * (down @ across)
    down /= max(np.sqrt(down @ down), 1e-9)
    (a, b, c), (d, e, f) = across, down
    away = (b * f - c * e, c * d - a * f, a * e - b * d)
    return np.array([across, down, away]).T, interocular_px


def head_pose(axes: np.ndarray) -> tuple[float, float, float]:
    """Yaw, pitch, roll in degrees of the axes of `head_frame`; zero is a frontal face.

    Positive yaw: turned to the person's left (to the right in the picture). Positive pitch:
    looking up. Positive roll: tilted clockwise in the picture. The median over 972 faces of
    FER2013 is (0.7, 0.5, -0.8).
    """
    yaw = np.arctan2(-axes[0, 2], axes[2, 2])
    pitch = np.arcsin(np.clip(axes[1, 2], -1, 1))
    roll = np.arctan2(axes[1, 0], axes[0, 0])
    return float(np.degrees(yaw)), float(np.degrees(pitch)), float(np.degrees(roll))


def measure_geometry(mesh: np.ndarray, axes: np.ndarray, *, interocular_px: float) -> np.ndarray:
    """The (G,) float32 values of `GEOMETRY_FEATURES`, in units of the inter-ocular distance."""
    level = mesh[_USED].astype(float) @ axes[:, :2]
    return (_WEIGHTS @ level.ravel() / interocular_px).astype(np.float32)
