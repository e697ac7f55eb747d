"""Without the optional packages the research rooms name the extra that brings them."""

from __future__ import annotations

import subprocess
import sys

import pytest


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.mark.parametrize("room", ["emofuse.evaluation", "emofuse.training.fusers"])
def test_without_scikit_learn_the_extra_is_named(room):
    code = (
        "import sys; sys.modules['sklearn'] = None\n"
        "from emofuse.core import MissingExtra\n"
        f"try:\n    import {room}\nexcept MissingExtra as error:\n    print(error)"
    )
    assert "emofuse[research]" in run(code)


def test_applying_fusion_loads_nothing_heavy():
    heavy = "('scipy', 'sklearn', 'pandas', 'torch', 'matplotlib', 'pyarrow')"
    code = f"import sys, emofuse.fusion; print([m for m in {heavy} if m in sys.modules])"
    assert run(code) == "[]"
