"""Opening a file: which tracks it has, where its clock starts, and why it cannot be used."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import av
from av.container import InputContainer
from av.stream import Disposition

from emofuse.core import InputError

_MAX_PIXELS = {"max_pixels": "200000000"}  # larger pictures are refused before they are unpacked
_BUFFER_BYTES = 1 << 18
_TILED_BRANDS = {"heic", "heix", "mif1"}  # decoding would give one tile of the photo
_PLAYABLE = "give a video, sound or image file that plays in an ordinary player"


class _Nameless:
    """A file the decoder sees without its name, so that only the content decides the format.

    By name alone a .txt would be "decoded" as animated text art.
    """

    def __init__(self, file):
        self.read, self.seek, self.tell = file.read, file.seek, file.tell


@dataclass(frozen=True)
class Source:
    """An opened file: its best picture and sound track, and the raw time its clock starts at."""

    path: Path
    container: InputContainer
    video: av.VideoStream | None
    audio: av.AudioStream | None

    @property
    def streams(self) -> list[av.VideoStream | av.AudioStream]:
        return [stream for stream in (self.video, self.audio) if stream is not None]

    @property
    def is_still(self) -> bool:
        """True for a single image (png, jpg, webp, avif, ...), False for animations and films."""
        return self.container.format.name.endswith("_pipe") or _brand(self.container) == "avif"

    @property
    def zero_seconds(self) -> float:
        """The earliest raw start of the tracks: zero of the recording's clock."""
        known = [s for s in self.streams if s.start_time is not None]
        return min((float(s.start_time * s.time_base) for s in known), default=0.0)


@contextmanager
def open_source(path: str | Path, *, threads: int = 1) -> Iterator[Source]:
    """Open `path` for decoding; raises `InputError` where that is not possible.

    The bytes come through a Python file and `protocol_whitelist` allows nothing else: a
    playlist dressed up as a film cannot make the decoder open other files or addresses.
    """
    path = Path(path)
    with _open_file(path) as file:
        try:
            container = av.open(
                _Nameless(file),
                buffer_size=_BUFFER_BYTES,
                metadata_errors="ignore",
                options={"protocol_whitelist": "none", **_MAX_PIXELS},
            )
        except (av.FFmpegError, OSError, ValueError) as error:
            raise _unreadable(path, error) from None
        with container:
            yield _choose(path, container, threads)


def _open_file(path: Path):
    try:
        if path.is_dir():
            raise InputError(path, "is a folder, not a file", "name a file in it")
        file = path.open("rb")
    except FileNotFoundError:
        raise InputError(path, "no such file", "check the path") from None
    except PermissionError:
        raise InputError(path, "not allowed to read it", "change its permissions") from None
    except OSError as error:
        raise InputError(path, f"cannot be opened ({error.strerror})", "check the disk") from None
    if path.stat().st_size == 0:
        file.close()
        raise InputError(path, "the file is empty", "copy or record it again")
    return file


def _unreadable(path: Path, error: Exception | None = None) -> InputError:
    if isinstance(error, OSError) and not isinstance(error, av.FFmpegError):
        return InputError(path, f"cannot be read ({error})", "check the disk")
    with path.open("rb") as file:
        head = file.read(4096)
    if head[4:8] == b"ftyp" and error is not None:
        reason = "the recording is cut short or damaged: its index (moov) is missing"
        return InputError(path, reason, "copy it again, or repair it with a recovery tool")
    if _is_text(head):
        return InputError(path, "is text, not a recording", "pass a transcript with --text")
    return InputError(path, "holds no picture or sound in a format known here", _PLAYABLE)


def _is_text(head: bytes) -> bool:
    text = head.decode("utf-8", errors="replace").rstrip("\ufffd")  # a character cut in half
    return all(c.isspace() or (c.isprintable() and c != "\ufffd") for c in text)


def _choose(path: Path, container: InputContainer, threads: int) -> Source:
    video = _preferred(
        [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
    )
    audio = _preferred(list(container.streams.audio))
    if _brand(container) in _TILED_BRANDS:
        raise InputError(path, "is a HEIC photo, stored in tiles", "export it as JPEG or PNG")
    if video is None and audio is None:
        raise _unreadable(path)
    if video is not None:
        video.codec_context.thread_count = threads
        video.codec_context.options = _MAX_PIXELS
    return Source(path, container, video, audio)


def _brand(container: InputContainer) -> str:
    return container.metadata.get("major_brand", "")


def _preferred(streams: list):
    """The track marked as default, else the first, among those a decoder is there for."""
    known = [stream for stream in streams if stream.codec_context is not None]
    marked = [stream for stream in known if stream.disposition & Disposition.default]
    return next(iter(marked + known), None)
