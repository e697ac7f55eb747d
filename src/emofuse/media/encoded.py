"""Pictures that arrive encoded, one at a time: JPEG and WebP from a browser or a robot."""

from __future__ import annotations

import struct
from dataclasses import dataclass

import cv2
import numpy as np

from emofuse.core import InputError

from .types import VideoFrame

MAX_PIXELS = 1920 * 1920
_JPEG_SIZES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}  # the markers that state a size


@dataclass(frozen=True)
class EncodedPicture:
    """One JPEG or WebP picture shown from `seconds` on, decoded when it is its turn."""

    seconds: float
    data: bytes

    def decode(self, *, max_pixels: int = MAX_PIXELS) -> VideoFrame:
        """The picture as RGB; `InputError` when it is neither, damaged or too large.

        The size is read from the header first: a few bytes may claim gigabytes.
        """
        width, height = picture_size(self.data)
        if not 0 < width * height <= max_pixels:
            raise InputError("picture", f"is {width}x{height}", f"send at most {max_pixels} pixels")
        try:
            image = cv2.imdecode(np.frombuffer(self.data, np.uint8), cv2.IMREAD_COLOR)
        except cv2.error:
            image = None
        if image is None:
            raise InputError("picture", "cannot be decoded", "send whole JPEG or WebP pictures")
        return VideoFrame(self.seconds, cv2.cvtColor(image, cv2.COLOR_BGR2RGB))


def picture_size(data: bytes) -> tuple[int, int]:
    """(width, height) that the header of a JPEG or WebP states; `InputError` for anything else."""
    try:
        if data[:2] == b"\xff\xd8":
            return _jpeg_size(data)
        if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
            return _webp_size(data)
    except (struct.error, IndexError):
        pass
    raise InputError("picture", "is neither JPEG nor WebP", "send whole JPEG or WebP pictures")


def _jpeg_size(data: bytes) -> tuple[int, int]:
    at = 2
    while True:
        while data[at + 1] == 0xFF:  # fill bytes
            at += 1
        marker, length = data[at + 1], struct.unpack_from(">H", data, at + 2)[0]
        if data[at] != 0xFF or length < 2:
            raise struct.error
        if marker in _JPEG_SIZES:
            height, width = struct.unpack_from(">HH", data, at + 5)
            return width, height
        at += 2 + length


def _webp_size(data: bytes) -> tuple[int, int]:
    kind = data[12:16]
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", data, 26)
        return width & 0x3FFF, height & 0x3FFF
    if kind == b"VP8L":
        bits = struct.unpack_from("<I", data, 21)[0]
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8X":
        wide, high = data[24:27], data[27:30]
        return int.from_bytes(wide, "little") + 1, int.from_bytes(high, "little") + 1
    raise struct.error
