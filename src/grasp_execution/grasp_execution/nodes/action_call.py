"""One goal of an action server, from sending it to its end."""

from __future__ import annotations

import threading
from typing import Any

from rclpy.action import ActionClient

from grasp_execution.nodes.waiting import wait_for
from grasp_execution.pick.ports import Watch
from grasp_perception.outcomes import Outcome, OutcomeError


class GoalRejected(Exception):
    """The action server does not take the goal."""


class LockedActionClient(ActionClient):
    """An action client whose requests may be sent while another thread takes the answers.

    rclpy of Jazzy notes a request only after it was sent. An answer that another thread takes in between
    is dropped as unexpected, and its future never completes.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._exchange = threading.RLock()
        super().__init__(*args, **kwargs)

    def send_goal_async(self, *args: Any, **kwargs: Any) -> Any:
        """As of the base class."""
        with self._exchange:
            return super().send_goal_async(*args, **kwargs)

    def _get_result_async(self, goal_handle: Any) -> Any:
        with self._exchange:
            return super()._get_result_async(goal_handle)

    def _cancel_goal_async(self, goal_handle: Any) -> Any:
        with self._exchange:
            return super()._cancel_goal_async(goal_handle)

    async def execute(self, taken_data: Any) -> None:
        """As of the base class."""
        with self._exchange:
            await super().execute(taken_data)


def run_goal(
    client: ActionClient, goal: Any, watch: Watch, *, who: str, response_timeout: float, halt_timeout: float
) -> Any:
    """Send a goal and wait for its end.

    Whatever ends the wait early, the goal is canceled and its end awaited, so that nothing moves when
    this returns.

    Args:
        client: Of the action.
        goal: The goal.
        watch: Sees to interruptions, deadlines and lost drivers.
        who: Name of the server for messages.
        response_timeout: Seconds of wall time for the server to accept or reject.
        halt_timeout: Seconds of wall time for a canceled goal to end.

    Returns:
        The answer: `status` (action_msgs/GoalStatus) and `result`.

    Raises:
        GoalRejected: The server rejected the goal.
        OutcomeError: DRIVER_LOST: it did not answer, or did not confirm the halt; or what `watch` raises.
    """

    def silent() -> OutcomeError:
        return OutcomeError(
            Outcome.DRIVER_LOST, f"{who} did not answer within {response_timeout:.1f} s; see the output of its node"
        )

    sent = client.send_goal_async(goal)
    try:
        handle = wait_for(sent, watch, response_timeout, silent)
        if not handle.accepted:
            raise GoalRejected
        return wait_for(handle.get_result_async(), watch, None, silent)
    except GoalRejected:
        raise
    except BaseException as reason:
        if not halt_goal(sent, halt_timeout):
            raise unconfirmed(reason, who, halt_timeout) from reason
        raise


def unconfirmed(reason: BaseException, who: str, timeout: float) -> OutcomeError:
    """DRIVER_LOST, of a server that was to halt for a reason and did not confirm it within seconds of wall time."""
    return OutcomeError(
        Outcome.DRIVER_LOST,
        f"{reason}, but {who} did not confirm the halt within {timeout:.1f} s: it may still be moving, use the "
        "emergency stop",
    )


def halt_goal(sent: Any, timeout: float) -> bool:
    """Cancel a goal, even one not yet accepted; returns whether it has ended within seconds of wall time."""
    try:
        handle = wait_for(sent, _nothing, timeout, TimeoutError)
        _cancel(sent)
        if handle.accepted:
            wait_for(handle.get_result_async(), _nothing, timeout, TimeoutError)
    except TimeoutError:
        sent.add_done_callback(_cancel)  # as soon as it is accepted, or once more
        return False
    return True


def _cancel(sent: Any) -> None:
    handle = sent.result()
    if handle is not None and handle.accepted:
        handle.cancel_goal_async()


def _nothing() -> None:
    pass
