"""What became of the objects, if a simulator tells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from grasp_execution.pick.ports import GroundTruth, ObjectTruth, Robot, Watch

_MOVED = 0.005
_POLL_SECONDS = 0.1


class Verdict:
    """Compares the scene before, during and after a pick.

    Attributes:
        known: Whether the simulator answered every time it was asked, last of all by `after`.
        success: Whether an object is in the bin that was not there before.
        name: The object picked or touched: the one that came into the bin, else the one held, else the one
            that moved the most.
    """

    def __init__(self, truth: GroundTruth | None) -> None:
        self._truth = truth
        self._before: dict[str, ObjectTruth] | None = None
        self._held = ""
        self.known = False
        self.success = False
        self.name = ""

    def before(self, watch: Watch) -> None:
        """Remember the scene; without an answer nothing will be known."""
        if self._truth is not None:
            states = self._truth.objects(watch)
            self._before = None if states is None else {state.name: state for state in states}

    def during(self, watch: Watch) -> None:
        """Remember which object the gripper holds."""
        for state in self._ask(watch):
            if state.held:
                self._held = self.name = state.name

    def after(self, watch: Watch) -> None:
        """Judge the scene as it is now."""
        now = self._ask(watch)
        before = self._before
        self.known = before is not None
        if before is None:
            self.success = False
            return
        arrived = [state.name for state in now if state.in_bin and not _in_bin(before.get(state.name))]
        self.success = bool(arrived)
        if arrived:
            self.name = self._held if self._held in arrived else arrived[0]
        elif self._held:
            self.name = self._held
        else:
            self.name = _moved_most(now, before)

    def settle(self, robot: Robot, seconds: float, watch: Watch) -> None:
        """Judge until an object is in the bin, at most for a span of the robot's clock."""
        deadline = robot.now() + seconds
        self.after(watch)
        while self.known and not self.success and robot.now() < deadline:
            robot.pause(_POLL_SECONDS, watch)
            self.after(watch)

    def _ask(self, watch: Watch) -> Sequence[ObjectTruth]:
        if self._before is None or self._truth is None:
            return ()
        states = self._truth.objects(watch)
        if states is None:
            self._before = None  # who is silent once is not asked again
            return ()
        return states


def _moved_most(now: Sequence[ObjectTruth], before: Mapping[str, ObjectTruth]) -> str:
    moved = {
        state.name: float(np.linalg.norm(np.subtract(state.position, before[state.name].position)))
        for state in now
        if state.name in before
    }
    most = max(moved, key=moved.__getitem__, default="")
    return most if most and moved[most] > _MOVED else ""


def _in_bin(state: ObjectTruth | None) -> bool:
    return state is not None and state.in_bin
