"""`emofuse serve`: the page and the API."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import typer

from emofuse.core import MissingExtra


def serve(
    host: str = typer.Option("127.0.0.1", help="Interface; any but loopback demands --token."),
    port: int = typer.Option(8765, min=1, max=65535),
    token: str = typer.Option("", envvar="EMOFUSE_TOKEN", help="Secret that clients must send."),
    data: Path = typer.Option(None, help="Folder of jobs and results."),
    keep_hours: float = typer.Option(24.0, min=0.01, help="Results are deleted after so long."),
    workers: int = typer.Option(1, min=1, help="Files analysed at the same time."),
    max_upload_mb: int = typer.Option(1024, min=1, help="Largest upload."),
) -> None:
    """Serve the page, the HTTP API and the live WebSocket. Nothing leaves this machine."""
    try:
        from emofuse.serve import Limits, Settings
        from emofuse.serve import serve as run
    except ImportError:
        raise MissingExtra("the server", "serve") from None
    settings = Settings(
        host=host,
        port=port,
        token=token,
        keep_seconds=3600.0 * keep_hours,
        limits=Limits(workers=workers, upload_bytes=max_upload_mb << 20),
    )
    if data is not None:
        settings = dataclasses.replace(settings, data=data)
    typer.echo(f"open http://{host}:{port}/   (Ctrl-C stops; results in {settings.data})")
    run(settings)


def register(app: typer.Typer) -> None:
    app.command(epilog="Example:  emofuse serve --port 8080")(serve)
