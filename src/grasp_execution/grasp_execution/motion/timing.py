"""From a path to a trajectory: as fast as the limits allow (TOPP-RA, Pham and Pham 2018)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import toppra
from numpy.typing import NDArray

from grasp_execution.trajectory import Trajectory
from grasp_perception.outcomes import Outcome, OutcomeError

FloatArray = NDArray[np.float64]

toppra.setup_logging("ERROR")

_INTERVAL = 0.04
"""Greatest time between two points of a trajectory, s;"""
_MOST_POINTS = 5000
"""but no more than so many points: then the motion is so slow that they are near to each other."""
_SPACING = 0.05
"""Greatest change of a joint between two knots of the spline, rad; a sparser spline would leave the path."""
_STILL = 1e-6
"""A path shorter than this in every joint is no motion, rad."""
_CHECKS = 20
"""How often a trajectory is checked against the limits between two of its points."""
_BETWEEN_CHECKS = 1.002
"""How much more than at the checks a trajectory may exceed the limits between them."""


def time_path(
    joint_names: Sequence[str],
    path: FloatArray,
    velocity: FloatArray,
    acceleration: FloatArray,
    distances: FloatArray | None = None,
    tool_speed: float = np.inf,
) -> Trajectory:
    """Time a path.

    Args:
        joint_names: J names.
        path: (N, J) waypoints, N >= 1; followed linearly, at rest at both ends.
        velocity: (J,) limits, rad/s.
        acceleration: (J,) limits, rad/s^2.
        distances: (N,) the tool's way at each waypoint, m, where its speed is limited.
        tool_speed: Greatest speed of the tool, m/s.

    Returns:
        Points at most about 40 ms apart with velocities and accelerations. Its quintic interpolation keeps
        the limits between the points too.

    Raises:
        OutcomeError: NO_MOTION_PLAN: the path cannot be timed.
    """
    names = tuple(joint_names)
    if np.abs(path - path[0]).max() < _STILL:
        still = np.zeros((2, len(names)))
        return Trajectory(names, np.array([0.0, _INTERVAL]), np.stack([path[0], path[-1]]), still, still)
    waypoints = path if distances is None else np.column_stack([path, distances])
    if distances is not None:
        # The tool's way is one more joint, with a speed limit and the time of a joint to reach it.
        velocity = np.append(velocity, tool_speed)
        acceleration = np.append(acceleration, tool_speed / 0.1)
    knots, waypoints = _densify(waypoints, len(names))
    spline = toppra.SplineInterpolator(knots, waypoints)
    limits = [
        toppra.constraint.JointVelocityConstraint(np.stack([-velocity, velocity], axis=1)),
        toppra.constraint.JointAccelerationConstraint(np.stack([-acceleration, acceleration], axis=1)),
    ]
    grid = np.linspace(knots[0], knots[-1], max(100, 2 * len(knots)) + 1)
    algorithm = toppra.algorithm.TOPPRA(limits, spline, gridpoints=grid, parametrizer="ParametrizeSpline")
    timed = algorithm.compute_trajectory(0.0, 0.0)
    if timed is None:
        raise OutcomeError(Outcome.NO_MOTION_PLAN, "the path cannot be timed within the limits of the joints")
    count = min(max(2, int(np.ceil(timed.duration / _INTERVAL)) + 1), _MOST_POINTS)
    times = np.linspace(0.0, timed.duration, count)
    positions, velocities, accelerations = timed(times), timed(times, 1), timed(times, 2)
    positions[0], positions[-1] = waypoints[0], waypoints[-1]
    velocities[[0, -1]] = 0.0
    stretch = _excess(Trajectory((*names, "tool") if distances is not None else names, times, positions, velocities,
                                 accelerations), velocity, acceleration)  # fmt: skip
    j = len(names)
    return Trajectory(
        names, times * stretch, positions[:, :j], velocities[:, :j] / stretch, accelerations[:, :j] / stretch**2
    )


def _excess(trajectory: Trajectory, velocity: FloatArray, acceleration: FloatArray) -> float:
    """By how much a trajectory must be stretched in time to keep the limits everywhere, at least 1."""
    count = (len(trajectory.times) - 1) * _CHECKS + 1
    _, v, a = trajectory.evaluate(np.linspace(0.0, trajectory.duration, count, dtype=np.float64))
    excess = max(float((np.abs(v) / velocity).max()), float(np.sqrt((np.abs(a) / acceleration).max())))
    return max(1.0, excess * _BETWEEN_CHECKS)


def _densify(path: FloatArray, joints: int) -> tuple[FloatArray, FloatArray]:
    """Knots (M,) and waypoints (M, D) of a path (N, D), near enough to each other for a cubic spline."""
    steps = np.abs(np.diff(path[:, :joints], axis=0)).max(axis=1)
    keep = np.concatenate([[True], steps > _STILL])
    if not keep[-1]:  # keep the end exactly
        keep[np.flatnonzero(keep)[-1]] = False
        keep[0] = keep[-1] = True
    path = path[keep]
    steps = np.abs(np.diff(path[:, :joints], axis=0)).max(axis=1)
    counts = np.maximum(1, np.ceil(steps / _SPACING).astype(int))
    dense = [path[:1]]
    for start, end, count in zip(path[:-1], path[1:], counts):
        dense.append(start + (end - start) * (np.arange(1, count + 1) / count)[:, None])
    waypoints = np.concatenate(dense)
    lengths = np.linalg.norm(np.diff(waypoints[:, :joints], axis=0), axis=1)
    return np.concatenate([[0.0], np.cumsum(lengths)]), waypoints
