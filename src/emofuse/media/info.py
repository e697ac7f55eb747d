"""`probe`: what a file holds, checked by decoding one frame of it."""

from __future__ import annotations

from pathlib import Path

import av

from emofuse.core import InputError

from .picture import quarter_turns
from .source import Source, open_source
from .types import MediaInfo

_PACKETS = 500  # looked at for a first frame; a track without one by then may start late


def probe(path: str | Path) -> MediaInfo:
    """Look into a file: tracks, size, rates.

    Raises `InputError` for a file that is missing, not allowed, a folder, empty, not media,
    truncated before its index, or of which nothing can be decoded.
    """
    with open_source(path) as source:
        first = _first_frames(source)
        if not first:
            raise InputError(source.path, "nothing in it can be decoded", "copy or export it again")
        duration = source.container.duration
        if source.is_still:
            duration = 0
        return MediaInfo(
            path=source.path,
            container=source.container.format.name,
            duration_seconds=None if duration is None else duration / av.time_base,
            is_still=source.is_still,
            **_picture_facts(source, first.get("video")),
            **_sound_facts(source, first.get("audio")),
        )


def _picture_facts(source: Source, frame: av.VideoFrame | None) -> dict:
    if source.video is None:
        return {}
    shown, turns = source.video.codec_context, 0
    if frame is not None:
        shown, turns = frame, quarter_turns(frame)
    sides = (shown.height, shown.width) if turns % 2 else (shown.width, shown.height)
    rate = source.video.average_rate or source.video.guessed_rate
    return {
        "has_video": True,
        "width": sides[0],
        "height": sides[1],
        "rotation_degrees": 90 * turns,
        "frame_rate": float(rate) if rate and not source.is_still else None,
    }


def _sound_facts(source: Source, frame: av.AudioFrame | None) -> dict:
    if source.audio is None:
        return {}
    heard = source.audio.codec_context if frame is None else frame
    return {
        "has_audio": True,
        "audio_rate_hz": heard.sample_rate,
        "audio_channels": heard.layout.nb_channels,
    }


def _first_frames(source: Source) -> dict[str, av.VideoFrame | av.AudioFrame]:
    """The first decodable frame of each track, as far as the first packets hold one."""
    found: dict = {}
    packets = source.container.demux(source.streams)
    for _ in range(_PACKETS):
        try:
            packet = next(packets, None)
            if packet is None:
                break
            if packet.stream.type not in found and (frames := packet.decode()):
                found[packet.stream.type] = frames[0]
        except (av.FFmpegError, OSError):
            continue
        if len(found) == len(source.streams):
            break
    return found
