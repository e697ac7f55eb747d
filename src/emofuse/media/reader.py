"""`read`: a file as timed pictures and samples on one clock, in flat memory."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterator
from itertools import islice
from pathlib import Path

import av
import numpy as np

from emofuse.core import InputError

from .info import probe
from .picture import PictureTrack
from .sound import SoundTrack
from .source import Source, open_source
from .track import Item, Track
from .types import AudioChunk, Damage

SAMPLE_RATE = 16000
_DEMUX_RETRIES = 50  # a damaged file may fail to yield a packet this often in a row
_MISSING_SECONDS = 0.5  # a track that ends this much before its declared end was cut short

# Containers whose header counts what is inside; elsewhere a length is guessed from the bit rate.
_COUNTING = {"mov", "matroska", "avi", "flv", "wav", "flac"}


def read(
    path: str | Path,
    *,
    video: bool = True,
    audio: bool = True,
    audio_file: str | Path | None = None,
    audio_offset_seconds: float = 0.0,
    sample_rate: int = SAMPLE_RATE,
    max_fps: float | None = None,
    threads: int = 1,
) -> Iterator[Item]:
    """Decode `path` into `VideoFrame`s, `AudioChunk`s and `Damage`s, in the file's own order.

    Zero of the clock is the earliest start of the file's picture and sound tracks, whichever of
    them are asked for. Each modality comes in the order of time; the two are interleaved as in
    the file. `audio_file` replaces the file's sound; its own start is placed
    `audio_offset_seconds` after zero (before it when negative; what then lies before zero is
    left out). `max_fps` leaves frames out before they are converted. `threads` is the number
    the video decoder may use. Still images give one frame at 0.

    Nothing is buffered: an hour needs no more memory than a second. Raises `InputError` at the
    first item when the file cannot be opened; damage inside it is a `Damage` item.
    """
    if audio_file is None:
        yield from _decode(
            path,
            video=video,
            audio=audio,
            sample_rate=sample_rate,
            max_fps=max_fps,
            threads=threads,
        )
        return
    if audio and not probe(audio_file).has_audio:
        raise InputError(audio_file, "holds no sound", "give a file with a sound track")
    pictures = _decode(path, video=video, max_fps=max_fps, threads=threads)
    sound = _decode(audio_file, audio=audio, sample_rate=sample_rate)
    moved = _from_zero(_shifted(sound, audio_offset_seconds), sample_rate)
    yield from heapq.merge(pictures, moved, key=_start)


def load_audio(path: str | Path, *, sample_rate: int = SAMPLE_RATE) -> np.ndarray:
    """All sound of a file at once, (n,) float32 mono: for training sets, not for long files.

    Sample i belongs to i / `sample_rate` seconds on the file's clock: a late start and gaps are
    zeros. Raises `InputError` when there is no sound.
    """
    pieces, length = [], 0
    for item in read(path, video=False, sample_rate=sample_rate):
        if isinstance(item, AudioChunk):
            gap = max(0, round(item.start_seconds * sample_rate) - length)
            pieces += [np.zeros(gap, np.float32), item.samples]
            length += gap + len(item.samples)
    if not length:
        raise InputError(path, "holds no sound", "give a file with a sound track")
    return np.concatenate(pieces)


def decoded_audio_bytes(samples: np.ndarray) -> bytes:
    """16-bit little-endian PCM of mono `samples` in -1..1: the content of a sound clip.

    The same recording stored as FLAC and as WAV has the same bytes here.
    """
    scaled = np.round(np.asarray(samples, dtype=np.float64) * 32768.0)
    return np.clip(scaled, -32768, 32767).astype("<i2").tobytes()


def _start(item: Item) -> float:
    return item.start_seconds if isinstance(item, AudioChunk) else item.seconds


def _decode(
    path: str | Path,
    *,
    video: bool = False,
    audio: bool = False,
    sample_rate: int = SAMPLE_RATE,
    max_fps: float | None = None,
    threads: int = 1,
) -> Iterator[Item]:
    with open_source(path, threads=threads) as source:
        tracks: dict[int, Track] = {}
        if video and source.video is not None:
            tracks[source.video.index] = PictureTrack(
                source.video, source.zero_seconds, max_fps=max_fps, threads=threads
            )
        if audio and source.audio is not None:
            tracks[source.audio.index] = SoundTrack(
                source.audio, source.zero_seconds, sample_rate=sample_rate
            )
        if not tracks:
            return
        if source.is_still:
            yield from islice(_items(source, tracks), 1)
        else:
            yield from _items(source, tracks)


def _items(source: Source, tracks: dict[int, Track]) -> Iterator[Item]:
    for packet in _packets(source, tracks):
        if isinstance(packet, Damage):
            yield packet
        else:
            yield from tracks[packet.stream.index].take(packet)
    for track in tracks.values():
        yield from track.finish()
        yield from _cut_short(source, track, tracks.values())


def _packets(source: Source, tracks: dict[int, Track]) -> Iterator[av.Packet | Damage]:
    """The packets of `tracks`; a stretch that cannot be taken apart is a `Damage` of each."""
    failures = 0
    while failures < _DEMUX_RETRIES:
        try:
            for packet in source.container.demux([track.stream for track in tracks.values()]):
                failures = 0
                yield packet
            return
        except (av.FFmpegError, OSError) as error:
            failures += 1
            detail = f"the file cannot be read on ({error.strerror or error})"
        for track in tracks.values():
            yield from track.damaged(detail, track.reached_seconds)


def _cut_short(source: Source, track: Track, tracks: Collection[Track]) -> Iterator[Damage]:
    """`Damage` at the end of a track that stops well before its declared end."""
    if not _COUNTING & set(source.container.format.name.split(",")):
        return
    declared, reached = track.declared_seconds, track.reached_seconds
    if declared is None and len(tracks) == len(source.streams) and source.container.duration:
        declared = source.container.duration / av.time_base
        reached = max(each.reached_seconds for each in tracks)
    if declared is not None and declared - reached > _MISSING_SECONDS:
        detail = f"the file ends at {reached:.2f} s of the {declared:.2f} s it declares"
        yield from track.damaged(detail, reached)


def _shifted(items: Iterator[Item], offset_seconds: float) -> Iterator[Item]:
    for item in items:
        if isinstance(item, AudioChunk):
            yield AudioChunk(item.start_seconds + offset_seconds, item.samples)
        elif isinstance(item, Damage):
            yield Damage(item.seconds + offset_seconds, item.modality, item.detail)


def _from_zero(items: Iterator[Item], sample_rate: int) -> Iterator[Item]:
    for item in items:
        early = round(-_start(item) * sample_rate)
        if early <= 0:
            yield item
        elif isinstance(item, AudioChunk) and early < len(item.samples):
            yield AudioChunk(0.0, item.samples[early:])
