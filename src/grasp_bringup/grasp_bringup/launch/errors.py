"""What can be wrong with a launch."""

from __future__ import annotations


class LaunchError(Exception):
    """The launch cannot start; the message says what is wrong and what would be right."""


class LaunchFileError(LaunchError):
    """A launch file is wrong at a line."""

    def __init__(self, file: str, line: int, message: str) -> None:
        super().__init__(f"{file}:{line}: {message}")
