"""How much the service takes on."""

from __future__ import annotations

from dataclasses import dataclass

MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of the service's memory and work.

    Raises:
        ValueError: One is not positive.
    """

    queue: int = 8
    """Jobs that wait, besides the one that runs."""
    upload: int = 8 * MEGABYTE
    """Bytes of an upload."""
    keep: int = 20
    """Ended jobs whose results can still be seen."""
    lines: int = 100
    """Bad lines that one answer names."""
    skipped: int = 10_000
    """Bad lines that can be left out of a file; its job remembers them."""
    pictures: int = 500
    """Pictures kept in memory."""

    def __post_init__(self) -> None:
        for name in self.__slots__:
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
