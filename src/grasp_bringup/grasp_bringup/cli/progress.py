"""How far a long operation has got: a bar on a terminal, and lines from time to time elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text
from typing_extensions import Self

from grasp_learning.progress import Tell, Watch

LINES_EVERY = 60.0
"""s between two lines where there is no terminal, as in a log file."""
REMEMBERED = 120.0
"""s over which the rate that the time left is told from is averaged."""


class ProgressBar:
    """Things done of those to do, their rate, and the time left; a context manager."""

    def __init__(self, console: Console, doing: str, unit: str, total: int | None = None) -> None:
        """Describe it.

        Args:
            console: Where it is shown.
            doing: The first word, such as "judging".
            unit: What is counted, in the plural.
            total: How many; None if that is not known yet.
        """
        self._console, self._doing, self._unit = console, doing, unit
        columns = (TextColumn(doing), BarColumn(), MofNCompleteColumn(), _Rate(unit), TimeRemainingColumn())
        note = TextColumn("{task.description}", markup=False)
        self._bar = Progress(*columns, note, console=console, transient=True, speed_estimate_period=REMEMBERED)
        self._task = self._bar.add_task("", total=total, begun=None)
        self._begun: int | None = None
        self._started = self._told = time.monotonic()

    def show(self, done: int, total: int | None = None, note: str = "") -> None:
        """So many are done; what was done before the first call was done earlier, and counts for no rate."""
        if self._begun is None:
            self._begun = done
        self._bar.update(self._task, completed=done, total=total, description=note, begun=self._begun)
        now = time.monotonic()
        if not self._console.is_terminal and now - self._told >= LINES_EVERY:
            self._told = now
            of = self._bar.tasks[0].total
            rate = told_rate(done - self._begun, now - self._started, self._unit)
            line = f"{self._doing}: {done:,}{'' if of is None else f' of {int(of):,}'} {self._unit}"
            text = ", ".join(part for part in (line, rate, note) if part)
            self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._console.is_terminal:
            self._bar.stop()


def scenes_on(console: Console) -> Watch:
    """Shows how far work on scenes has got."""

    @contextmanager
    def watch(doing: str) -> Iterator[Tell]:
        with ProgressBar(console, doing, "scenes") as bar:
            yield bar.show

    return watch


def told_rate(done: int, seconds: float, unit: str) -> str:
    """A rate in words; "" before anything is done."""
    if done <= 0 or seconds <= 0.0:
        return ""
    rate = done / seconds
    return f"{rate:.1f} {unit}/s" if rate >= 1.0 else f"{1.0 / rate:.1f} s each"


class _Rate(ProgressColumn):
    def __init__(self, unit: str) -> None:
        super().__init__()
        self._unit = unit

    def render(self, task: Task) -> Text:
        done = task.completed - (task.fields["begun"] or 0)
        return Text(told_rate(int(done), task.elapsed or 0.0, self._unit))
