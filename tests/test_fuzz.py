"""A thousand damaged files: no crash, no hang, no NaN; each a result or one line of error."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from emofuse.bundle import Bundle, find_bundle
from emofuse.core import InputError
from fuzzing import sign

BATCH, IN_CI, IN_ALL = 50, 200, 1000
SCRIPT = Path(__file__).parent / "fuzzing.py"


def batches(first: int, last: int) -> list[int]:
    return list(range(first, last, BATCH))


@pytest.mark.parametrize(
    "first",
    [
        *batches(0, IN_CI),
        *(pytest.param(n, marks=pytest.mark.slow) for n in batches(IN_CI, IN_ALL)),
    ],
)
def test_damaged_files_are_survived(tmp_path, first):
    """In a process of its own: a crash of a decoder is found, and names its seed."""
    run = subprocess.run(
        [sys.executable, SCRIPT, tmp_path, str(first), str(BATCH)],
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    lines = run.stdout.splitlines()
    faults = [line for line in lines if "FAULT" in line]
    assert run.returncode == 0, "\n".join([*faults, *lines[-1:], run.stderr[-2000:]])
    assert len(lines) == BATCH


def test_a_broken_model_says_nothing_on_stdout(tmp_path, capfd):
    """Seed 865: ONNX Runtime printed its second try, in the middle of JSON that goes to stdout."""
    folder = tmp_path / "bundle"
    shutil.copytree(find_bundle("face-fer").folder, folder)
    model = folder / "model.onnx"
    data = model.read_bytes()
    assert b"Conv" in data
    model.write_bytes(data.replace(b"Conv", b"\xff" * 4))  # a name that is no UTF-8
    sign(model)
    with pytest.raises(InputError, match="not a usable model"):
        Bundle(folder).session  # noqa: B018
    assert capfd.readouterr().out == ""
