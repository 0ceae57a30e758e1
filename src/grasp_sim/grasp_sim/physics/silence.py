"""Keeping the C++ libraries' chatter off the terminal."""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
import threading
from collections.abc import Iterator

_lock = threading.Lock()
_libc = ctypes.CDLL(None)


@contextlib.contextmanager
def silenced() -> Iterator[None]:
    """Send what the whole process writes to standard output and error to nowhere, for a moment.

    pyBullet and Mesa print their life story from C, to both, and take no flag against it. Python's
    buffers are flushed first, so nothing of ours is lost unless another thread prints meanwhile;
    so do as little as possible inside.
    """
    with _lock:
        _flush()
        kept = [(descriptor, os.dup(descriptor)) for descriptor in (1, 2)]
        nowhere = os.open(os.devnull, os.O_WRONLY)
        try:
            for descriptor, _ in kept:
                os.dup2(nowhere, descriptor)
            yield
        finally:
            _flush()
            for descriptor, copy in kept:
                os.dup2(copy, descriptor)
                os.close(copy)
            os.close(nowhere)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        if stream is not None and not stream.closed:
            stream.flush()
    _libc.fflush(None)
