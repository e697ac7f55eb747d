"""What goes over `WS /v1/live`: the binary header, the JSON messages, and what is refused.

A binary message is a header of 16 bytes, little-endian, and its payload:

    offset  type     meaning
    0       uint8    version, 1
    1       uint8    kind: 1 a JPEG or WebP picture, 2 PCM sound (int16, little-endian, mono),
                     3 EEG (float32, little-endian, a row of all channels a sample, in microvolts;
                     NaN where a sample was lost)
    2       uint16   0
    4       uint32   sample rate in Hz of sound and EEG; 0 for a picture
    8       float64  seconds since the start of the session: of the picture, of the first sample

Text messages are JSON objects with a `type`: from the client `start`, `text`, `reset`, `end`;
from the server `ready`, `frame`, `window`, `reset`, `end`, `error`.
"""

from __future__ import annotations

import json
import math
import struct
from dataclasses import dataclass

import numpy as np

from emofuse.analysis import Mark, Sight
from emofuse.core import InputError, LabelSet, Moment, Window
from emofuse.media import EncodedPicture, picture_size
from emofuse.perception.eeg import EegChunk
from emofuse.perception.text import Cue

VERSION, PICTURE, SOUND, EEG = 1, 1, 2, 3
HEADER = struct.Struct("<BBHId")
SAMPLE_RATES = {SOUND: (8_000, 192_000), EEG: (32, 5_000)}
MOST_SECONDS_AT_ONCE = 2.0  # of sound or EEG
MOST_CHANNELS = 256
MOST_CUE_SECONDS, MOST_CUE_CHARACTERS = 60.0, 2_000
# WebSocket close codes (RFC 6455, section 7.4.1).
NORMAL, UNSUPPORTED, MALFORMED, POLICY, TOO_LARGE = 1000, 1003, 1007, 1008, 1009
BROKEN, BUSY = 1011, 1013
# Every second landmark of the face oval in the mesh of 468 points (MediaPipe Face Mesh).
_OVAL = [10, 297, 284, 389, 454, 361, 397, 379, 400, 152, 176, 150, 172, 132, 234, 162, 54, 67]


class ProtocolError(Exception):
    """A message that ends the session: WebSocket close code and reason."""

    def __init__(self, code: int, reason: str):
        super().__init__(reason)
        self.code, self.reason = code, reason


@dataclass(frozen=True)
class SoundPiece:
    """Sound as it was sent: samples (n,) float32 in -1..1 at its own rate."""

    seconds: float
    sample_rate: int
    samples: np.ndarray


def pack(kind: int, payload: bytes, *, seconds: float, sample_rate: int = 0) -> bytes:
    """A binary message, as clients send it."""
    return HEADER.pack(VERSION, kind, 0, sample_rate, seconds) + payload


def parse_binary(
    message: bytes, *, channels: tuple[str, ...] = ()
) -> EncodedPicture | SoundPiece | EegChunk:
    """The picture, sound or EEG (of `channels`) in a binary message; raises `ProtocolError`."""
    if len(message) <= HEADER.size:
        raise ProtocolError(MALFORMED, "a binary message needs a 16-byte header and a payload")
    version, kind, _, sample_rate, seconds = HEADER.unpack_from(message)
    payload = message[HEADER.size :]
    if version != VERSION or kind not in (PICTURE, SOUND, EEG):
        raise ProtocolError(UNSUPPORTED, f"no message of version {version} and kind {kind}")
    if not math.isfinite(seconds) or seconds < 0:
        raise ProtocolError(MALFORMED, "seconds must be a finite number from 0 on")
    if kind == PICTURE:
        return _picture(seconds, payload)
    low, high = SAMPLE_RATES[kind]
    if not low <= sample_rate <= high:
        raise ProtocolError(UNSUPPORTED, f"a sample rate of {sample_rate} Hz")
    if kind == EEG:
        return _eeg(seconds, sample_rate, payload, channels)
    samples = _samples(payload, "<i2", 1, sample_rate)[:, 0]
    return SoundPiece(seconds, sample_rate, samples.astype(np.float32) / 32768.0)


def _samples(payload: bytes, kind: str, channels: int, sample_rate: int) -> np.ndarray:
    """Samples (n, channels), a whole number and not too many of them."""
    width = np.dtype(kind).itemsize * channels
    if len(payload) % width:
        raise ProtocolError(MALFORMED, f"a sample has {width} bytes; these are {len(payload)}")
    if len(payload) > MOST_SECONDS_AT_ONCE * sample_rate * width:
        raise ProtocolError(TOO_LARGE, f"more than {MOST_SECONDS_AT_ONCE:g} s at once")
    return np.frombuffer(payload, kind).reshape(-1, channels)


def _eeg(seconds: float, rate: int, payload: bytes, channels: tuple[str, ...]) -> EegChunk:
    if not channels:
        raise ProtocolError(POLICY, "the start named no eeg_channels")
    values = _samples(payload, "<f4", len(channels), rate).astype(float)
    if np.isinf(values).any():
        raise ProtocolError(MALFORMED, "EEG that is infinite")
    return EegChunk(seconds, values, channels, float(rate))


def parse_channels(values: object) -> tuple[str, ...]:
    """The `eeg_channels` of a start message; raises `ProtocolError`."""
    names = values if isinstance(values, list) else [None]
    good = all(isinstance(name, str) and 0 < len(name) <= 32 for name in names)
    if not good or len(set(names)) != len(names) or len(names) > MOST_CHANNELS:
        raise ProtocolError(MALFORMED, f"eeg_channels are up to {MOST_CHANNELS} different names")
    return tuple(names)


def _picture(seconds: float, payload: bytes) -> EncodedPicture:
    try:
        picture_size(payload)
    except InputError as error:
        raise ProtocolError(UNSUPPORTED, f"the picture {error.reason}") from None
    return EncodedPicture(seconds, payload)


def parse_text(message: str) -> dict:
    """The JSON object of a text message; raises `ProtocolError`."""
    try:
        values = json.loads(message)
    except (ValueError, RecursionError):
        raise ProtocolError(MALFORMED, "not JSON") from None
    if not isinstance(values, dict) or not isinstance(values.get("type"), str):
        raise ProtocolError(MALFORMED, "a JSON object with a type is needed")
    return values


def parse_item(message: str) -> Cue | Mark:
    """A text message after the start: words, or a mark; raises `ProtocolError`."""
    values = parse_text(message)
    if values["type"] in ("reset", "end"):
        return Mark(values["type"])
    if values["type"] != "text":
        raise ProtocolError(UNSUPPORTED, "no such type; there are text, reset and end")
    start, end, text = (values.get(name) for name in ("start_seconds", "end_seconds", "text"))
    if not (_is_time(start) and _is_time(end) and start <= end <= start + MOST_CUE_SECONDS):
        raise ProtocolError(MALFORMED, "text needs start_seconds <= end_seconds, close together")
    if not isinstance(text, str) or len(text) > MOST_CUE_CHARACTERS:
        raise ProtocolError(MALFORMED, f"text must be a string of {MOST_CUE_CHARACTERS} at most")
    return Cue(float(start), float(end), text)


def _is_time(value: object) -> bool:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return number and math.isfinite(value) and value >= 0


def window_message(window: Window, labels: LabelSet) -> dict:
    """A window as JSON; what is absent is null with its reason beside it."""
    return {
        "type": "window",
        "index": window.index,
        "start_seconds": round(window.start_seconds, 4),
        "end_seconds": round(window.end_seconds, 4),
        "voice_owner": window.voice_owner,
        "persons": [_person(moment, labels) for moment in window.moments],
        "outcomes": [outcome.to_dict() for outcome in window.outcomes],
        "latency_ms": {k: round(1000 * v, 2) for k, v in window.latency_seconds.items()},
    }


def _person(moment: Moment, labels: LabelSet) -> dict:
    known = moment.fused is not None
    return {
        "person": moment.person,
        "label": labels.labels[int(moment.fused.argmax())] if known else None,
        "uncertain": moment.uncertain,
        "fused": _numbers(moment.fused),
        "coverage": round(moment.coverage, 4),
        "box": _numbers(moment.box),
        "estimates": {
            name: {
                "probabilities": _numbers(estimate.probabilities),
                "coverage": round(estimate.coverage, 4),
                "quality": round(estimate.quality, 4),
                "contribution": round(estimate.contribution, 4),
                "outcome": estimate.outcome,
            }
            for name, estimate in moment.estimates.items()
        },
    }


def frame_message(sight: Sight) -> dict:
    """The faces of one picture: boxes and outlines in shares of its width and height."""
    size = np.array([sight.width, sight.height], float)
    return {
        "type": "frame",
        "seconds": sight.seconds,
        "latency_ms": round(1000 * sight.latency_seconds, 2),
        "faces": [
            {
                "person": face.person,
                "box": _numbers(np.reshape(face.box, (2, 2)) / size),
                "outline": _numbers(face.mesh[_OVAL, :2] / size),
                "quality": round(float(face.quality.score), 3),
            }
            for face in sight.faces
        ],
    }


def _numbers(values) -> list | None:
    """Nested numbers rounded to what a client can use; None stays None."""
    return None if values is None else np.round(np.asarray(values, float), 5).tolist()
