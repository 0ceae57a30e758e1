"""The robot of a pick, over ROS: joint states, FollowJointTrajectory and GripperCommand."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from action_msgs.msg import GoalStatus
from action_msgs.srv import CancelGoal
from control_msgs.action import FollowJointTrajectory, GripperCommand
from control_msgs.msg import JointTolerance
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.duration import Duration
from rclpy.node import Node

from grasp_execution.arm import Arm
from grasp_execution.nodes.action_call import GoalRejected, LockedActionClient, run_goal, unconfirmed
from grasp_execution.nodes.helm import ActionHelm, motion_failure
from grasp_execution.nodes.joint_state_monitor import JointStateMonitor
from grasp_execution.nodes.waiting import POLL_SECONDS, Presence, wait_until
from grasp_execution.pick.ports import GripperState, Watch
from grasp_execution.ros_conversions import trajectory_to_msg
from grasp_execution.trajectory import Trajectory
from grasp_perception.outcomes import Outcome, OutcomeError
from grasp_perception.ros_conversions import stamp

_STILL = 1e-3
_STILL_SECONDS = 0.1
_BACK_SECONDS = 0.1
"""By more than this no clock is corrected while it runs; waits that end at a time would last so much longer."""


@dataclass(frozen=True, slots=True)
class RobotTiming:
    """How long things may take, and how exact motions must end. Wall time unless said otherwise."""

    connect: float
    """s until the controllers are there."""
    silence: float
    """s without joint states, or with a clock that stands still, until the driver counts as lost."""
    response: float
    """s until a controller accepts or rejects a goal."""
    halt: float
    """s until a canceled motion has ended."""
    motion_factor: float
    """A motion may take this many times its planned duration (robot's clock),"""
    motion_margin: float
    """and s more (robot's clock)."""
    gripper: float
    """s for a gripper command (robot's clock)."""
    goal_tolerance: float
    """rad by which a joint may miss the end of a trajectory."""
    goal_time_tolerance: float
    """s that a trajectory may end late (robot's clock)."""


class RobotClient:
    """Serves `grasp_execution.pick.Robot`. Its methods block: call them off the executor's critical path."""

    def __init__(self, node: Node, arm: Arm, joint_states: str, timing: RobotTiming) -> None:
        self._node = node
        self._arm = arm
        self._timing = timing
        group = ReentrantCallbackGroup()
        self._states = JointStateMonitor(node, joint_states, (*arm.joints, *arm.gripper_joints.names), timing.silence)
        names = arm.controllers
        self._trajectory = LockedActionClient(node, FollowJointTrajectory, names.arm, callback_group=group)
        self._gripper = LockedActionClient(node, GripperCommand, names.gripper, callback_group=group)
        self._cancel_all = node.create_client(CancelGoal, f"{names.arm}/_action/cancel_goal", callback_group=group)

    def destroy(self) -> None:
        """Take the action clients down; a node does not do that by itself."""
        self._trajectory.destroy()
        self._gripper.destroy()

    def now(self) -> float:
        """The node's clock, s."""
        return self._node.get_clock().now().nanoseconds * 1e-9

    def positions(self) -> dict[str, float]:
        """See `Robot`."""
        return self._states.positions()

    def gap(self) -> float:
        """See `Robot`."""
        positions = self.positions()
        return sum(positions[name] for name in self._arm.gripper_joints.names)

    def pause(self, seconds: float, watch: Watch) -> None:
        """See `Robot`."""
        guard = self._guard(watch)
        end = self.now() + seconds
        while self.now() < end:
            guard()
            time.sleep(min(POLL_SECONDS, seconds / 2))

    def connect(self, watch: Watch) -> None:
        """See `Robot`."""

        def missing() -> list[str]:
            servers = {self._arm.controllers.arm: self._trajectory, self._arm.controllers.gripper: self._gripper}
            return [name for name, client in servers.items() if not client.server_is_ready()]

        def late() -> OutcomeError:
            return OutcomeError(
                Outcome.CONTROLLER_UNAVAILABLE,
                f"no action server {' and '.join(missing())} after {self._timing.connect:.1f} s; start the robot's "
                "driver or the simulation, or correct `controllers` in the arm's file",
            )

        wait_until(lambda: not missing(), watch, self._timing.connect, late)
        problem: list[OutcomeError] = []

        def moving_picture() -> bool:
            problem.clear()
            try:
                self.positions()
            except OutcomeError as error:
                problem.append(error)
            if not problem and self.now() <= 0:
                problem.append(OutcomeError(Outcome.DRIVER_LOST, "there is no time on /clock; use_sim_time is set"))
            return not problem

        wait_until(moving_picture, watch, self._timing.connect, lambda: problem[0])

    def follow(self, trajectory: Trajectory, watch: Watch) -> None:
        """See `Robot`."""
        timing = self._timing
        limit = trajectory.duration * timing.motion_factor + timing.motion_margin
        goal = self._goal(trajectory)

        def late() -> OutcomeError:
            return OutcomeError(
                Outcome.TRAJECTORY_FAILED,
                f"a motion of {trajectory.duration:.1f} s had not ended after {limit:.1f} s; it was canceled. Is "
                "something in the way, or the robot's speed turned down (then raise motion_factor)?",
            )

        try:
            answer = self._run(self._trajectory, goal, self._arm.controllers.arm, watch, limit, late)
        except GoalRejected:
            raise OutcomeError(
                Outcome.TRAJECTORY_REJECTED,
                f"{self._arm.controllers.arm} rejected the trajectory; its log says why (is it active, and not busy?)",
            ) from None
        if answer.status == GoalStatus.STATUS_SUCCEEDED:
            return
        watch()  # whoever stopped the pick may also have canceled the motion
        raise motion_failure(answer, self._arm.controllers.arm)

    @contextmanager
    def steer(self, watch: Watch) -> Iterator[ActionHelm]:
        """See `Robot`."""
        helm = ActionHelm(
            self._trajectory, self._arm.controllers.arm, self._goal, self._guard(watch), self._timing.response
        )
        try:
            yield helm
        except BaseException as reason:
            if not helm.halt(self._timing.halt):
                raise unconfirmed(reason, self._arm.controllers.arm, self._timing.halt) from reason
            if not (isinstance(reason, OutcomeError) and reason.outcome is Outcome.DRIVER_LOST):
                self._catch_up()
            raise
        helm.halt(self._timing.halt)
        self._catch_up()

    def _goal(self, trajectory: Trajectory, start: float = 0.0) -> FollowJointTrajectory.Goal:
        """A goal with the tolerances; start 0 means at once."""
        goal = FollowJointTrajectory.Goal(trajectory=trajectory_to_msg(trajectory))
        goal.trajectory.header.stamp = stamp(start)
        goal.goal_tolerance = [
            JointTolerance(name=name, position=self._timing.goal_tolerance) for name in trajectory.joint_names
        ]
        goal.goal_time_tolerance = Duration(seconds=self._timing.goal_time_tolerance).to_msg()
        return goal

    def grip(self, gap: float, force: float, watch: Watch) -> GripperState:
        """See `Robot`."""
        goal = GripperCommand.Goal()
        goal.command.position, goal.command.max_effort = float(gap), float(force)
        name, limit = self._arm.controllers.gripper, self._timing.gripper

        def failed(reason: str) -> OutcomeError:
            return OutcomeError(
                Outcome.GRIPPER_FAILED, f"{name} {reason} (asked for {gap * 1e3:.1f} mm with {force:.1f} N)"
            )

        late = f"had not finished after {limit:.1f} s; it was canceled"
        try:
            answer = self._run(self._gripper, goal, name, watch, limit, lambda: failed(late))
        except GoalRejected:
            raise failed("rejected the command") from None
        result = answer.result
        # A driver that does not allow stalling aborts when it grasps something: that is no failure.
        if answer.status == GoalStatus.STATUS_SUCCEEDED or result.stalled:
            return GripperState(result.position, result.stalled, result.reached_goal)
        watch()
        ended = "was canceled by someone else" if answer.status == GoalStatus.STATUS_CANCELED else "aborted"
        raise failed(f"{ended} at {result.position * 1e3:.1f} mm, neither stalled nor at the goal")

    def halt(self) -> None:
        """Have the arm's controller cancel every goal, whoever sent it. Returns at once."""
        if self._cancel_all.service_is_ready():
            self._cancel_all.call_async(CancelGoal.Request())  # no goal and no time: all goals

    def is_still(self) -> bool:
        """Whether no joint moves, by joint states from now on; takes a tenth of a second of wall time or more.

        Raises:
            OutcomeError: DRIVER_LOST.
        """
        self._catch_up()
        before = self.positions()
        time.sleep(_STILL_SECONDS)
        self._catch_up()
        after = self.positions()
        return all(abs(after[name] - before[name]) < _STILL for name in self._arm.joints)

    def _run(
        self,
        client: LockedActionClient,
        goal: object,
        name: str,
        watch: Watch,
        limit: float,
        late: Callable[[], OutcomeError],
    ) -> object:
        guard = self._guard(watch)
        presence = Presence(client.server_is_ready, self._timing.silence)
        end = self.now() + limit

        def check() -> None:
            guard()
            if presence.lost():
                raise OutcomeError(Outcome.DRIVER_LOST, f"{name} vanished while it was in motion")
            if self.now() > end:
                raise late()

        try:
            answer = run_goal(
                client,
                goal,
                check,
                who=name,
                response_timeout=self._timing.response,
                halt_timeout=self._timing.halt,
            )
        except OutcomeError as error:
            if error.outcome is not Outcome.DRIVER_LOST:
                self._catch_up()
            raise
        self._catch_up()
        return answer

    def _catch_up(self) -> None:
        """Wait for joint states from now on. An answer may overtake them, and nobody must judge by older ones."""
        ended = time.monotonic()
        while not self._states.is_newer_than(ended) and time.monotonic() - ended < self._timing.silence:
            time.sleep(POLL_SECONDS / 2)

    def _guard(self, watch: Watch) -> Watch:
        """A watch that also notices joint states that no longer come, and a clock that stands still or goes back."""
        last = self.now()
        changed = time.monotonic()

        def check() -> None:
            nonlocal last, changed
            watch()
            self.positions()
            now, wall = self.now(), time.monotonic()
            if now < last - _BACK_SECONDS:
                raise OutcomeError(
                    Outcome.DRIVER_LOST,
                    f"the clock went back by {last - now:.1f} s; was the simulation started anew, or the time set?",
                )
            if now != last:
                last, changed = now, wall
            elif wall - changed > self._timing.silence:
                raise OutcomeError(
                    Outcome.DRIVER_LOST, f"the clock has stood still for {wall - changed:.1f} s; the simulation is gone"
                )

        return check
