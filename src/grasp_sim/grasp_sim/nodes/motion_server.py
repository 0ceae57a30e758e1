"""An action server for motions that the physics thread carries out."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.action.server import ServerGoalHandle
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.node import Node

from grasp_perception.nodes.run import SENDING_SECONDS
from grasp_sim.control.motion import Ending, Motion
from grasp_sim.control.physics_thread import PhysicsStopped

GATHERING_SECONDS = 0.05
"""Much longer than an executor takes to gather what it waits for."""
POLL_SECONDS = 0.01
"""Wall time between two looks at a cancel request."""
FEEDBACK_SECONDS = 0.05
"""Wall time between two feedbacks."""
FAREWELL_SECONDS = 1.0
"""Wall time for goals to end before the server goes."""

MotionT = TypeVar("MotionT", bound=Motion[Any, Any])


@dataclass(frozen=True, slots=True)
class MotionProtocol(Generic[MotionT]):
    """What differs from one action to another."""

    begin: Callable[[Any], MotionT]
    """Starts the motion of a goal message; raises one of `refusals` if it cannot."""
    cancel: Callable[[MotionT], None]
    """Stops a motion."""
    feedback: Callable[[Any], Any]
    """The feedback message of a progress."""
    result: Callable[[MotionT], Any]
    """The result message of an ended motion."""
    refusal: Callable[[Exception], Any]
    """The result message of a refused goal."""
    refusals: tuple[type[Exception], ...]


class MotionServer(Generic[MotionT]):
    """Serves an action whose goals are motions.

    The controller of the motion decides on pre-emption: it ends the older motion, whose goal is then
    aborted with the controller's reason.

    A motion begins before its client hears that the goal is accepted: motions begin in the order of their goals, and
    what the client does next comes after. A goal that cannot be executed is accepted and aborted at once. A rejected
    goal could not carry an error code and a reason, as rclpy's goal response has no room for them.
    """

    def __init__(self, node: Node, action_type: Any, name: str, protocol: MotionProtocol[MotionT]) -> None:
        self._node = node
        self._protocol = protocol
        self._busy = 0
        self._idle = threading.Condition()
        self._latest_end = -SENDING_SECONDS
        self._begun: MotionT | Exception
        self._logger = node.get_logger().get_child(name.strip("/").replace("/", "."))
        self._server = ActionServer(
            node,
            action_type,
            name,
            self._execute,
            callback_group=MutuallyExclusiveCallbackGroup(),  # one goal after the other; not while they are executed
            goal_callback=self._heed,
            handle_accepted_callback=self._accepted,
            cancel_callback=lambda goal: CancelResponse.ACCEPT,
        )

    def destroy(self) -> None:
        """Take the server down, after the goals that have just ended have told their clients."""
        with self._idle:
            self._idle.wait_for(lambda: self._busy == 0, FAREWELL_SECONDS)
            sent = self._latest_end + SENDING_SECONDS
        time.sleep(max(0.0, sent - time.monotonic()))
        # rclpy's executor fails on a server whose handle goes while it gathers what to wait for: it is hidden first.
        self._node.remove_waitable(self._server)
        time.sleep(GATHERING_SECONDS)
        with contextlib.suppress(ValueError):  # at its end it is taken from the node, as it has been already
            self._server.destroy()

    def _heed(self, request: Any) -> GoalResponse:
        try:
            self._begun = self._protocol.begin(request)
        except Exception as error:  # it is told when the goal is carried out
            self._begun = error
        return GoalResponse.ACCEPT

    def _accepted(self, goal: ServerGoalHandle) -> None:
        begun = self._begun
        goal.execute(lambda goal: self._execute(goal, begun))

    def _execute(self, goal: ServerGoalHandle, begun: MotionT | Exception) -> Any:
        with self._idle:
            self._busy += 1
        try:
            return self._carry_out(goal, begun)
        finally:
            with self._idle:
                self._busy -= 1
                self._latest_end = time.monotonic()
                self._idle.notify_all()

    def _carry_out(self, goal: ServerGoalHandle, motion: MotionT | Exception) -> Any:
        if isinstance(motion, self._protocol.refusals):
            self._logger.warning(f"goal refused: {motion}")
            goal.abort()
            return self._protocol.refusal(motion)
        if isinstance(motion, Exception):
            raise motion
        self._watch(goal, motion)
        if motion.ending is Ending.SUCCEEDED:
            goal.succeed()
        elif motion.ending is Ending.CANCELED:
            goal.canceled()
        elif motion.ending is Ending.PREEMPTED:  # many times a second when somebody steers
            self._logger.debug(f"goal aborted: {motion.result}")
            goal.abort()
        else:
            self._logger.warning(f"goal aborted: {motion.result}")
            goal.abort()
        return self._protocol.result(motion)

    def _watch(self, goal: ServerGoalHandle, motion: MotionT) -> None:
        canceled = False
        goal.publish_feedback(self._protocol.feedback(motion.progress))
        next_feedback = time.monotonic() + FEEDBACK_SECONDS
        while not motion.ended.wait(POLL_SECONDS):
            if goal.is_cancel_requested and not canceled:
                canceled = self._cancel(motion)
            if time.monotonic() >= next_feedback:
                goal.publish_feedback(self._protocol.feedback(motion.progress))
                next_feedback = time.monotonic() + FEEDBACK_SECONDS

    def _cancel(self, motion: MotionT) -> bool:
        """Whether it is canceled; if not, the physics thread was busy for long, and it is to be tried again."""
        try:
            self._protocol.cancel(motion)
        except PhysicsStopped:  # then the motion has ended, too
            return True
        except TimeoutError as error:
            self._logger.warning(f"a goal is not canceled yet: {error}")
            return False
        return True
