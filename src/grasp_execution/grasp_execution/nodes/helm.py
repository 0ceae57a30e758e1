"""Steering an arm through its FollowJointTrajectory server: every new goal pre-empts the one before.

Why goals and not the controller's topic: a goal that is refused says why, the end of the last one is told, a cancel
stops whatever is under way, and drivers that only have the action can be steered, too. joint_trajectory_controller
goes over from one goal to the next without a halt, on a spline from its present state to the first point to come.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from action_msgs.msg import GoalStatus
from control_msgs.action import FollowJointTrajectory
from rclpy.action import ActionClient

from grasp_execution.nodes.action_call import halt_goal
from grasp_execution.nodes.waiting import GRACE_SECONDS, Presence
from grasp_execution.trajectory import Trajectory
from grasp_perception.outcomes import Outcome, OutcomeError

REFUSALS = {
    FollowJointTrajectory.Result.INVALID_GOAL: "INVALID_GOAL",
    FollowJointTrajectory.Result.INVALID_JOINTS: "INVALID_JOINTS",
    FollowJointTrajectory.Result.OLD_HEADER_TIMESTAMP: "OLD_HEADER_TIMESTAMP",
}
FAILURES = {
    FollowJointTrajectory.Result.PATH_TOLERANCE_VIOLATED: "PATH_TOLERANCE_VIOLATED",
    FollowJointTrajectory.Result.GOAL_TOLERANCE_VIOLATED: "GOAL_TOLERANCE_VIOLATED",
}
MOST_REFUSALS = 4
"""Courses refused in a row: one may come too late on a busy machine, but not all."""
_TAKEN_SECONDS = 0.05
"""Wall time after which a course that was not refused is taken to be followed."""


def motion_failure(answer: Any, name: str) -> OutcomeError:
    """Why a goal did not succeed, from its answer (`status` and `result`)."""
    code, words = answer.result.error_code, answer.result.error_string
    if answer.status == GoalStatus.STATUS_CANCELED:  # a person, another client, or a controller that is deactivated
        return OutcomeError(Outcome.STOPPED, f"{name}: someone else canceled the motion: {words or 'no reason given'}")
    what = (REFUSALS | FAILURES).get(code, f"error code {code}")
    outcome = Outcome.TRAJECTORY_REJECTED if code in REFUSALS else Outcome.TRAJECTORY_FAILED
    return OutcomeError(outcome, f"{name}: {what}: {words or 'no reason given'}")


@dataclass(slots=True, eq=False)
class _Course:
    """A trajectory that was sent."""

    trajectory: Trajectory
    start: float
    sent: Any
    """Future of the goal's handle."""
    when: float
    """time.monotonic()."""
    result: Any = None
    """Future of its answer, once it is accepted."""

    def is_taken(self) -> bool:
        """Whether it is certain that the arm came to follow it, and with that no earlier one any more."""
        if self.result is None:
            return False
        if self.result.done():
            return bool(self.result.result().status == GoalStatus.STATUS_SUCCEEDED)
        return time.monotonic() - self.when > _TAKEN_SECONDS


class ActionHelm:
    """Serves `grasp_execution.pick.ports.Helm`. All methods belong to the thread that steers."""

    def __init__(
        self,
        client: ActionClient,
        name: str,
        make_goal: Callable[[Trajectory, float], FollowJointTrajectory.Goal],
        guard: Callable[[], None],
        response_timeout: float,
    ) -> None:
        """Take the helm.

        Args:
            client: Of the action.
            name: Of the action.
            make_goal: Makes the goal of a trajectory and its start.
            guard: Raises when somebody wants the end, or the driver is lost.
            response_timeout: Seconds of wall time for the server to accept or reject.
        """
        self._client = client
        self._name = name
        self._make_goal = make_goal
        self._guard = guard
        self._response_timeout = response_timeout
        self._presence = Presence(client.server_is_ready, GRACE_SECONDS)
        self._courses: list[_Course] = []  # from the latest that was taken on: the others may all be refused
        self._refusals = 0
        self._arrived = False

    def send(self, trajectory: Trajectory, start: float) -> None:
        """See `Helm`."""
        sent = self._client.send_goal_async(self._make_goal(trajectory, start))
        taken = [number for number, course in enumerate(self._courses) if course.is_taken()]
        self._courses = [*self._courses[max(taken, default=0) :], _Course(trajectory, start, sent, time.monotonic())]
        self._arrived = False

    def under_way(self) -> tuple[Trajectory, float] | None:
        """See `Helm`."""
        self._guard()
        if self._presence.lost():
            raise OutcomeError(Outcome.DRIVER_LOST, f"{self._name} vanished while the arm was steered")
        self._look_at_the_last()
        if not self._courses:
            return None
        return self._courses[-1].trajectory, self._courses[-1].start

    def has_arrived(self) -> bool:
        """See `Helm`."""
        return self._arrived

    def halt(self, timeout: float) -> bool:
        """Have the arm hold if it is not at rest already; whether that was confirmed within seconds of wall time."""
        # The latest first: it is what the arm follows, unless it is refused.
        return self._arrived or all([halt_goal(course.sent, timeout) for course in reversed(self._courses)])

    def _look_at_the_last(self) -> None:
        """Whether the last course was refused, failed, or has ended; earlier ones were pre-empted by it."""
        if not self._courses:
            return
        last = self._courses[-1]
        if not last.sent.done():
            if time.monotonic() - last.when > self._response_timeout:
                raise OutcomeError(
                    Outcome.DRIVER_LOST,
                    f"{self._name} did not answer within {self._response_timeout:.1f} s; see the output of its node",
                )
            return
        handle = last.sent.result()
        if not handle.accepted:
            self._refused(OutcomeError(Outcome.TRAJECTORY_REJECTED, f"{self._name} rejected the trajectory"))
            return
        if last.result is None:
            last.result = handle.get_result_async()
        if last.is_taken():
            self._refusals = 0
        if not last.result.done():
            return
        answer = last.result.result()
        if answer.status == GoalStatus.STATUS_SUCCEEDED:
            self._arrived = True
            return
        self._guard()  # whoever stopped the pick may also have canceled the motion
        failure = motion_failure(answer, self._name)
        if failure.outcome is not Outcome.TRAJECTORY_REJECTED:
            raise failure
        self._refused(failure)

    def _refused(self, reason: OutcomeError) -> None:
        """The course before goes on."""
        self._courses.pop()
        self._refusals += 1
        if self._refusals >= MOST_REFUSALS:
            raise reason
        self._look_at_the_last()
