"""Following a trajectory: what is wanted now, and whether the joints are where they should be."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from grasp_execution.trajectory import Trajectory


class TrajectoryError(IntEnum):
    """The error codes of ``control_msgs/action/FollowJointTrajectory``."""

    SUCCESSFUL = 0
    INVALID_GOAL = -1
    INVALID_JOINTS = -2
    OLD_HEADER_TIMESTAMP = -3
    PATH_TOLERANCE_VIOLATED = -4
    GOAL_TOLERANCE_VIOLATED = -5


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a trajectory ended."""

    code: TrajectoryError
    message: str

    def __str__(self) -> str:
        return f"{self.code.name}: {self.message}"


@dataclass(frozen=True, slots=True, eq=False)
class Tolerances:
    """How far J joints may be from where they should be; inf = any distance."""

    position: NDArray[np.float64]
    """(J,) rad or m."""
    velocity: NDArray[np.float64]
    """(J,) rad/s or m/s."""

    def violation(
        self, position_errors: NDArray[np.float64], velocity_errors: NDArray[np.float64], names: tuple[str, ...]
    ) -> str | None:
        """The first joint that is too far away, in words; None if there is none.

        Args:
            position_errors: (J,) actual minus desired.
            velocity_errors: (J,) actual minus desired.
            names: Of the joints.
        """
        for errors, bounds, unit in (
            (position_errors, self.position, ""),
            (velocity_errors, self.velocity, "/s"),
        ):
            exceeded = np.abs(errors) > bounds
            if exceeded.any():
                joint = int(np.argmax(exceeded))
                quantity = "velocity" if unit else "position"
                return (
                    f"{names[joint]} is off by {errors[joint]:.4f} rad{unit} in {quantity}, "
                    f"{bounds[joint]:.4f} are allowed"
                )
        return None


@dataclass(frozen=True, slots=True, eq=False)
class Follower:
    """A trajectory being followed from a moment on.

    The rules are joint_trajectory_controller's: between start and end the joints must stay within
    the path tolerances; from the end on they have `goal_time` seconds to come within the goal
    tolerances.
    """

    trajectory: Trajectory
    start: float
    """Time at which the trajectory's own time is 0, seconds."""
    path: Tolerances
    goal: Tolerances
    """Its velocity part says what counts as standing still at the end."""
    goal_time: float
    """Seconds; inf = wait for ever."""

    @property
    def end(self) -> float:
        """Time at which the last point is reached, seconds."""
        return self.start + self.trajectory.duration

    def desired(self, time: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Positions (J,) and velocities (J,) wanted at a time; at rest before the start and after the end."""
        return self.trajectory.sample(time - self.start)

    def judge(self, time: float, positions: NDArray[np.float64], velocities: NDArray[np.float64]) -> Verdict | None:
        """Whether the trajectory has ended.

        Args:
            time: Now, seconds.
            positions: (J,) where the joints are.
            velocities: (J,) how fast they move.

        Returns:
            The verdict, or None as long as the motion goes on.
        """
        wanted_positions, wanted_velocities = self.desired(time)
        names = self.trajectory.joint_names
        if time < self.end:
            violation = self.path.violation(positions - wanted_positions, velocities - wanted_velocities, names)
            if violation is None:
                return None
            return Verdict(
                TrajectoryError.PATH_TOLERANCE_VIOLATED,
                f"{violation} on the path, {time - self.start:.3f} s after the start",
            )
        violation = self.goal.violation(positions - wanted_positions, velocities - wanted_velocities, names)
        if violation is None:
            return Verdict(TrajectoryError.SUCCESSFUL, "the goal is reached")
        if time <= self.end + self.goal_time:
            return None
        return Verdict(
            TrajectoryError.GOAL_TOLERANCE_VIOLATED,
            f"{violation} at the goal, {time - self.end:.3f} s after the trajectory's end",
        )
