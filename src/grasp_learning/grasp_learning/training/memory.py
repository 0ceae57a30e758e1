"""Memory of a training on a processor."""

from __future__ import annotations

import ctypes

OPTIONS = {-1: -1, -4: 0, -8: 1}
"""glibc's M_TRIM_THRESHOLD: never; M_MMAP_MAX: no block; M_ARENA_MAX: one for all threads (malloc.h)."""


def keep_memory() -> None:
    """Have this process keep what it frees, for the next step needs as much again.

    Returned to the system, as large blocks are by default, it comes back page by page, each of them cleared: with UNet
    half the time. Without glibc nothing happens.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        for option, value in OPTIONS.items():
            mallopt(option, value)
