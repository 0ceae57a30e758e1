"""What the nodes print: on the screen with their name in front, and in log files."""

from __future__ import annotations

import contextlib
import io
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

    Raises:
        OSError: The folder cannot be made.
    """

    def __init__(self, screen: TextIO | None, log_folder: Path | None = None) -> None:
        if isinstance(screen, io.TextIOWrapper):
            screen.reconfigure(errors="replace")  # not every terminal has every letter
        self._screen = screen
        self._colored = screen is not None and screen.isatty() and not os.environ.get("NO_COLOR")
        self._log_folder = log_folder
        self._logs: dict[str, IO[str]] = {}
        self._colors: dict[str, int] = {}
        self._lock = threading.Lock()
        if log_folder:
            log_folder.mkdir(parents=True, exist_ok=True)

    def line(self, name: str, text: str, *, show: bool = True, keep: bool = True) -> None:
        """Write one line. What cannot be written is given up: the nodes go on.

        Args:
            name: Who says it.
            text: What, without the line's end.
            show: On the screen.
            keep: In the log file.
        """
        with self._lock:
            if keep:
                self._keep(name, text)
            if show:
                self._show(name, text)

    def _keep(self, name: str, text: str) -> None:
        if not self._log_folder:
            return
        try:
            if name not in self._logs:
                self._logs[name] = (self._log_folder / f"{name}.log").open("w", encoding="utf-8")
            print(text, file=self._logs[name], flush=True)
        except OSError as error:  # the disk is full, say
            self._log_folder = None
            self._show("launch", f"log files end here: {error}")

    def _show(self, name: str, text: str) -> None:
        if not self._screen:
            return
        prefix = f"[{name}]"
        if self._colored:
            color = self._colors.setdefault(name, _COLORS[len(self._colors) % len(_COLORS)])
            prefix = f"\x1b[{color}m{prefix}\x1b[0m"
        try:
            print(prefix, text, file=self._screen, flush=True)
        except OSError:  # the reader has gone
            _forget(self._screen)
            self._screen = None

    def close(self) -> None:
        """Close the log files; lines that come later are only shown."""
        with self._lock:
            self._log_folder = None
            for log in self._logs.values():
                with contextlib.suppress(OSError):
                    log.close()
            self._logs.clear()


def _forget(screen: TextIO) -> None:
    """Let what is still in the buffer vanish: Python would try to write it once more at its end, and fail."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, screen.fileno())
    os.close(nowhere)
