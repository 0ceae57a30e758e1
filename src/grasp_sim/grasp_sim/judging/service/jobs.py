"""Jobs wait in a line of bounded length; one at a time runs."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass, field
from enum import Enum

from grasp_learning.datasets.submission import Submission
from grasp_sim.judging.exam import Exam
from grasp_sim.judging.verdict import JudgedScene, Problem
from grasp_sim.trials.settings import Approach

Judging = Callable[["Job"], Generator[JudgedScene, None, None]]
"""Gives the verdicts of a job, one by one."""

logger = logging.getLogger(__name__)


class State(Enum):
    """Of a job."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    CANCELED = "canceled"
    FAILED = "failed"

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen."""
        return self not in (State.QUEUED, State.RUNNING)


class QueueFullError(RuntimeError):
    """No more jobs can wait."""


@dataclass(eq=False)
class Job:
    """One submission on its way. Only the queue changes it."""

    exam: Exam
    submission: Submission
    approach: Approach
    label: str = ""
    problems: list[Problem] = field(default_factory=list)
    id: str = field(default_factory=lambda: secrets.token_hex(8))
    state: State = State.QUEUED
    error: str = ""
    scenes: dict[str, JudgedScene] = field(default_factory=dict)
    """Verdicts by the scenes' ids, in the order in which they came."""
    phases: Counter[str] = field(default_factory=Counter)
    created: float = field(default_factory=time.time)
    started: float | None = None
    ended: float | None = None
    stop: threading.Event = field(default_factory=threading.Event)

    @property
    def seconds(self) -> float:
        """For which it ran, or has run until now."""
        return 0.0 if self.started is None else (self.ended or time.time()) - self.started


class JobQueue:
    """Runs jobs in the order in which they came, in a thread of its own."""

    def __init__(self, judging: Judging, *, waiting: int, keep: int) -> None:
        """Begin to wait for jobs.

        Args:
            judging: What a job's verdicts are.
            waiting: Jobs that may wait, besides the one that runs.
            keep: Ended jobs that are remembered.
        """
        self._judging = judging
        self._waiting, self._keep = waiting, keep
        self._jobs: dict[str, Job] = {}
        self._changed = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="judging", daemon=True)
        self._thread.start()

    def submit(self, job: Job) -> None:
        """Put a job at the end of the line.

        Raises:
            QueueFullError: The line is as long as it may be, or the service is ending.
        """
        with self._changed:
            waiting = len(self._in(State.QUEUED))
            # The job at the head of the line starts at once if none runs.
            if self._closed or waiting >= self._waiting + (not self._in(State.RUNNING)):
                raise QueueFullError(f"{waiting} jobs are waiting already; try again when one has ended")
            self._jobs[job.id] = job
            self._changed.notify_all()

    def cancel(self, job: Job) -> None:
        """End a job as soon as the trials under way end; an ended job stays as it is."""
        with self._changed:
            job.stop.set()
            if job.state is State.QUEUED:
                self._end(job, State.CANCELED)

    def get(self, id_: str) -> Job | None:
        """The job of that id, if it is still remembered."""
        with self._changed:
            return self._jobs.get(id_)

    def all(self) -> list[Job]:
        """The jobs that are remembered, in the order in which they came."""
        with self._changed:
            return list(self._jobs.values())

    def ahead_of(self, job: Job) -> int:
        """How many jobs are running or waiting before this one."""
        with self._changed:
            alive = [other for other in self._jobs.values() if not other.state.ended]
            return alive.index(job) if job in alive else 0

    def scenes_of(self, job: Job) -> list[JudgedScene]:
        """A job's verdicts until now, in the order in which they came."""
        with self._changed:
            return list(job.scenes.values())

    def phases_of(self, job: Job) -> Counter[str]:
        """How many verdicts of a job there are of each phase until now."""
        with self._changed:
            return Counter(job.phases)

    def close(self) -> None:
        """Cancel what is left, and wait for the thread's end; more than once does no harm."""
        with self._changed:
            self._closed = True
            for job in self._jobs.values():
                job.stop.set()
            self._changed.notify_all()
        self._thread.join()

    def _in(self, state: State) -> list[Job]:
        return [job for job in self._jobs.values() if job.state is state]

    def _end(self, job: Job, state: State, error: str = "") -> None:
        job.state, job.error, job.ended = state, error, time.time()
        ended = [other for other in self._jobs.values() if other.state.ended]
        for old in sorted(ended, key=lambda other: other.ended or 0.0)[: -self._keep]:
            del self._jobs[old.id]
        self._changed.notify_all()

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closed or self._in(State.QUEUED))
                if self._closed:
                    return
                job = self._in(State.QUEUED)[0]
                job.state, job.started = State.RUNNING, time.time()
            state, error = State.DONE, ""
            try:
                with closing(self._judging(job)) as verdicts:
                    for verdict in verdicts:
                        with self._changed:
                            job.scenes[verdict.id] = verdict
                            job.phases[verdict.phase] += 1
                        if job.stop.is_set():
                            state = State.CANCELED
                            break
            except Exception as problem:  # whatever goes wrong ends this job, not the service
                logger.exception("job %s failed", job.id)
                state, error = State.FAILED, str(problem) or type(problem).__name__
            with self._changed:
                self._end(job, state, error)
