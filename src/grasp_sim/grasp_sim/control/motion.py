"""A motion that one thread carries out and another one waits for."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Generic, TypeVar

Progress = TypeVar("Progress")
Result = TypeVar("Result")


class Ending(Enum):
    """How a motion ended."""

    SUCCEEDED = auto()
    ABORTED = auto()
    CANCELED = auto()
    PREEMPTED = auto()
    """Aborted by its successor."""


@dataclass(slots=True, eq=False)
class Motion(Generic[Progress, Result]):
    """The state of a motion.

    The physics thread writes; others read. `progress` is replaced as a whole and never changed in
    place, and `ending` and `result` are set before `ended`, so no lock is needed.
    """

    progress: Progress
    """The latest state."""
    ending: Ending | None = None
    result: Result | None = None
    ended: threading.Event = field(default_factory=threading.Event)

    def end(self, ending: Ending, result: Result) -> None:
        """Say how it ended, once; what comes later is ignored."""
        if not self.ended.is_set():
            self.ending = ending
            self.result = result
            self.ended.set()
