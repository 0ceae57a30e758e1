"""How the process treats its memory."""

from __future__ import annotations

import contextlib
import ctypes
import functools


@functools.cache
def reuse_large_buffers() -> None:
    """Let the allocator keep large buffers instead of returning them to the kernel each time.

    glibc maps them anew for each image or physics world, and every page of a new mapping costs a page fault:
    half of the time that a 640x480 colour image needs from a publisher to a callback, and nine tenths of making a
    world. Done once for the process; elsewhere than on glibc, nothing happens.
    """
    mmap_threshold, trim_threshold = -3, -1  # M_MMAP_THRESHOLD and M_TRIM_THRESHOLD of malloc.h
    with contextlib.suppress(AttributeError, OSError):
        allocator = ctypes.CDLL(None)
        allocator.mallopt(mmap_threshold, 32 * 2**20)
        allocator.mallopt(trim_threshold, 256 * 2**20)
