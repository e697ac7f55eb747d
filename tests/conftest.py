"""Shared fixtures: where the real data lies, if it does."""

from __future__ import annotations

import os
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
