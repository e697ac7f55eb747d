"""Who may talk to the server: token, host and origin, rates; every refusal is logged."""

from __future__ import annotations

import hmac
import logging
import time
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .metrics import Metrics
from .settings import Settings

log = logging.getLogger("emofuse.serve")
_LOCAL_NAMES = {"localhost", "127.0.0.1", "::1"}
_PROTECTED = ("/v1/", "/metrics")
# Nothing from elsewhere is ever loaded, and nobody may frame the page.
_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' blob: data:; "
    "media-src 'self' blob:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; "
    "form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class Guard:
    """ASGI middleware in front of everything. `/healthz` and the page's files need no token.

    WebSockets that bring no header (browsers cannot) prove the token in their first message.
    """

    def __init__(self, app: ASGIApp, *, settings: Settings, metrics: Metrics):
        self.app, self.settings, self.metrics = app, settings, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        reason = self._objection(scope)
        if scope["type"] == "websocket":
            if reason:
                self._note(scope, 403, reason[1])
                await receive()
                await send({"type": "websocket.close", "code": 1008, "reason": reason[1]})
            else:
                await self.app(scope, receive, send)
            return

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_HEADERS)
                if message["status"] >= 400:
                    self._note(scope, message["status"], "")
            await send(message)

        if reason:
            status, detail = reason
            extra = {"WWW-Authenticate": "Bearer"} if status == 401 else None
            response = JSONResponse({"detail": detail}, status_code=status, headers=extra)
            await response(scope, receive, answer)
        else:
            await self.app(scope, receive, answer)

    def _objection(self, scope: Scope) -> tuple[int, str] | None:
        """(status, reason) why this request is not let in."""
        headers = Headers(scope=scope)
        host, origin = headers.get("host", ""), headers.get("origin")
        name = urlsplit(f"//{host}").hostname or ""
        # Without a token, a foreign name that resolves to this machine must not be a way in.
        if not self.settings.token and name not in _LOCAL_NAMES:
            return 403, "unknown host name"
        if origin is not None and urlsplit(origin).netloc != host:
            return 403, "requests from other sites are not answered"
        protected = scope["type"] == "http" and scope["path"].startswith(_PROTECTED)
        if protected and not has_token(headers.get("authorization"), self.settings):
            return 401, "a valid token is needed: Authorization: Bearer TOKEN"
        return None

    def _note(self, scope: Scope, status: int, reason: str) -> None:
        client = scope["client"][0] if scope.get("client") else "?"
        route = scope["path"] if scope["path"].isprintable() else repr(scope["path"])
        self.metrics.refused.labels(str(status)).inc()
        log.warning("refused %s %s %s %s", client, route[:200], status, reason)


def has_token(authorization: str | None, settings: Settings) -> bool:
    """Whether an Authorization header holds the token, or none is needed."""
    if not settings.token:
        return True
    scheme, _, given = (authorization or "").partition(" ")
    return scheme.lower() == "bearer" and is_token(given, settings)


def is_token(given: object, settings: Settings) -> bool:
    """Compares in constant time, so that a token cannot be found letter by letter."""
    return isinstance(given, str) and hmac.compare_digest(
        given.encode("utf-8", "replace"), settings.token.encode()
    )


class Bucket:
    """Allows `rate` events a second on average and `burst` at once."""

    def __init__(self, rate: float, burst: float):
        self.rate, self.burst = rate, burst
        self.left, self.at = burst, time.monotonic()

    def take(self) -> bool:
        """True when one more event is allowed now."""
        now = time.monotonic()
        self.left = min(self.burst, self.left + (now - self.at) * self.rate)
        self.at = now
        if self.left < 1:
            return False
        self.left -= 1
        return True


class Buckets:
    """One `Bucket` a client; the one unseen for longest is forgotten when there are too many clients."""

    MOST = 10_000

    def __init__(self, a_minute: float):
        self.a_minute = a_minute
        self.buckets: dict[str, Bucket] = {}

    def take(self, client: str) -> bool:
        if client not in self.buckets and len(self.buckets) >= self.MOST:
            oldest = min(self.buckets, key=lambda name: self.buckets[name].at)
            del self.buckets[oldest]
        bucket = self.buckets.setdefault(client, Bucket(self.a_minute / 60, self.a_minute))
        return bucket.take()
