"""Waiting for futures and conditions in a thread that may be interrupted; every wait has an end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from rclpy.client import Client
from rclpy.task import Future

from grasp_execution.pick.ports import Watch
from grasp_perception.outcomes import Outcome, OutcomeError

POLL_SECONDS = 0.02
"""Wall time between two calls of a watch."""
GRACE_SECONDS = 0.5
"""Wall time that a service may be absent from the graph while it is to answer."""


def wait_for(future: Future, watch: Watch, timeout: float | None, late: Callable[[], Exception]) -> Any:
    """The result of a future, from a thread that is not the one that completes it.

    Args:
        future: Completed by the node's executor.
        watch: Called every `POLL_SECONDS`; what it raises ends the wait.
        timeout: Seconds of wall time; None: `watch` sees to the end.
        late: Makes the exception to raise after that.
    """
    done = threading.Event()
    future.add_done_callback(lambda _: done.set())
    deadline = None if timeout is None else time.monotonic() + timeout
    # A callback needs a thread of the executor, and all of them may wait.
    while not (done.wait(POLL_SECONDS) or future.done()):
        watch()
        if deadline is not None and time.monotonic() > deadline:
            raise late()
    return future.result()


def wait_until(condition: Callable[[], bool], watch: Watch, timeout: float, late: Callable[[], Exception]) -> None:
    """Return when a condition holds; arguments as for `wait_for`."""
    deadline = time.monotonic() + timeout
    while not condition():
        watch()
        if time.monotonic() > deadline:
            raise late()
        time.sleep(POLL_SECONDS)


class Presence:
    """Whether a server is there. The graph may flicker while others come and go: absent means absent for a while."""

    def __init__(self, is_ready: Callable[[], bool], grace: float) -> None:
        """Args: `is_ready` asks the graph; `grace` in seconds of wall time."""
        self._is_ready = is_ready
        self._grace = grace
        self._seen = time.monotonic()

    def lost(self) -> bool:
        """Whether it has been absent for longer than the grace."""
        if self._is_ready():
            self._seen = time.monotonic()
        return time.monotonic() - self._seen > self._grace


def call(client: Client, request: Any, watch: Watch, *, connect: float, timeout: float, failure: Outcome) -> Any:
    """Call a service.

    Args:
        client: Of the service.
        request: The request.
        watch: See `wait_for`.
        connect: Seconds of wall time to wait for the service to be there.
        timeout: Seconds of wall time to wait for the answer.
        failure: The outcome when either is too long.

    Raises:
        OutcomeError: `failure`; or what `watch` raises.
    """
    name = client.srv_name

    def gone(reason: str) -> OutcomeError:
        return OutcomeError(failure, f"{name} {reason}")

    missing = f"is not there after {connect:.1f} s: start its node, or correct the name"
    wait_until(client.service_is_ready, watch, connect, lambda: gone(missing))

    presence = Presence(client.service_is_ready, GRACE_SECONDS)

    def alive() -> None:
        watch()
        if presence.lost():
            raise gone("vanished while it was to answer: see the output of its node")

    future = client.call_async(request)
    try:
        return wait_for(future, alive, timeout, lambda: gone(f"did not answer within {timeout:.1f} s"))
    finally:
        client.remove_pending_request(future)
