"""One planned motion of a pick, and what it must satisfy before it is sent to the arm."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from grasp_execution.trajectory import Trajectory
from grasp_perception.outcomes import Outcome, OutcomeError


@dataclass(frozen=True, slots=True, eq=False)
class Leg:
    """A motion with its name for messages."""

    name: str
    trajectory: Trajectory
    check_goal: Callable[[], None] | None = None
    """Raises an OutcomeError if the tool must not go where the motion ends."""

    def end(self) -> dict[str, float]:
        """Positions of the arm's joints at the end, rad."""
        return dict(zip(self.trajectory.joint_names, map(float, self.trajectory.positions[-1])))

    def check(self, joints: tuple[str, ...], present: Mapping[str, float], start_tolerance: float) -> None:
        """Check the motion just before it begins.

        Args:
            joints: Those of the arm.
            present: Where they are, rad.
            start_tolerance: How far each may be from the start of the motion, rad.

        Raises:
            OutcomeError: NO_MOTION_PLAN: the trajectory is not one for this arm as it stands now;
                or what `check_goal` raises.
        """
        if self.check_goal is not None:
            self.check_goal()
        trajectory = self.trajectory
        if set(trajectory.joint_names) != set(joints):
            raise self._wrong(f"moves the joints {list(trajectory.joint_names)}, those of the arm are {list(joints)}")
        arrays = [trajectory.times, trajectory.positions]
        arrays += [array for array in (trajectory.velocities, trajectory.accelerations) if array is not None]
        if not len(trajectory.times) or not all(np.isfinite(array).all() for array in arrays):
            raise self._wrong("is empty, or has values that are not finite")
        if trajectory.times[0] < 0 or np.any(np.diff(trajectory.times) <= 0):
            raise self._wrong("has times that do not increase")
        for name, start in zip(trajectory.joint_names, trajectory.positions[0]):
            if abs(start - present[name]) > start_tolerance:
                raise self._wrong(
                    f"starts with {name} at {start:.3f} rad, but it is at {present[name]:.3f} rad; something "
                    "else moved the arm, or it does not hold its position"
                )

    def _wrong(self, reason: str) -> OutcomeError:
        return OutcomeError(Outcome.NO_MOTION_PLAN, f"the trajectory of the {self.name} {reason}")
