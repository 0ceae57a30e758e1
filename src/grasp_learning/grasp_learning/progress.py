"""How far long work has got, told to whoever watches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol


class Tell(Protocol):
    """Is told how far the work is."""

    def __call__(self, done: int, total: int, note: str = "") -> None:
        """So many scenes are done of all of them."""


Watch = Callable[[str], AbstractContextManager[Tell]]
"""Shows how one piece of work goes, of which it is given the name."""


@contextmanager
def unwatched(doing: str) -> Iterator[Tell]:
    """Show nothing; a `Watch`."""
    yield lambda done, total, note="": None
