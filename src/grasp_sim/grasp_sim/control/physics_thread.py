"""One thread that owns a simulation from its making to its end.

pyBullet is not safe to use from several threads, so everybody else asks this thread to do things
between two steps, with `PhysicsThread.call`.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from grasp_sim.control.pacing import Pacer

TICK = 0.01
"""Wall seconds between two wakes of the thread; the steps of a tick are done in one go."""
_STATISTICS_PERIOD = 1.0


class Simulation(Protocol):
    """What the thread runs."""

    @property
    def time(self) -> float:
        """Simulated seconds."""

    def advance(self) -> None:
        """Do one step and all that belongs to it."""

    def abort(self, reason: str) -> None:
        """End what is under way."""

    def close(self) -> None:
        """Free everything."""


SimulationT = TypeVar("SimulationT", bound=Simulation)
T = TypeVar("T")


class PhysicsStopped(RuntimeError):
    """The physics thread does not run any more; the message says why."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast the simulation ran in the last second."""

    real_time_factor: float = 0.0
    """Simulated seconds per second of wall time."""
    step_seconds: float = 0.0
    """Mean wall time of one step with all that belongs to it."""


class PhysicsThread(Generic[SimulationT]):
    """Steps a simulation in a thread of its own, in step with the wall clock.

    Attributes:
        pace: How fast it runs.
    """

    def __init__(
        self,
        build: Callable[[], SimulationT],
        *,
        rate: float,
        on_failure: Callable[[BaseException], None] = lambda error: None,
    ) -> None:
        """Build the simulation in the new thread, and wait for it; stepping starts with `resume`.

        Args:
            build: Makes the simulation.
            rate: Simulated seconds per second of wall time; 0 = as fast as it goes.
            on_failure: Called in the thread if a step raises; the thread has ended everything then.

        Raises:
            Exception: What `build` raised.
        """
        self.pace = Pace()
        self._build = build
        self._on_failure = on_failure
        self._pacer = Pacer(rate)
        self._running = False
        self._closing = False
        self._stopped: str | None = None
        self._calls: deque[tuple[Callable[[SimulationT], Any], Future[Any]]] = deque()
        self._wake = threading.Event()
        built: Future[None] = Future()
        self._thread = threading.Thread(target=self._live, args=(built,), name="physics", daemon=True)
        self._thread.start()
        built.result()

    def call(self, function: Callable[[SimulationT], T], *, timeout: float = 10.0) -> T:
        """Run a function on the simulation, between two steps.

        Args:
            function: Gets the simulation; runs in the physics thread.
            timeout: Seconds of wall time to wait for the answer.

        Raises:
            PhysicsStopped: The thread has ended.
            TimeoutError: No answer in time.
            Exception: What the function raised.
        """
        if threading.current_thread() is self._thread:
            raise RuntimeError("the physics thread cannot wait for itself")
        future: Future[T] = Future()
        self._calls.append((function, future))
        if self._stopped is not None:  # set before the last look at the calls, so none is left behind
            self._refuse_calls()
        self._wake.set()
        try:
            return future.result(timeout)
        except FutureTimeout:
            if future.done():
                raise  # the function's own
            future.cancel()
            raise TimeoutError(f"the simulation did not answer within {timeout} s") from None

    def call_in_motion(self, function: Callable[[SimulationT], T]) -> T:
        """As `call`, but only while time runs.

        Raises:
            PhysicsStopped: Also when the simulation is paused.
        """

        def checked(simulation: SimulationT) -> T:
            if not self._running:
                raise PhysicsStopped("the simulation is paused: activate the node")
            return function(simulation)

        return self.call(checked)

    def resume(self) -> None:
        """Start stepping."""
        self.call(lambda simulation: self._run(True))

    def pause(self) -> None:
        """Stop stepping; calls are still answered."""
        self.call(lambda simulation: self._run(False))

    def close(self) -> None:
        """End everything and free the simulation; more than once does no harm."""
        self._closing = True
        self._wake.set()
        self._thread.join()

    def _run(self, running: bool) -> None:
        self._running = running
        self.pace = Pace()

    def _live(self, built: Future[None]) -> None:
        try:
            simulation = self._build()
        except BaseException as error:
            self._stopped = "the simulation could not be built"
            built.set_exception(error)
            return
        built.set_result(None)
        failure: BaseException | None = None
        try:
            self._loop(simulation)
        except BaseException as error:
            failure = error
        self._running = False
        reason = "the simulation was closed" if failure is None else f"the simulation failed: {failure}"
        self._stopped = reason
        self._refuse_calls()
        try:
            simulation.abort(reason)
            simulation.close()
        finally:
            if failure is not None:
                self._on_failure(failure)

    def _loop(self, simulation: SimulationT) -> None:
        window = _Window()
        while not self._closing:
            self._answer_calls(simulation)
            if not self._running:
                self._wake.wait()
                self._wake.clear()
                self._pacer.restart(simulation.time, time.monotonic())
                window = _Window(simulation.time)
                continue
            before = time.monotonic()
            target = self._pacer.target(simulation.time, before)
            steps = 0
            while simulation.time < target and not self._calls and time.monotonic() - before < TICK:
                simulation.advance()
                steps += 1
            now = time.monotonic()
            self.pace = window.add(steps, now - before, simulation.time, now) or self.pace
            rest = self._pacer.wait(simulation.time, now)
            if rest > 0.0:
                self._wake.wait(max(rest, TICK - (now - before)))
                self._wake.clear()
            else:
                time.sleep(0)  # other threads want the interpreter too

    def _answer_calls(self, simulation: SimulationT) -> None:
        while self._calls:
            function, future = self._calls.popleft()
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(function(simulation))
            except BaseException as error:
                future.set_exception(error)

    def _refuse_calls(self) -> None:
        while self._calls:
            try:
                _, future = self._calls.popleft()
            except IndexError:  # taken by the other thread
                return
            if future.set_running_or_notify_cancel():
                future.set_exception(PhysicsStopped(self._stopped or ""))


class _Window:
    """Statistics of about a second."""

    def __init__(self, simulated: float = 0.0) -> None:
        self._begin = time.monotonic()
        self._simulated = simulated
        self._steps = 0
        self._busy = 0.0

    def add(self, steps: int, busy: float, simulated: float, now: float) -> Pace | None:
        self._steps += steps
        self._busy += busy
        if now - self._begin < _STATISTICS_PERIOD:
            return None
        pace = Pace((simulated - self._simulated) / (now - self._begin), self._busy / max(1, self._steps))
        self._begin, self._simulated, self._steps, self._busy = now, simulated, 0, 0.0
        return pace
