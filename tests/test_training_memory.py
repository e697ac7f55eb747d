"""Freed tensors are used again: counted in page faults, not in seconds."""

import subprocess
import sys

import pytest

pytest.importorskip("torch", reason="needs the train extra")

FAULTS = """
import resource, numpy as np
from emofuse.training.memory import keep_large_blocks
kept = keep_large_blocks()
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
np.zeros(96 << 20, np.uint8).fill(1)
before = faults()
for _ in range(5):
    block = np.empty(64 << 20, np.uint8)
    block.fill(1)
    del block
print(int(kept), faults() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc only")
def test_large_blocks_are_kept():
    done = subprocess.run(
        [sys.executable, "-c", FAULTS], capture_output=True, text=True, check=True
    )
    kept, faults = map(int, done.stdout.split())
    if not kept:
        pytest.skip("another C library")
    assert faults < 100, "five blocks in the place of one that was freed"
