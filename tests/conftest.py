"""Shared fixtures: where the real data lies, if it does."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from hypothesis import settings

# A busy machine is no failure: examples are bounded in number, not in time.
settings.register_profile("emofuse", deadline=None)
settings.load_profile("emofuse")

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Folder of the real data (`EMOFUSE_DATA`, else `../shared/data` beside the repository)."""
    folder = Path(os.environ.get("EMOFUSE_DATA", REPOSITORY.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"real data not found at {folder.name}; set EMOFUSE_DATA to test on it")
    return folder


@pytest.fixture
def run(monkeypatch, capsys):
    """Run `emofuse ARGUMENTS` in this process; returns (exit code, stdout, stderr)."""

    from emofuse.cli import main

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["emofuse", *map(str, arguments)])
        try:
            main()
            code = 0
        except SystemExit as exit_:
            code = exit_.code or 0
        out, err = capsys.readouterr()
        return code, out, err

    return call
