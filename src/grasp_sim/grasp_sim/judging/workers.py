"""Tasks in processes of their own; a process that is killed takes no other task with it."""

from __future__ import annotations

import functools
import signal
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Generic, TypeVar

import cv2

from grasp_sim.dataset.engines import WorkerDied, run_local

Task = TypeVar("Task")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Killed(Generic[Task]):
    """Stands for the result of a task whose process was killed, and was killed again when it had one to itself."""

    task: Task


@dataclass(frozen=True, slots=True)
class _Numbered(Generic[Task, Result]):
    number: int
    task: Task
    function: Callable[[Task], Result]


def in_processes(
    function: Callable[[Task], Result], tasks: Iterable[Task], workers: int
) -> Generator[Result | Killed[Task], None, None]:
    """Do tasks in worker processes.

    When a process is killed (out of memory, a crash of the physics), it is not known which of the tasks
    under way did it. Each of them is done again alone; one that kills its process then too is given up.

    Args:
        function: Of one task; a function of a module.
        tasks: Taken one by one, as processes become free.
        workers: Processes at a time.

    Yields:
        Results in the order in which they are ready.
    """
    begun: dict[int, Task] = {}

    def handed_out() -> Iterator[_Numbered[Task, Result]]:
        for number, task in enumerate(tasks):
            begun[number] = task
            yield _Numbered(number, task, function)

    waiting = handed_out()  # what a broken pool has not taken is left for the next one
    while True:
        try:
            with closing(run_local(_perform, waiting, workers)) as results:
                for number, result in results:
                    del begun[number]
                    yield result
            return
        except WorkerDied:
            for number in list(begun):
                yield _alone(function, begun.pop(number))


@functools.cache
def take_one_core() -> None:
    """What a worker does first: it takes one core, and leaves Ctrl-C to the process that asks."""
    cv2.setNumThreads(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _perform(numbered: _Numbered[Task, Result]) -> tuple[int, Result]:
    return numbered.number, numbered.function(numbered.task)


def _alone(function: Callable[[Task], Result], task: Task) -> Result | Killed[Task]:
    try:
        with closing(run_local(function, [task], 1)) as results:
            return next(results)
    except WorkerDied:
        return Killed(task)
