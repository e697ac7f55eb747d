"""The application: routes, page, and what lives as long as the server."""

from __future__ import annotations

import asyncio
import logging
import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.staticfiles import StaticFiles

import emofuse
from emofuse.core import InputError

from . import api, live_socket
from .guard import Buckets, Guard
from .jobs import Dispatcher
from .metrics import Metrics
from .settings import Settings
from .store import JobStore, sole_owner

log = logging.getLogger("emofuse.serve")
DESCRIPTION = """
From a recording to a calibrated emotion timeline: what is *expressed* in face, voice and words,
never what anybody feels. Send a file to `/v1/analyses`, or pictures and sound to the WebSocket
`/v1/live` (its messages are described in `docs/serve.md`).
"""


def create_app(settings: Settings) -> FastAPI:
    """The ASGI application. Its lifespan owns the data folder; `InputError` if another has it."""
    app = FastAPI(
        title="emofuse",
        version=emofuse.__version__,
        description=DESCRIPTION,
        lifespan=_lifespan,
        docs_url=None,  # its page would load scripts from elsewhere
        redoc_url=None,
    )
    state = app.state
    state.settings, state.metrics = settings, Metrics()
    state.uploads = Buckets(settings.limits.uploads_a_minute)
    state.live_sessions = 0
    app.add_middleware(Guard, settings=settings, metrics=state.metrics)
    app.include_router(api.router)
    app.include_router(live_socket.router)
    app.add_api_route("/healthz", _healthz, summary="Whether the server lives")
    app.add_api_route("/metrics", _metrics, response_class=Response, summary="Prometheus metrics")
    app.mount("/", StaticFiles(directory=Path(__file__).parent / "page", html=True))
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI):
    settings, state = app.state.settings, app.state
    _make_private(settings.uploads)
    with sole_owner(settings.data) as owned:
        _refuse_second(settings, owned)
        state.store = JobStore(settings.database)
        if resumed := state.store.requeue_running():
            log.warning("%d analyses of a server that was stopped go on", resumed)
        dispatcher = Dispatcher(settings, state.store)
        dispatcher.sweep(unknown_seconds=0.0)
        state.live_pool = ThreadPoolExecutor(max(2, os.cpu_count() or 2), "live")
        running = asyncio.create_task(dispatcher.run())
        try:
            yield
        finally:
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running
            state.live_pool.shutdown(wait=False, cancel_futures=True)


def _make_private(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        folder.parent.chmod(0o700)
        folder.chmod(0o700)
    except OSError as error:
        raise InputError(
            folder, f"cannot be used ({error.strerror})", "name another --data folder"
        ) from None


def _refuse_second(settings: Settings, owned: bool) -> None:
    if not owned:
        raise InputError(settings.data, "another server uses it", "name another --data folder")


def _healthz() -> dict[str, str]:
    return {"status": "ok", "version": emofuse.__version__}


def _metrics(request: Request) -> Response:
    page = request.app.state.metrics.page(request.app.state.store.states())
    return Response(page, media_type="text/plain; version=0.0.4; charset=utf-8")


def serve(settings: Settings) -> None:
    """Run until Ctrl-C. Raises `InputError` when the data folder cannot be used or is in use."""
    _make_private(settings.uploads)
    with sole_owner(settings.data) as owned:
        _refuse_second(settings, owned)
    uvicorn.run(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        log_level="warning",
        server_header=False,
        ws_max_size=settings.limits.live_message_bytes,
        ws_per_message_deflate=False,  # pictures do not compress, and a bomb would unpack
        timeout_graceful_shutdown=3,
    )
