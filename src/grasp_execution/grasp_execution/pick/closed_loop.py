"""The descent in closed loop: the tool is led after an object that may move."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from grasp_execution.pick.mover import Mover
from grasp_execution.pick.ports import Helm, Robot, Servo, Watch
from grasp_execution.pick.steering import ToolError, next_pose
from grasp_execution.pick.tracker import Tracker
from grasp_execution.trajectory import MotionState, Trajectory
from grasp_perception.outcomes import Outcome, OutcomeError
from grasp_perception.transform import Transform
from grasp_planning.grasps import half_turn

_POLL = 0.005
"""Between two looks at the state of things, s of the robot's clock: less than a tick of a simulated one."""
_SKEW = 0.15
"""How old joint states may be, and how late a course may have begun, s."""
_SAME = 3e-4
"""A course that ends this near to the one under way is no other course, m;"""
_SAME_TURN = 0.01
"""and if it is turned by no more than this, rad."""


class ClosedLoop:
    """Leads the tool from above an object to its grasp, while a tracker follows the object.

    - The tool goes down as far as `hold_distance` before the grasp, and further only when it is over it and the object
      keeps still; if that changes, it comes up again.
    - The object must be seen: out of sight for `fresh_seconds`, the tool goes back to where more is seen; for
      `patience`, the arm stops. Nearer than `blind_distance` to the grasp it may be out of sight for `blind_seconds`
      if it kept still before; over the grasp, its target is then final.
    - Where the wrist would have to turn beyond its limit, the fingers are exchanged: the tool turns round.
    - Every course ends at rest, begins in the state that the arm will then be in, and is checked for the limits of
      the joints and for contacts. One that fails is not sent, and counts as not seeing the object.
    """

    def __init__(self, robot: Robot, servo: Servo, tracker: Tracker, mover: Mover) -> None:
        self._robot = robot
        self._servo = servo
        self._tracker = tracker
        self._mover = mover
        self._options = mover.options.tracking
        self._goal: Transform | None = None
        self._lead = self._options.lead
        self._asked: tuple[Trajectory, Transform] | None = None
        self._final = False
        self._low = False
        self._trouble: OutcomeError | None = None
        self._well = 0.0

    def descend(self, watch: Watch, on_goal: Callable[[], None] = lambda: None) -> None:
        """Lead the tool to the grasp; at the end the arm is at rest there.

        Args:
            watch: See `ports`.
            on_goal: Called when the target has changed.

        Raises:
            OutcomeError: TARGET_LOST, NOT_CONVERGED, OUT_OF_REACH, NO_MOTION_PLAN; what the tracker, the robot or
                `watch` raises.
        """
        try:
            self._follow(watch, on_goal)
        except OutcomeError as error:
            if error.outcome is Outcome.TARGET_LOST:  # the arm holds; there is time to hear why
                self._tracker.finish(watch, self._robot.pause)
            raise
        finally:
            self._tracker.drop()

    def _follow(self, watch: Watch, on_goal: Callable[[], None]) -> None:
        begun = self._well = self._robot.now()
        sent = -np.inf
        self._tracker.face(self._tool())
        with self._robot.steer(watch) as helm:
            while True:
                watch()
                now = self._robot.now()
                state = self._state(helm, now)
                if not self._final and self._tracker.update(self._tool):
                    self._goal = None
                    on_goal()
                goal = self._reachable(state)
                error = ToolError.between(self._servo.tool(state), goal, self._approach)
                self._decide(error, now)
                if self._final and helm.has_arrived() and self._is_under_way(helm, goal):
                    return
                self._check(now, begun, error)
                if now - sent >= self._options.period and self._steer(helm, state, goal, now):
                    sent = now
                self._robot.pause(_POLL, watch)

    def _is_unseen(self, along: float, now: float) -> bool:
        """Whether the object was last seen too long ago to go on, with this distance (m) still to go."""
        options = self._options
        allowed = options.blind_seconds if along <= options.blind_distance else options.fresh_seconds
        return now - self._tracker.seen > allowed

    def _keeps_still(self, along: float, now: float) -> bool:
        """Whether the object stays where it is, with this distance (m) still to go."""
        if along > self._options.blind_distance:
            return self._tracker.is_steady
        # A hand that comes over an object makes it look as if it moved, before it hides it.
        return now - self._tracker.still <= self._options.blind_seconds

    @property
    def _approach(self) -> NDArray[np.float64]:
        return self._tracker.target.pose.rotation[:, 2]

    def _state(self, helm: Helm, now: float) -> MotionState:
        """Where the arm will be when the next course begins, and how fast."""
        course, measured = helm.under_way(), self._measured()
        if self._asked is not None and (course is None or course[0] is not self._asked[0]):  # it came too late
            self._lead, self._asked = max(self._lead, min(2 * self._lead, self._options.most_lead)), None
        if course is None:
            return measured
        trajectory, start = course
        wanted = MotionState.on(trajectory, now - start)
        ahead = max(start - now, 0.0)  # so long the arm is still on its way to where the course begins
        slack = (_SKEW + ahead) * np.abs(wanted.velocities) + ahead**2 / 2 * np.abs(wanted.accelerations)
        off = np.abs(wanted.positions - measured.positions) - slack
        if off.max() > self._mover.options.start_tolerance:
            joint = trajectory.joint_names[int(off.argmax())]
            raise OutcomeError(
                Outcome.TRAJECTORY_FAILED,
                f"{joint} is {off.max():.3f} rad off the course that the arm was sent on; what holds it back?",
            )
        return MotionState.on(trajectory, now + self._lead - start)

    def _tool(self) -> Transform:
        return self._servo.tool(self._measured())

    def _measured(self) -> MotionState:
        present = self._mover.start()
        return MotionState.at_rest(np.array([present[name] for name in self._mover.arm.joints]))

    def _reachable(self, state: MotionState) -> Transform:
        if self._goal is None:
            self._goal = self._reach(state)
        return self._tracker.target.pose if self._goal is None else self._goal

    def _reach(self, state: MotionState) -> Transform | None:
        """Where the tool comes to, turned round where the wrist would have to turn beyond its limit; None: nowhere."""
        pose = self._tracker.target.pose
        try:
            return self._servo.reachable(pose, state)
        except OutcomeError as error:
            trouble = error
        try:
            goal = self._servo.reachable(half_turn(pose), state)
        except OutcomeError:
            self._trouble = trouble
            return None
        self._tracker.turn_round()
        return goal

    def _decide(self, error: ToolError, now: float) -> None:
        """Whether the tool may go down to the grasp, and whether the target is final."""
        options, slack = self._options, 2.0 if self._low else 1.0
        aligned = error.is_aligned(slack * options.lateral_tolerance, slack * options.turn_tolerance)
        self._low = aligned and self._keeps_still(error.along, now) and not self._is_unseen(error.along, now)
        if self._low and error.along <= options.blind_distance and self._goal is not None:
            self._final = True
            self._tracker.drop()

    def _steer(self, helm: Helm, state: MotionState, goal: Transform, now: float) -> bool:
        """Send the next course, if it is another one; whether it was sent."""
        options = self._options
        if self._goal is None:
            return False
        tool = self._servo.tool(state)
        along = ToolError.between(tool, goal, self._approach).along
        hold, speed = options.hold_distance, self._mover.arm.cartesian_speed
        if self._low or self._final:
            hold, speed = 0.0, options.slow * speed
        elif self._is_unseen(along, now):
            hold = options.step_back * self._mover.workcell.approach_distance
        step = speed * options.step_seconds
        pose = next_pose(tool, goal, self._approach, hold=hold, step=step, turn=options.max_turn)
        if self._is_under_way(helm, pose):
            self._well = now
            return False
        try:
            course = self._servo.course(state, pose, speed)
        except OutcomeError as error:
            self._trouble = error
            return False
        helm.send(course, now + self._lead)
        self._asked = (course, pose)
        self._tracker.corrected()
        self._trouble, self._well = None, now
        return True

    def _is_under_way(self, helm: Helm, pose: Transform) -> bool:
        """Whether the course that the arm follows was asked to lead to this pose."""
        course = helm.under_way()
        if course is None or self._asked is None or course[0] is not self._asked[0]:
            return False
        there = self._asked[1]
        return bool(np.linalg.norm(there.translation - pose.translation) < _SAME and there.angle_to(pose) < _SAME_TURN)

    def _check(self, now: float, begun: float, error: ToolError) -> None:
        """Raise if this leads nowhere."""
        options, tracker = self._options, self._tracker
        if now - begun > options.timeout:
            raise OutcomeError(
                Outcome.NOT_CONVERGED,
                f"after {options.timeout:.0f} s the tool is still {np.linalg.norm(error.lateral) * 1e3:.0f} mm beside "
                f"the grasp and {error.along * 1e3:.0f} mm before it; does the object keep moving?",
            )
        unseen = now - max(tracker.seen, begun)
        if not self._final and self._is_unseen(error.along, now) and unseen > options.patience:
            why = "no image was answered" if tracker.reason is None else tracker.reason.message
            raise OutcomeError(
                Outcome.TARGET_LOST,
                f"the object has not been seen for {unseen:.1f} s, {error.along * 1e3:.0f} mm before the grasp: {why}",
            )
        if self._trouble is not None and now - self._well > options.patience:
            raise self._trouble
