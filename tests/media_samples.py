"""Makers of small recordings for tests: odd formats, odd clocks and damage, all by PyAV."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

SIZE = (160, 120)  # width, height
STEP = 5  # grey levels between two frames of `pictures`


def pictures(count: int, *, size: tuple[int, int] = SIZE) -> list[np.ndarray]:
    """`count` RGB pictures of rising grey with a red patch top left and a blue one top right."""
    width, height = size
    frames = []
    for number in range(count):
        image = np.full((height, width, 3), 20 + STEP * (number % 40), np.uint8)
        image[: height // 4, : width // 4] = (255, 0, 0)
        image[: height // 4, -(width // 4) :] = (0, 0, 255)
        frames.append(image)
    return frames


def frame_number(image: np.ndarray) -> int:
    """Which of `pictures` (modulo 40) a decoded `image` is, by the grey of its lower half."""
    return round((float(image[image.shape[0] // 2 :].mean()) - 20) / STEP)


def corner_colours(image: np.ndarray) -> dict[str, str]:
    """Where the red and the blue patch of a decoded picture are: {"red": "top left", ...}."""
    places = {
        "top left": image[8, 8],
        "top right": image[8, -8],
        "bottom left": image[-8, 8],
        "bottom right": image[-8, -8],
    }
    found = {}
    for place, (red, green, blue) in places.items():
        if green < 60 and max(red, blue) > 150:
            found["red" if red > blue else "blue"] = place
    return found


def tone(seconds: float, *, rate: int, hertz: float = 440.0, level: float = 0.5) -> np.ndarray:
    """(n,) float32 sine."""
    return (level * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)).astype(
        np.float32
    )


def write_clip(
    path: Path,
    *,
    seconds: float = 2.0,
    frame_rate: int = 30,
    frame_times: Sequence[float] | None = None,
    size: tuple[int, int] = SIZE,
    video_codec: str | None = "libx264",
    audio_codec: str | None = "aac",
    audio: np.ndarray | None = None,
    audio_rate: int = 44100,
    audio_layout: str = "mono",
    audio_starts: Sequence[tuple[float, int]] = ((0.0, 0),),
) -> Path:
    """Write a clip; a codec of None leaves that track out.

    `frame_times` (seconds) makes a variable frame rate. `audio` is (channels, n), a tone by
    default. `audio_starts` are (time, first sample) of its pieces, in order: ((1.0, 0),) starts
    the sound late, ((0.0, 0), (1.5, 22050)) leaves a gap after the first half second at 44.1 kHz.
    """
    ticks = 30000 if frame_times else frame_rate
    if frame_times is None:
        frame_times = [number / frame_rate for number in range(round(seconds * frame_rate))]
    index_first = {"movflags": "faststart"} if path.suffix == ".mp4" else {}
    with av.open(path, "w", options=index_first) as out:
        video = sound = None
        if video_codec:
            video = out.add_stream(video_codec, rate=frame_rate)
            video.width, video.height = size
            video.pix_fmt = "yuvj420p" if video_codec == "mjpeg" else "yuv420p"
            video.codec_context.time_base = Fraction(1, ticks)
            if video_codec == "libx264":
                video.options = {"g": "15", "crf": "18"}
        if audio_codec:
            sound = out.add_stream(audio_codec, rate=audio_rate, layout=audio_layout)
            if audio is None:
                channels = sound.codec_context.layout.nb_channels
                audio = np.tile(tone(seconds, rate=audio_rate), (channels, 1))
        packets = _video_packets(video, frame_times, size) if video else []
        if sound:
            packets += _audio_packets(sound, audio, audio_starts)
        packets.sort(key=lambda packet: float(packet.dts * packet.time_base))
        out.mux(packets)
    return path


def _video_packets(stream, times: Sequence[float], size: tuple[int, int]) -> list[av.Packet]:
    packets = []
    for seconds, image in zip(times, pictures(len(times), size=size), strict=True):
        frame = av.VideoFrame.from_ndarray(image, format="rgb24")
        frame.pts, frame.time_base = round(seconds * 30000), Fraction(1, 30000)
        packets += stream.encode(frame)
    return packets + stream.encode(None)


def _audio_packets(
    stream, audio: np.ndarray, starts: Sequence[tuple[float, int]]
) -> list[av.Packet]:
    packets = []
    ends = [first for _, first in starts[1:]] + [audio.shape[1]]
    for (seconds, first), end in zip(starts, ends, strict=True):
        shift = round(seconds * stream.rate) - first
        for begin in range(first, end, 1024):
            piece = np.ascontiguousarray(audio[:, begin : min(begin + 1024, end)], np.float32)
            frame = av.AudioFrame.from_ndarray(
                piece, format="fltp", layout=stream.codec_context.layout.name
            )
            frame.sample_rate = stream.rate
            frame.pts, frame.time_base = begin + shift, Fraction(1, stream.rate)
            packets += stream.encode(frame)
    return packets + stream.encode(None)


def write_sound(
    path: Path,
    audio: np.ndarray,
    *,
    rate: int,
    codec: str = "pcm_s16le",
    layout: str = "mono",
    packet_samples: int = 1024,
) -> Path:
    """Write a sound file of (channels, n) or (n,) float samples, `packet_samples` a packet."""
    audio = np.atleast_2d(audio)
    with av.open(path, "w") as out:
        stream = out.add_stream(codec, rate=rate, layout=layout)
        for begin in range(0, audio.shape[1], packet_samples):
            piece = np.float32(audio[:, begin : begin + packet_samples].T.reshape(1, -1))
            frame = av.AudioFrame.from_ndarray(piece, format="flt", layout=layout)
            frame.sample_rate, frame.pts, frame.time_base = rate, begin, Fraction(1, rate)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


def write_image(path: Path, image: np.ndarray) -> Path:
    """Write one RGB picture; the format follows the name (png, jpg)."""
    codec, pixels = ("png", "rgb24") if path.suffix == ".png" else ("mjpeg", "yuvj420p")
    with av.open(path, "w", format="image2") as out:
        stream = out.add_stream(codec, rate=1)
        stream.height, stream.width = image.shape[:2]
        stream.pix_fmt = pixels
        out.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        out.mux(stream.encode(None))
    return path


def turn(path: Path, matrix: tuple[int, int, int, int]) -> Path:
    """Rewrite the display matrix (a, b, c, d) of an mp4's video track, as a phone writes it."""
    data = bytearray(path.read_bytes())
    at = data.find(b"tkhd") + 44  # past version, times, track id, duration, layer, volume
    a, b, c, d = (value << 16 for value in matrix)
    data[at : at + 36] = np.array([a, b, 0, c, d, 0, 0, 0, 1 << 30], ">i4").tobytes()
    path.write_bytes(data)
    return path


def cut(path: Path, share: float) -> Path:
    """Keep only the first `share` of the bytes."""
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    return path


def scramble(path: Path, *, share: float = 0.5, count: int = 1500) -> Path:
    """Overwrite `count` bytes of the media data, from `share` of it on, with noise."""
    data = bytearray(path.read_bytes())
    begin = data.find(b"mdat")
    at = begin + int((len(data) - begin) * share)
    data[at : at + count] = np.random.default_rng(0).bytes(count)
    path.write_bytes(data)
    return path
