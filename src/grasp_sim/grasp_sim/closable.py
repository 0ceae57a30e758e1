"""Things that must be freed."""

from __future__ import annotations

from abc import ABC, abstractmethod

from typing_extensions import Self


class Closable(ABC):
    """Holds what Python does not free by itself; a context manager that closes itself."""

    @abstractmethod
    def close(self) -> None:
        """Free everything; more than once does no harm."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
