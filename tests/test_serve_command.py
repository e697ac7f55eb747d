"""`emofuse serve`: what the command hands to the server."""

from __future__ import annotations

import typer
from typer.testing import CliRunner

from emofuse.cli import serve as command
from emofuse.core import InputError


def run(monkeypatch, *arguments):
    given = []
    monkeypatch.setattr("emofuse.serve.app.serve", given.append)
    app = typer.Typer()
    command.register(app)
    result = CliRunner().invoke(app, [*arguments])
    return result, given


def test_loopback_is_the_default_and_options_reach_the_server(monkeypatch, tmp_path):
    result, (settings,) = run(
        monkeypatch, "--port", "9000", "--data", str(tmp_path), "--keep-hours", "2"
    )
    assert result.exit_code == 0 and "http://127.0.0.1:9000/" in result.output
    assert settings.is_loopback and settings.port == 9000 and settings.data == tmp_path
    assert settings.keep_seconds == 7200


def test_another_interface_without_a_token_is_refused(monkeypatch):
    result, given = run(monkeypatch, "--host", "0.0.0.0")
    assert isinstance(result.exception, InputError) and "--token" in str(result.exception)
    assert not given


def test_the_token_may_come_from_the_environment(monkeypatch):
    monkeypatch.setenv("EMOFUSE_TOKEN", "s3cret")
    result, (settings,) = run(monkeypatch, "--host", "0.0.0.0")
    assert settings.token == "s3cret" and "s3cret" not in result.output
