"""`WS /v1/live`: one live session a connection, worked on in a small pool of threads."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from functools import lru_cache

from fastapi import APIRouter, HTTPException, WebSocket
from starlette.websockets import WebSocketDisconnect, WebSocketState

from emofuse.analysis import (
    ALL_MODALITIES,
    MODALITIES,
    LiveSession,
    Mark,
    Options,
    Step,
    load_bundles,
)
from emofuse.core import InputError, label_set
from emofuse.export import colours
from emofuse.media import EncodedPicture, SoundStream
from emofuse.perception.eeg import EegChunk

from . import live_protocol as protocol
from .guard import Bucket, has_token, is_token
from .live_protocol import ProtocolError, SoundPiece
from .uploads import read_options

log = logging.getLogger("emofuse.serve")
router = APIRouter()
FULL_SECONDS = 0.02  # how long reading pauses while too much sound waits
SEND_SECONDS = 30.0  # a client that reads nothing for so long is gone


@lru_cache(maxsize=16)
def shared_bundles(models: tuple[str, ...], modalities: tuple[str, ...], labels: str):
    """Models in memory once, however many sessions use them."""
    return load_bundles(Options(models=models, modalities=modalities, labels=labels))


@router.websocket("/v1/live")
async def live(websocket: WebSocket) -> None:
    """Accept, run one session to its end, and say why it ended."""
    state = websocket.app.state
    await websocket.accept()
    if state.live_sessions >= state.settings.limits.live_sessions:
        await _close(websocket, protocol.BUSY, "too many live sessions; try again later")
        return
    state.live_sessions += 1
    state.metrics.sessions.set(state.live_sessions)
    try:
        await Connection(websocket, state.live_pool).run()
        await _close(websocket, protocol.NORMAL, "")
    except ProtocolError as error:
        await _close(websocket, error.code, error.reason)
    except InputError as error:  # such as EEG at a rate that the model cannot use
        await _close(websocket, protocol.POLICY, f"{error.reason}; {error.remedy}")
    except WebSocketDisconnect:
        pass
    except Exception:  # a mistake of ours ends one session and leaves its trace in the log
        log.exception("a live session broke down")
        await _close(websocket, protocol.BROKEN, "the analysis broke down; please report it")
    finally:
        state.live_sessions -= 1
        state.metrics.sessions.set(state.live_sessions)


async def _close(websocket: WebSocket, code: int, reason: str) -> None:
    """Say an error as JSON, close, and log it."""
    if code != protocol.NORMAL:
        client = websocket.client.host if websocket.client else "?"
        websocket.app.state.metrics.refused.labels(str(code)).inc()
        log.warning("refused %s /v1/live %s %s", client, code, reason)
    if websocket.client_state is not WebSocketState.CONNECTED:
        return
    try:
        if reason:
            await websocket.send_text(json.dumps({"type": "error", "code": code, "reason": reason}))
        await websocket.close(code, reason[:120])
    except (RuntimeError, WebSocketDisconnect):  # gone in the meantime
        pass


class Connection:
    """Reads messages into the session's mailbox while a thread of the pool works them off."""

    def __init__(self, websocket: WebSocket, pool: ThreadPoolExecutor):
        state = websocket.app.state
        self.websocket, self.pool = websocket, pool
        self.settings, self.metrics = state.settings, state.metrics
        self.limits = self.settings.limits
        rate = self.limits.live_messages_a_second
        self.bucket = Bucket(rate, 2 * rate)
        self.sound = SoundStream()
        self.channels: tuple[str, ...] = ()
        self.latest_seconds = 0.0
        self.arrived = asyncio.Event()

    async def run(self) -> None:
        """The whole session; returns after `end`, raises `ProtocolError` for abuse."""
        self.session = await self._start()
        worker = asyncio.create_task(self._work())
        reader = asyncio.create_task(self._read())
        try:
            done, _ = await asyncio.wait({worker, reader}, return_when=asyncio.FIRST_COMPLETED)
            if reader in done and not reader.exception():
                await worker  # an orderly end: what waits is still answered
            else:
                done.pop().result()
        finally:
            for task in (worker, reader):
                task.cancel()
            await asyncio.gather(worker, reader, return_exceptions=True)
            self.metrics.pictures.labels("dropped").inc(self.session.mailbox.dropped_in_all)

    async def _start(self) -> LiveSession:
        message = await self._receive(self.limits.live_start_seconds)
        values = protocol.parse_text(message) if isinstance(message, str) else {"type": ""}
        if values["type"] != "start":
            raise ProtocolError(protocol.POLICY, "the first message must be a start")
        header = self.websocket.headers.get("authorization")
        if not has_token(header, self.settings) and not is_token(
            values.get("token"), self.settings
        ):
            raise ProtocolError(protocol.POLICY, "a valid token is needed")
        tracks = values.get("tracks", list(MODALITIES))
        if not isinstance(tracks, list) or not set(map(str, tracks)) <= set(ALL_MODALITIES):
            known = ", ".join(ALL_MODALITIES)
            raise ProtocolError(protocol.MALFORMED, f"tracks are some of {known}")
        self.channels = protocol.parse_channels(values.get("eeg_channels", []))
        loop = asyncio.get_running_loop()
        try:
            asked = await loop.run_in_executor(
                self.pool, read_options, json.dumps(values.get("options", {}))
            )
        except HTTPException as error:
            raise ProtocolError(protocol.POLICY, str(error.detail)) from None
        options = Options(**asked)
        session = await loop.run_in_executor(self.pool, self._open, options, frozenset(tracks))
        await self._send(self._ready(session))
        return session

    def _open(self, options: Options, tracks: frozenset[str]) -> LiveSession:
        bundles = shared_bundles(options.models, options.modalities, options.labels)
        return LiveSession(options, bundles, tracks=tracks & set(options.modalities))

    def _ready(self, session: LiveSession) -> dict:
        labels = label_set(session.options.labels)
        return {
            "type": "ready",
            "labels": list(labels),
            "colours": colours([*labels, "uncertain"]),
            "modalities": list(session.options.modalities),
            "models": {m: bundle.spec.name for m, bundle in session.bundles.items()},
            "window_seconds": session.options.window_seconds,
            "hop_seconds": session.options.hop_seconds,
            "limits": {k: v for k, v in asdict(self.limits).items() if k.startswith("live_")},
        }

    async def _read(self) -> None:
        """Messages into the mailbox, until `end`."""
        began = time.monotonic()
        while time.monotonic() - began < self.limits.live_seconds:
            message = await self._receive(self.limits.live_idle_seconds)
            if not self.bucket.take():
                raise ProtocolError(protocol.POLICY, "too many messages a second")
            for item in self._items(message):
                while self.session.mailbox.full:  # the client waits: TCP holds it back
                    await asyncio.sleep(FULL_SECONDS)
                self.session.offer(item)
                self.arrived.set()
                if item is Mark.END:
                    return
        raise ProtocolError(protocol.POLICY, "the session was open for too long")

    async def _receive(self, patience_seconds: float) -> str | bytes:
        try:
            message = await asyncio.wait_for(self.websocket.receive(), patience_seconds)
        except TimeoutError:
            raise ProtocolError(protocol.POLICY, "no message for too long") from None
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", 1005))
        data = message.get("bytes")
        data = message["text"] if data is None else data
        if len(data) > self.limits.live_message_bytes:
            raise ProtocolError(protocol.TOO_LARGE, "the message is too large")
        return data

    def _items(self, message: str | bytes):
        """The items of a message, checked against the session's clock."""
        if isinstance(message, str):
            item = protocol.parse_item(message)
            if isinstance(item, Mark):
                yield from self.sound.finish()
                self.latest_seconds = 0.0 if item is Mark.RESET else self.latest_seconds
            else:
                self._check_time(item.start_seconds)
            yield item
            return
        item = protocol.parse_binary(message, channels=self.channels)
        seconds = item.start_seconds if isinstance(item, EegChunk) else item.seconds
        self._check_time(seconds)
        self.latest_seconds = max(self.latest_seconds, seconds)
        if isinstance(item, SoundPiece):
            yield from self.sound.push(
                item.samples, start_seconds=item.seconds, sample_rate=item.sample_rate
            )
        else:
            self.metrics.pictures.labels("received").inc(isinstance(item, EncodedPicture))
            yield item

    def _check_time(self, seconds: float) -> None:
        """A leap of a thousand years would be a thousand years of windows."""
        if seconds > self.latest_seconds + self.limits.live_leap_seconds:
            raise ProtocolError(protocol.POLICY, "the time leaps ahead")

    async def _work(self) -> None:
        """One item after the other, each as a task of the pool, so that sessions take turns."""
        loop = asyncio.get_running_loop()
        while True:
            step = await loop.run_in_executor(self.pool, self.session.step)
            if step is None:
                self.arrived.clear()
                if not len(self.session.mailbox):
                    await self.arrived.wait()
                continue
            await self._answer(step)
            if step.mark is Mark.END:
                return

    async def _answer(self, step: Step) -> None:
        labels = self.session.engine.combiner.target
        if step.sight is not None:
            self.metrics.latency.labels("frame").observe(step.sight.latency_seconds)
            await self._send(protocol.frame_message(step.sight))
        for window in step.windows:
            self.metrics.windows.inc()
            self.metrics.latency.labels("window").observe(window.latency_seconds["total"])
            await self._send(protocol.window_message(window, labels))
        if step.mark is not None:
            dropped = self.session.mailbox.dropped_in_all
            await self._send({"type": step.mark.value, "dropped_pictures": dropped})

    async def _send(self, message: dict) -> None:
        try:
            text = json.dumps(message, allow_nan=False)
            await asyncio.wait_for(self.websocket.send_text(text), SEND_SECONDS)
        except (TimeoutError, RuntimeError):
            raise WebSocketDisconnect(1006) from None
