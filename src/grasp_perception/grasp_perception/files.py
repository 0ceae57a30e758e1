"""Files that are never seen half written."""

from __future__ import annotations

import secrets
from pathlib import Path

PART = ".part"
"""How the temporary name of a file that is being written ends; one that is found later was left by a killed process."""


def write_atomically(path: Path, content: bytes | memoryview) -> None:
    """Write a file so that others see all of it or nothing.

    Raises:
        OSError: The disk is full, or the folder does not exist or is not writable; an older file of
            that name is still there.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}{PART}")
    try:
        temporary.write_bytes(content)
        temporary.replace(path)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename2 is None:
            error.filename = str(path)  # not the temporary one, which nobody asked for
        raise
