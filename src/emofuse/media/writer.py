"""Writing recordings: pictures and sound to mp4, samples to wav; whole or not at all."""

from __future__ import annotations

import os
import tempfile
import wave
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.container import OutputContainer

from emofuse.core import InputError

from .reader import SAMPLE_RATE, decoded_audio_bytes
from .types import VideoFrame

_TICKS = 90_000  # per second: the usual video clock, fine enough for any frame rate


@contextmanager
def whole_file(path: str | Path) -> Iterator[Path]:
    """A temporary name beside `path`, renamed to it at the end, removed when something fails.

    Folders on the way are made. An `OSError` (full disk, no permission, a file where a folder
    should be) becomes an `InputError` about `path`.
    """
    path = Path(path)
    scratch = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".", suffix=f"-{path.name}", dir=path.parent)
        os.close(handle)
        scratch = Path(name)
        yield scratch
        scratch.chmod(0o644)  # mkstemp makes it private
        scratch.replace(path)
    except OSError as error:
        reason = f"cannot be written ({error.strerror or error})"
        raise InputError(path, reason, "choose another place or free some space") from None
    finally:
        if scratch is not None:
            scratch.unlink(missing_ok=True)


def unfinished_files(folder: Path) -> Iterator[Path]:
    """What killed processes left under `folder`: scratch names of `whole_file` beside the file.

    Only for a folder that nobody writes into any more.
    """
    for path in folder.rglob(".????????-*"):
        if (path.parent / path.name[len(".????????-") :]).is_file():
            yield path


class VideoWriter:
    """Encodes pictures and mono sound into an open container; made by `video_writer`."""

    def __init__(
        self,
        container: OutputContainer,
        *,
        frame_rate: float,
        sample_rate: int | None,
        quality: int,
    ):
        self._container = container
        self._rate = Fraction(frame_rate).limit_denominator(1001)
        self._pictures = container.add_stream("libx264", rate=self._rate)
        self._pictures.options = {"crf": str(quality)}
        self._pictures.pix_fmt = "yuv420p"
        self._pictures.codec_context.thread_count = 1
        self._pictures.codec_context.time_base = Fraction(1, _TICKS)
        self._sound = None
        if sample_rate is not None:
            self._sound = container.add_stream("aac", rate=sample_rate, layout="mono")
        self._frames = self._samples = 0

    def add_picture(self, image: np.ndarray, *, seconds: float | None = None) -> float:
        """Append `image` (H, W, 3) uint8 RGB at `seconds`, else at its place by the frame rate.

        Returns its time. The first picture sets the size; h264 needs even sides, so an odd one
        is completed by repeating the last row or column.
        """
        height, width = image.shape[:2]
        if height % 2 or width % 2:
            image = np.pad(image, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
        if not self._frames:
            self._pictures.height, self._pictures.width = image.shape[:2]
        time = self._frames / self._rate if seconds is None else Fraction(seconds)
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24")
        frame.pts, frame.time_base = round(time * _TICKS), Fraction(1, _TICKS)
        self._frames += 1
        self._container.mux(self._pictures.encode(frame))
        return float(time)

    def add_sound(self, samples: np.ndarray) -> None:
        """Append mono `samples` (n,) in -1..1."""
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(samples, np.float32)[None], format="fltp", layout="mono"
        )
        frame.sample_rate = self._sound.rate
        frame.pts, frame.time_base = self._samples, Fraction(1, self._sound.rate)
        self._samples += len(samples)
        self._container.mux(self._sound.encode(frame))

    def finish(self) -> int:
        """Write what the encoders still hold back; returns the number of pictures."""
        for stream, fed in ((self._pictures, self._frames), (self._sound, self._samples)):
            if fed:
                self._container.mux(stream.encode(None))
        return self._frames


@contextmanager
def video_writer(
    path: str | Path, *, frame_rate: float, sample_rate: int | None = None, quality: int = 23
) -> Iterator[VideoWriter]:
    """An mp4 to be filled: h264 pictures and, when `sample_rate` is given, mono aac sound.

    Add both in the order of time and side by side: memory then stays flat. `quality` is x264's
    crf (lower is better). The file appears under its name only when the block ends well.
    Raises `InputError` when no picture was added or the place cannot be written.
    """
    options = {"movflags": "faststart"}
    with whole_file(path) as scratch, av.open(scratch, "w", format="mp4", options=options) as out:
        writer = VideoWriter(out, frame_rate=frame_rate, sample_rate=sample_rate, quality=quality)
        yield writer
        if not writer.finish():
            raise InputError(path, "there are no pictures to write", "check the recording")


def encode_video(
    path: str | Path,
    frames: Iterable[np.ndarray | VideoFrame],
    *,
    frame_rate: float,
    audio: np.ndarray | None = None,
    sample_rate: int = SAMPLE_RATE,
    quality: int = 23,
) -> Path:
    """Encode RGB pictures (H, W, 3) uint8 and optional mono `audio` (n,) to an mp4.

    Bare arrays follow each other at `frame_rate`; a `VideoFrame` is shown at its own time, so a
    variable frame rate is kept. `frames` may be a generator. Errors as in `video_writer`.
    """
    rate = None if audio is None else sample_rate
    with video_writer(path, frame_rate=frame_rate, sample_rate=rate, quality=quality) as writer:
        written = 0
        for frame in frames:
            if isinstance(frame, VideoFrame):
                seconds = writer.add_picture(frame.image, seconds=frame.seconds)
            else:
                seconds = writer.add_picture(frame)
            if audio is not None and (until := round(seconds * sample_rate)) > written:
                writer.add_sound(audio[written:until])
                written = until
        if audio is not None and len(audio) > written:
            writer.add_sound(audio[written:])
    return Path(path)


def write_wav(path: str | Path, samples: np.ndarray, *, sample_rate: int) -> Path:
    """Write mono `samples` (n,) in -1..1 as a 16-bit wav file."""
    with whole_file(path) as scratch, wave.open(str(scratch), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(sample_rate)
        file.writeframes(decoded_audio_bytes(samples))
    return Path(path)
