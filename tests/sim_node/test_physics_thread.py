from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from grasp_sim.control.physics_thread import PhysicsStopped, PhysicsThread


class Counter:
    """A simulation that notes who steps it."""

    def __init__(self) -> None:
        self.time = 0.0
        self.threads = {threading.current_thread().name}
        self.aborted: list[str] = []
        self.closed = False
        self.fail_at = float("inf")

    def advance(self) -> None:
        self.time += 0.001
        self.threads.add(threading.current_thread().name)
        if self.time >= self.fail_at:
            raise ArithmeticError("the world exploded")
        time.sleep(0.0002)

    def abort(self, reason: str) -> None:
        self.aborted.append(reason)

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def physics() -> Iterator[PhysicsThread[Counter]]:
    thread = PhysicsThread(Counter, rate=0.0)
    yield thread
    thread.close()


def wait_for_time(physics: PhysicsThread[Counter], at_least: float) -> None:
    deadline = time.monotonic() + 10.0
    while physics.call(lambda counter: counter.time) < at_least:
        assert time.monotonic() < deadline


def test_one_thread_does_everything(physics: PhysicsThread[Counter]) -> None:
    physics.resume()
    wait_for_time(physics, 0.01)
    assert physics.call(lambda counter: threading.current_thread().name) == "physics"
    assert physics.call(lambda counter: counter.threads) == {"physics"}


def test_steps_only_when_resumed(physics: PhysicsThread[Counter]) -> None:
    assert physics.call(lambda counter: counter.time) == 0.0
    with pytest.raises(PhysicsStopped, match="the simulation is paused"):
        physics.call_in_motion(lambda counter: counter.time)
    physics.resume()
    wait_for_time(physics, 0.01)
    assert physics.call_in_motion(lambda counter: counter.time) > 0.0
    physics.pause()
    stopped = physics.call(lambda counter: counter.time)
    time.sleep(0.02)
    assert physics.call(lambda counter: counter.time) == stopped


def test_errors_of_calls_reach_the_caller_only(physics: PhysicsThread[Counter]) -> None:
    with pytest.raises(ZeroDivisionError):
        physics.call(lambda counter: 1 / 0)
    with pytest.raises(TimeoutError, match="mine"):
        physics.call(_raise_timeout)
    assert physics.call(lambda counter: counter.closed) is False


def _raise_timeout(counter: Counter) -> None:
    raise TimeoutError("mine")


def test_a_call_that_takes_too_long(physics: PhysicsThread[Counter]) -> None:
    release = threading.Event()
    with pytest.raises(TimeoutError, match="the simulation did not answer within"):
        physics.call(lambda counter: release.wait(5.0), timeout=0.05)
    release.set()
    assert physics.call(lambda counter: "well") == "well"


def test_a_call_from_the_thread_itself(physics: PhysicsThread[Counter]) -> None:
    with pytest.raises(RuntimeError, match="cannot wait for itself"):
        physics.call(lambda counter: physics.call(lambda inner: 0))


def test_errors_of_building_reach_the_maker() -> None:
    with pytest.raises(ZeroDivisionError):
        PhysicsThread(lambda: 1 / 0, rate=0.0)  # type: ignore[arg-type, return-value]


def test_closing_ends_motions_and_frees_the_world(physics: PhysicsThread[Counter]) -> None:
    counter = physics.call(lambda counter: counter)
    physics.resume()
    physics.close()
    physics.close()
    assert counter.closed and counter.aborted == ["the simulation was closed"]
    with pytest.raises(PhysicsStopped, match="the simulation was closed"):
        physics.call(lambda counter: 0)


def test_a_step_that_fails_ends_everything() -> None:
    failures: list[BaseException] = []
    failed = threading.Event()

    def on_failure(error: BaseException) -> None:
        failures.append(error)
        failed.set()

    physics = PhysicsThread(Counter, rate=0.0, on_failure=on_failure)
    counter = physics.call(lambda counter: counter)
    counter.fail_at = 0.01
    physics.resume()
    assert failed.wait(10.0)
    assert isinstance(failures[0], ArithmeticError)
    assert counter.closed and counter.aborted == ["the simulation failed: the world exploded"]
    with pytest.raises(PhysicsStopped, match="the world exploded"):
        physics.call(lambda counter: 0)
    physics.close()
