"""Receiving uploads: bounded in size and time, stored under random names."""

from __future__ import annotations

import asyncio
import json
import secrets
import shutil
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, fields
from pathlib import Path, PurePath

from fastapi import HTTPException, Request
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from emofuse.analysis import Options, load_bundles
from emofuse.bundle import shipped_names
from emofuse.core import InputError, LabelError
from emofuse.perception.text import read_transcript

from .settings import Limits

TRANSCRIPTS = (".srt", ".vtt", ".txt", ".textgrid")
OPTION_NAMES = tuple(each.name for each in fields(Options))
# The shortest step a client may ask for: an hour then has 36,000 windows.
LEAST_HOP_SECONDS, MOST_WINDOW_SECONDS = 0.1, 60.0


@dataclass(frozen=True)
class Upload:
    """A received form: files under random names and checked options."""

    media: Path
    words: Path | None
    options: dict[str, object]
    keep_media: bool

    @property
    def files(self) -> tuple[Path, ...]:
        return tuple(path for path in (self.media, self.words) if path)


async def receive(request: Request, *, folder: Path, limits: Limits) -> Upload:
    """Read a multipart form to the end; raises `HTTPException` 4xx for what is not acceptable.

    Fields: `file` (recording or transcript), `text` (transcript), `options` (JSON of
    `analysis.Options`), `keep_media` ("true").
    """
    kind = request.headers.get("content-type", "")
    if not kind.lower().startswith("multipart/form-data"):
        raise HTTPException(415, "send multipart/form-data with a field named file")
    most = limits.upload_bytes + limits.transcript_bytes
    if int(request.headers.get("content-length") or 0) > most:
        raise HTTPException(413, f"larger than {most} bytes")
    parser = MultiPartParser(
        request.headers, _bounded(request.stream(), most, limits), max_files=2, max_fields=4
    )
    try:
        form = await parser.parse()
    except MultiPartException as error:
        raise HTTPException(400, f"not a valid form: {error.message}") from None
    try:
        options = read_options(form.get("options"))
        return await asyncio.to_thread(_keep, form, options, folder, limits)
    finally:
        await form.close()


async def _bounded(stream: AsyncIterator[bytes], most: int, limits: Limits) -> AsyncIterator[bytes]:
    """The body, until it is too large, pauses for too long or trickles."""
    began, received = time.monotonic(), 0
    while True:
        try:
            piece = await asyncio.wait_for(anext(stream), limits.upload_idle_seconds)
        except StopAsyncIteration:
            return
        except TimeoutError:
            raise HTTPException(408, "the upload paused for too long") from None
        received += len(piece)
        patience = limits.upload_idle_seconds + received / limits.upload_bytes_per_second
        if received > most:
            raise HTTPException(413, f"larger than {most} bytes")
        if time.monotonic() - began > patience:
            raise HTTPException(408, "the upload is too slow")
        yield piece


def read_options(text: object) -> dict[str, object]:
    """Checked keyword arguments for `analyse`; models only by the name of a shipped bundle."""
    try:
        values = json.loads(text) if isinstance(text, str) and text.strip() else {}
        if not isinstance(values, dict):
            raise ValueError("options must be a JSON object")
        if unknown := set(values) - set(OPTION_NAMES):
            raise ValueError(f"unknown: {', '.join(sorted(unknown))[:200]}")
        if foreign := set(values.get("models", ())) - set(shipped_names()):
            raise ValueError(f"no such model: {', '.join(map(str, foreign))[:200]}")
        options = Options(**values)
        if options.hop_seconds < LEAST_HOP_SECONDS or options.window_seconds > MOST_WINDOW_SECONDS:
            raise ValueError(f"hop from {LEAST_HOP_SECONDS} s, window to {MOST_WINDOW_SECONDS} s")
        load_bundles(options)
    except (ValueError, TypeError, LabelError, InputError, RecursionError) as error:
        raise HTTPException(422, f"options: {error}") from None
    return values


def _keep(form, options: dict, folder: Path, limits: Limits) -> Upload:
    """Copy the parts to disk. Of the client's file names only a known ending has any effect."""
    file, text = form.get("file"), form.get("text")
    if not isinstance(file, UploadFile):
        raise HTTPException(422, "the field named file is missing")
    kept: list[Path] = []
    try:
        media = _store(file, folder, limits.upload_bytes, keep_suffix=False)
        kept.append(media)
        words = None
        if media.suffix:
            _check_words(media, limits)
        if text is not None and not isinstance(text, str) and text.size:
            words = _store(text, folder, limits.transcript_bytes, keep_suffix=True)
            kept.append(words)
            _check_words(words, limits)
    except BaseException:
        for path in kept:
            path.unlink(missing_ok=True)
        raise
    return Upload(media, words, options, form.get("keep_media") == "true")


def _store(part: UploadFile, folder: Path, most: int, *, keep_suffix: bool) -> Path:
    suffix = PurePath(part.filename or "").suffix.lower()
    if suffix not in TRANSCRIPTS:
        if keep_suffix:
            raise HTTPException(415, f"text must be one of {', '.join(TRANSCRIPTS)}")
        suffix = ""
    if not part.size:
        raise HTTPException(422, "the file is empty")
    if part.size > most:
        raise HTTPException(413, f"larger than {most} bytes")
    path = folder / (secrets.token_hex(16) + suffix)
    with open(path, "xb") as target:
        shutil.copyfileobj(part.file, target)
    path.chmod(0o600)
    return path


def _check_words(path: Path, limits: Limits) -> None:
    if path.stat().st_size > limits.transcript_bytes:
        raise HTTPException(413, f"a transcript of more than {limits.transcript_bytes} bytes")
    try:
        count = len(read_transcript(path))
    except InputError as error:
        raise HTTPException(422, f"transcript: {error.reason}; {error.remedy}") from None
    if count > limits.transcript_cues:
        raise HTTPException(413, f"a transcript of more than {limits.transcript_cues} cues")
