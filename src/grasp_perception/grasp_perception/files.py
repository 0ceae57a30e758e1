"""Files that are never seen half written, and folders that one process at a time writes into."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

LOCK = ".lock"
"""A file that stays in a folder that was held."""

PART = ".part"
"""How the temporary name of a file that is being written ends; one that is found later was left by a killed process."""


def write_atomically(path: Path, content: bytes | memoryview) -> None:
    """Write a file so that others see all of it or nothing.

    A link is followed. What is no file, such as /dev/null or a pipe, is written into.

    Raises:
        OSError: The disk is full, or the folder does not exist or is not writable; an older file of
            that name is still there.
    """
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if path.exists() and not path.is_file():
        path.write_bytes(content)
        return
    asked, path = path, path.resolve()
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}{PART}")
    try:
        temporary.write_bytes(content)
        temporary.replace(path)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError):
            error.filename = str(asked)  # not the temporary one, which nobody asked for
            del error.filename2
        raise


def write_json(path: Path, content: Any) -> None:
    """Write JSON as `write_atomically` does, into a folder that is made if need be.

    Raises:
        OSError: It cannot be written; an older file of that name is still there.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, (json.dumps(content, indent=2) + "\n").encode())


@contextlib.contextmanager
def held(folder: Path) -> Iterator[bool]:
    """Hold a folder, which is made if need be, against other processes that ask for it in this way.

    A process that dies lets go.

    Yields:
        Whether it is held; if not, another process holds it.

    Raises:
        OSError: The folder is not writable.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOCK).open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
