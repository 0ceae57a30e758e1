"""What is left of a trajectory when it begins, and the way there from where the arm is.

As joint_trajectory_controller does it: what is under way is replaced at once, without a halt.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from grasp_execution.trajectory import Trajectory

_LEAST_TIME = 0.02
"""Seconds to the next point of a trajectory with a start stamp: nearer ones could only be reached by a jerk."""


def remaining(trajectory: Trajectory, elapsed: float) -> Trajectory:
    """The points still to come, and always the last one, with times from now on.

    Args:
        trajectory: All points.
        elapsed: Seconds since its time was 0; negative if that is still to come.
    """
    if elapsed == 0.0:
        return trajectory
    first = min(int(np.searchsorted(trajectory.times, elapsed + _LEAST_TIME)), len(trajectory.times) - 1)

    def rest(rows: NDArray[np.float64] | None) -> NDArray[np.float64] | None:
        return None if rows is None else rows[first:]

    times = np.maximum(trajectory.times[first:] - elapsed, _LEAST_TIME)
    return Trajectory(
        trajectory.joint_names, times, trajectory.positions[first:], rest(trajectory.velocities),
        rest(trajectory.accelerations),
    )  # fmt: skip


def from_state(trajectory: Trajectory, positions: NDArray[np.float64], velocities: NDArray[np.float64]) -> Trajectory:
    """A trajectory with the present state as its first point.

    Args:
        trajectory: Its first time is later than 0.
        positions: (J,).
        velocities: (J,).
    """

    def put_in_front(row: NDArray[np.float64], rows: NDArray[np.float64] | None) -> NDArray[np.float64] | None:
        return None if rows is None else np.vstack([row, rows])

    return Trajectory(
        trajectory.joint_names,
        np.concatenate([[0.0], trajectory.times]),
        np.vstack([positions, trajectory.positions]),
        put_in_front(velocities, trajectory.velocities),
        put_in_front(np.zeros(len(positions)), trajectory.accelerations),
    )
