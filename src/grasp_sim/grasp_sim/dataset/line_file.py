"""A text file that grows by lines while a run goes on, and that a crash does not spoil."""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path
from typing import IO

from grasp_sim.closable import Closable


class FolderError(ValueError):
    """What was asked for cannot be written into a folder; the message says why, and what to do."""


class LineFile(Closable):
    """Lines on disk as soon as they are added, held by one process while the file is open.

    The last line may be torn by a crash; it is then as if it were not there.

    Attributes:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        """Open a file, or begin it.

        Raises:
            FolderError: Another run writes there.
        """
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file: IO[bytes] = path.open("a+b", buffering=0)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self._file.close()
            raise FolderError(
                f"another run is writing into {path.parent}: wait for it, or take another folder"
            ) from error
        self._file.seek(0)
        self._file.truncate(self._file.read().rfind(b"\n") + 1)  # what follows the last line feed was torn

    def read(self) -> list[str]:
        """All lines, without their line feeds."""
        self._file.seek(0)
        return self._file.read().decode().split("\n")[:-1]

    def add(self, line: str) -> None:
        """Append a line, which ends in a line feed.

        Raises:
            OSError: The disk is full; the file is as before.
        """
        content = line.encode()
        end = self._file.seek(0, os.SEEK_END)
        try:
            if self._file.write(content) < len(content):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path))
        except OSError:
            self._file.truncate(end)
            raise

    def remove(self) -> None:
        """The run is done."""
        self.path.unlink(missing_ok=True)

    def close(self) -> None:
        """Let others have it."""
        self._file.close()
