"""The C library's memory while a network trains."""

from __future__ import annotations

import ctypes
import sys

# Names of glibc's malloc.h.
M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4


def keep_large_blocks() -> bool:
    """Let freed tensors be used again instead of being given back to the system after each step.

    glibc asks for every block over 32 MiB anew, and the system clears its pages: half of the time
    of a step on pictures of 128 × 282. False where the C library is another.
    """
    if sys.platform != "linux":
        return False
    try:
        mallopt = ctypes.CDLL("libc.so.6").mallopt
    except (OSError, AttributeError):
        return False
    return bool(mallopt(M_MMAP_MAX, 0) and mallopt(M_TRIM_THRESHOLD, 2**31 - 1))
