"""How far long work has got, told to whoever watches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

Progress = Callable[[int, int], None]
"""Told how many scenes of how many are done."""


class Tell(Protocol):
    """A `Progress` that takes a note besides."""

    def __call__(self, done: int, total: int, note: str = "") -> None:
        """So many scenes are done of all of them."""


Watch = Callable[[str], AbstractContextManager[Tell]]
"""Shows how one piece of work goes, of which it is given the name."""


@contextmanager
def unwatched(doing: str) -> Iterator[Tell]:
    """Show nothing; a `Watch`."""
    yield lambda done, total, note="": None
