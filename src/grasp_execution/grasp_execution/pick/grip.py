"""Whether the gripper still holds what it closed on, judged by the gap between its fingers."""

from __future__ import annotations

from collections.abc import Callable

from grasp_execution.pick.options import PickOptions
from grasp_execution.pick.ports import GripperState, Robot, Watch
from grasp_perception.outcomes import Outcome, OutcomeError
from grasp_planning.gripper import Gripper


class Grip:
    """From closing to release.

    Fingers that hold something are farther apart than when closed on nothing, and come together when it
    slips out.
    """

    def __init__(self, robot: Robot, gripper: Gripper, options: PickOptions) -> None:
        self._robot = robot
        self._options = options
        self._closed = gripper.min_opening
        self._empty = gripper.min_opening + options.empty_gap
        self._force = options.close_force or gripper.max_force

    def close(self, watch: Watch) -> None:
        """Close the fingers on what is between them.

        Raises:
            OutcomeError: GRASP_EMPTY: nothing was; GRIPPER_FAILED: they stopped for no reason; or what
                the robot raises.
        """
        state = self._robot.grip(self._closed, self._force, watch)
        if state.gap <= self._empty:
            raise OutcomeError(Outcome.GRASP_EMPTY, self._nothing(state.gap))
        if not state.stalled:
            raise OutcomeError(Outcome.GRIPPER_FAILED, self._unclear(state))

    def verify(self, lost: Outcome, watch: Watch) -> None:
        """Check that the gap stays as it is for a while.

        Args:
            lost: The outcome if it does not.
            watch: See `ports`.

        Raises:
            OutcomeError: `lost`, or what the robot or `watch` raises.
        """
        check = self.watched(lost, watch)
        self._robot.pause(self._options.verify_seconds / 2, check)
        before = self._robot.gap()
        self._robot.pause(self._options.verify_seconds / 2, check)
        check()
        after = self._robot.gap()
        if before - after > self._options.creep_gap:
            raise OutcomeError(lost, f"the fingers keep closing, now {after * 1e3:.1f} mm apart: it is slipping out")

    def watched(self, lost: Outcome, watch: Watch) -> Callable[[], None]:
        """A watch that also raises `lost` as soon as the object is gone."""

        def check() -> None:
            watch()
            gap = self._robot.gap()
            if gap <= self._empty:
                raise OutcomeError(lost, self._nothing(gap))

        return check

    def _nothing(self, gap: float) -> str:
        return f"the fingers are {gap * 1e3:.1f} mm apart: there is nothing between them"

    def _unclear(self, state: GripperState) -> str:
        reached = "reached its goal" if state.reached else "neither stalled nor reached its goal"
        return f"the gripper stopped {state.gap * 1e3:.1f} mm apart and {reached}; check its driver's stall detection"
