"""What the nodes print: on the screen with their name in front, and in log files."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import IO, TextIO

_COLORS = (36, 32, 33, 35, 34, 96, 92, 93, 95, 94)


class Output:
    """Writes lines of several nodes, whole and in the order in which they arrive.

    Args:
        screen: Where the user reads; none for nowhere.
        log_folder: Where each node's lines are kept in a file of their own; none for nowhere.
    """

    def __init__(self, screen: TextIO | None, log_folder: Path | None = None) -> None:
        self._screen = screen
        self._colored = screen is not None and screen.isatty() and not os.environ.get("NO_COLOR")
        self._log_folder = log_folder
        self._logs: dict[str, IO[str]] = {}
        self._colors: dict[str, int] = {}
        self._lock = threading.Lock()
        if log_folder:
            log_folder.mkdir(parents=True, exist_ok=True)

    def line(self, name: str, text: str, *, show: bool = True, keep: bool = True) -> None:
        """Write one line.

        Args:
            name: Who says it.
            text: What, without the line's end.
            show: On the screen.
            keep: In the log file.
        """
        with self._lock:
            if keep and self._log_folder:
                log = self._logs.get(name) or self._logs.setdefault(name, self._open(name))
                print(text, file=log, flush=True)
            if show and self._screen:
                prefix = f"[{name}]"
                if self._colored:
                    color = self._colors.setdefault(name, _COLORS[len(self._colors) % len(_COLORS)])
                    prefix = f"\x1b[{color}m{prefix}\x1b[0m"
                try:
                    print(prefix, text, file=self._screen, flush=True)
                except OSError:  # the reader has gone; the nodes go on
                    _forget(self._screen)
                    self._screen = None

    def _open(self, name: str) -> IO[str]:
        assert self._log_folder
        return (self._log_folder / f"{name}.log").open("w")

    def close(self) -> None:
        """Close the log files."""
        with self._lock:
            for log in self._logs.values():
                log.close()
            self._logs.clear()


def _forget(screen: TextIO) -> None:
    """Let what is still in the buffer vanish: Python would try to write it once more at its end, and fail."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, screen.fileno())
    os.close(nowhere)
