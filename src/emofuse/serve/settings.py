"""What the operator of a server may set, and what a client may not exceed."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from pathlib import Path

from emofuse.core import InputError


@dataclass(frozen=True)
class Limits:
    """Bounds on what clients may ask for. What exceeds one is answered with 4xx and logged."""

    upload_bytes: int = 1 << 30
    transcript_bytes: int = 2 << 20
    transcript_cues: int = 20_000
    media_seconds: float = 4 * 3600.0
    upload_idle_seconds: float = 15.0
    upload_bytes_per_second: int = 2_000  # slower than this after the first idle time: refused
    uploads_a_minute: int = 120  # per client address
    waiting_jobs: int = 200
    workers: int = 1  # files analysed at the same time, one process each
    worker_bytes: int = 6 << 30
    stalled_seconds: float = 120.0  # an analysis without progress for so long is ended
    live_sessions: int = 32
    live_seconds: float = 4 * 3600.0
    live_idle_seconds: float = 60.0
    live_start_seconds: float = 10.0
    live_message_bytes: int = 1 << 20
    live_messages_a_second: int = 250
    live_leap_seconds: float = 60.0


@dataclass(frozen=True)
class Settings:
    """Where the server listens and keeps its data.

    Results live `keep_seconds` after they were made. Without a `token` only the loopback
    interface is served: `InputError` for any other host.
    """

    host: str = "127.0.0.1"
    port: int = 8765
    token: str = ""
    data: Path = field(default_factory=lambda: Path.home() / ".local" / "share" / "emofuse")
    keep_seconds: float = 24 * 3600.0
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        object.__setattr__(self, "data", Path(self.data))
        if not self.token and not self.is_loopback:
            raise InputError(
                self.host,
                "other machines can reach this interface and no token is set",
                "add --token SECRET, or listen on 127.0.0.1",
            )

    @property
    def is_loopback(self) -> bool:
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def database(self) -> Path:
        return self.data / "jobs.sqlite"

    @property
    def uploads(self) -> Path:
        return self.data / "uploads"
