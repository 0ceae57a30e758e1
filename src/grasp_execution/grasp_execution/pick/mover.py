"""Moving the arm and opening the gripper: what the stages and the recovery of a pick have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress

from grasp_execution.arm import Arm
from grasp_execution.motion.interface import JointGoal, LineGoal, MotionRequest, PoseGoal, SceneObject
from grasp_execution.pick.goals import check_around
from grasp_execution.pick.leg import Leg
from grasp_execution.pick.options import PickOptions
from grasp_execution.pick.ports import Ports, Watch
from grasp_perception.outcomes import Outcome, OutcomeError
from grasp_perception.transform import Transform
from grasp_planning.gripper import Gripper
from grasp_planning.workcell import TABLE, WorkCell

"""The work cell's table, as motion planners name it."""
_OPEN = 0.0005
"""m: fingers that are less than this short of their greatest opening hold nothing."""


class Mover:
    """Plans and carries out single motions, each checked before it begins.

    Attributes:
        escape: base_from_tool straight above what the tool may be in the middle of, or None when it is
            in the open. Leaving goes there first, and outlives a pick that was interrupted, unless the
            arm is moved in the meantime.
    """

    def __init__(self, arm: Arm, gripper: Gripper, workcell: WorkCell, ports: Ports, options: PickOptions) -> None:
        self.arm = arm
        self.gripper = gripper
        self.workcell = workcell
        self.options = options
        self.escape: Transform | None = None
        self._left: dict[str, float] | None = None
        self._ports = ports

    def start(self) -> dict[str, float]:
        """Present positions of the arm's joints and of the fingers, as the start of a plan.

        Raises:
            OutcomeError: DRIVER_LOST: the joint states lack one of them, or are not recent.
        """
        positions = self._ports.robot.positions()
        names = (*self.arm.joints, *self.arm.gripper_joints.names)
        missing = [name for name in names if name not in positions]
        if missing:
            raise OutcomeError(
                Outcome.DRIVER_LOST,
                f"the joint states lack {', '.join(missing)}; does another arm's driver run?",
            )
        return {name: positions[name] for name in names}

    def fingers(self, gap: float) -> dict[str, float]:
        """Positions of the finger joints at a gap."""
        names = self.arm.gripper_joints.names
        return {name: gap / len(names) for name in names}

    def at_home(self) -> bool:
        """Whether the arm is at home."""
        present, tolerance = self.start(), self.options.home_tolerance
        return all(abs(present[name] - value) <= tolerance for name, value in self.arm.home.items())

    def plan_pose(
        self,
        name: str,
        start: Mapping[str, float],
        goal: Transform,
        watch: Watch,
        *,
        straight: bool = False,
        held: SceneObject | None = None,
        allow_contact: tuple[str, ...] = (),
        check: Callable[[], None] | None = None,
    ) -> Leg:
        """Plan a motion of the tool to a pose.

        Args:
            name: Of the motion, for messages.
            start: Positions of the joints.
            goal: base_from_tool at the end; any of the two ways to turn the fingers.
            watch: See `ports`.
            straight: On a straight line.
            held: What the gripper holds.
            allow_contact: See `MotionRequest`.
            check: Raises if the tool must not go there; by default, `check_around`.

        Raises:
            OutcomeError: What `check`, the planner or `watch` raises.
        """
        check_goal = check or (lambda: check_around(goal, self.workcell, f"the goal of the {name}"))
        check_goal()
        kind = LineGoal if straight else PoseGoal
        scene = () if held is None else (held,)
        request = MotionRequest(kind(goal, symmetric=True), start, scene, allow_contact)
        return Leg(name, self._ports.motions.plan(request, watch), check_goal)

    def plan_home(self, name: str, start: Mapping[str, float], watch: Watch) -> Leg:
        """Plan a motion home.

        Raises:
            OutcomeError: What the planner or `watch` raises.
        """
        return Leg(name, self._ports.motions.plan(MotionRequest(JointGoal(dict(self.arm.home)), start), watch))

    def follow(self, leg: Leg, watch: Watch) -> None:
        """Carry out a motion.

        Raises:
            OutcomeError: The motion does not fit the present state, or what the robot raises.
        """
        leg.check(self.arm.joints, self.start(), self.options.start_tolerance)
        self._ports.robot.follow(leg.trajectory, watch)

    def open(self, gap: float, watch: Watch) -> None:
        """Open the fingers to a gap, unless they are there.

        Raises:
            OutcomeError: GRIPPER_FAILED: they did not get there; or what the robot raises.
        """
        if abs(self._ports.robot.gap() - gap) > self.options.gap_tolerance:
            self._spread(gap, watch)

    def let_go(self, watch: Watch) -> None:
        """Open the fingers all the way, also from around something that is nearly as wide.

        Raises:
            OutcomeError: See `open`.
        """
        if self._ports.robot.gap() < self.gripper.max_opening - _OPEN:
            self._spread(self.gripper.max_opening, watch)

    def _spread(self, gap: float, watch: Watch) -> None:
        state = self._ports.robot.grip(gap, self.gripper.max_force, watch)
        if abs(state.gap - gap) > self.options.gap_tolerance:
            raise OutcomeError(
                Outcome.GRIPPER_FAILED,
                f"the fingers stopped {state.gap * 1e3:.1f} mm apart instead of {gap * 1e3:.1f} mm; what blocks them?",
            )

    def note_where(self) -> None:
        """Remember where a pick leaves the arm, if that is in the middle of something."""
        if self.escape is not None and self._left is None:
            with suppress(OutcomeError):
                self._left = self.start()

    def leave(self, watch: Watch) -> None:
        """Go straight up out of what the tool is in the middle of, if it still is.

        Contact with the table is allowed: the fingers may be on it, and the motion leads away from it.

        Raises:
            OutcomeError: What the planner or the robot raises.
        """
        if self._was_moved():
            self.escape = None
        self._left = None
        if self.escape is None:
            return
        up = self.plan_pose("retreat", self.start(), self.escape, watch, straight=True, allow_contact=(TABLE,))
        self.follow(up, watch)
        self.escape = None

    def _was_moved(self) -> bool:
        """Whether someone moved the arm since the last pick."""
        if self._left is None:
            return False
        left, present, tolerance = self._left, self.start(), self.options.start_tolerance
        return any(abs(present[name] - left[name]) > tolerance for name in self.arm.joints)

    def go_home(self, watch: Watch) -> None:
        """Leave, and go home, unless the arm is there.

        Raises:
            OutcomeError: What the planner or the robot raises.
        """
        if self.at_home():
            self.escape = self._left = None
            return
        try:
            self.leave(watch)
        except OutcomeError as error:
            if not 200 <= error.outcome < 400:
                raise
            # No straight way up, for instance after the arm was moved by hand: any other way home will do.
            self.escape = None
        self.follow(self.plan_home("way home", self.start(), watch), watch)
