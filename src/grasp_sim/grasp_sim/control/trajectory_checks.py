"""Checking a trajectory before anything moves.

A goal is refused with one of FollowJointTrajectory's error codes and a sentence that names the
joint, the point and the numbers. The rules are joint_trajectory_controller's defaults (all joints,
strictly increasing times, standing still at the end), and this arm's limits on top.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from grasp_execution.trajectory import Trajectory
from grasp_sim.control.joint_limits import JointLimits
from grasp_sim.control.trajectory_following import Follower, Tolerances, TrajectoryError
from grasp_sim.control.trajectory_goal import (
    FollowingDefaults,
    PointFields,
    ToleranceFields,
    TrajectoryGoal,
    TrajectoryRefused,
)
from grasp_sim.control.trajectory_start import from_state, remaining

POSITION_SLACK = 1e-4
"""rad; planners touch a limit up to rounding."""
VELOCITY_SLACK = 0.02
"""Share of the limit; splines through a time-optimal path overshoot by about a percent."""
STANDING_STILL = 1e-3
"""rad/s of a last point that count as zero."""
LATEST_STAMP_AGE = 0.1
"""Seconds by which a start stamp may lie in the past and still mean now: the way of the message."""
LONGEST_WAIT = 60.0
"""Seconds by which a start stamp may lie in the future; beyond, the clocks disagree."""
_FRACTIONS = (0.25, 0.5, 0.75)
"""Where between two points the spline is checked."""


@dataclass(frozen=True, slots=True, eq=False)
class CheckedGoal:
    """A goal of which all is right that does not depend on the present state."""

    trajectory: Trajectory
    """Joints in the arm's order."""
    stamp: float
    path: Tolerances
    goal: Tolerances
    goal_time: float
    limits: JointLimits
    defaults: FollowingDefaults

    def begin(self, now: float, positions: NDArray[np.float64], velocities: NDArray[np.float64]) -> Follower:
        """Start from the present state.

        A first point that is still to come is reached from the present state on a spline, so that a trajectory
        replaces another one without a halt. Of a stamp in the past, the points that should have been passed by now
        are left out: the rest keeps its times.

        Args:
            now: Seconds.
            positions: (J,) where the joints are, in the arm's order.
            velocities: (J,) how fast they move.

        Raises:
            TrajectoryRefused: The stamp is too old or too far ahead, or the first point too far away.
        """
        trajectory = remaining(self.trajectory, now - self._start(now))
        if trajectory.times[0] > 0.0:
            trajectory = from_state(trajectory, positions, velocities)
            _check_first_segment(trajectory, self.limits)
        else:
            gaps = positions - trajectory.positions[0]
            far = np.abs(gaps) > self.defaults.start_position
            if far.any():
                joint = int(np.argmax(far))
                raise _invalid(
                    f"the trajectory starts too far from where the arm is: {trajectory.joint_names[joint]} stands at "
                    f"{positions[joint]:.4f} rad, point 0 (time 0) wants {trajectory.positions[0, joint]:.4f}, "
                    f"{self.defaults.start_position} apart are allowed; plan from the latest joint states"
                )
        return Follower(trajectory, now, self.path, self.goal, self.goal_time)

    def _start(self, now: float) -> float:
        if self.stamp == 0.0:
            return now
        if self.stamp < now - LATEST_STAMP_AGE:
            raise TrajectoryRefused(
                TrajectoryError.OLD_HEADER_TIMESTAMP,
                f"the trajectory was to start at {self.stamp:.3f} s, now it is {now:.3f} s; a stamp of 0 means at once",
            )
        if self.stamp > now + LONGEST_WAIT:
            raise _invalid(
                f"the trajectory is to start at {self.stamp:.3f} s, now it is {now:.3f} s and a wait of up to "
                f"{LONGEST_WAIT:.0f} s is allowed; does the client use simulated time (use_sim_time)?"
            )
        return self.stamp


def check_goal(goal: TrajectoryGoal, limits: JointLimits, defaults: FollowingDefaults) -> CheckedGoal:
    """Check everything about a goal that does not depend on the present state.

    Args:
        goal: As it came, its joints in any order.
        limits: Of the arm's joints; their order is the order of the result.
        defaults: For what the goal leaves open.

    Raises:
        TrajectoryRefused: INVALID_JOINTS or INVALID_GOAL.
    """
    if goal.other_dofs:
        raise _invalid("multi-DoF joints and component tolerances are not supported: this arm has joints only")
    order = _joint_order(goal.joint_names, limits.names)
    if not goal.points:
        raise _invalid("the trajectory has no points; cancel the goal to stop the arm")
    times = _times(goal.points)
    arrays = {name: _array(goal, name, order) for name in ("positions", "velocities", "accelerations")}
    if any(point.effort for point in goal.points):
        raise _invalid("efforts in trajectory points are not supported: leave them empty")
    if arrays["positions"] is None:
        raise _invalid("the points have no positions")
    if arrays["velocities"] is None and arrays["accelerations"] is not None:
        raise _invalid("the points have accelerations but no velocities")
    trajectory = Trajectory(limits.names, times, arrays["positions"], arrays["velocities"], arrays["accelerations"])
    _check_points(trajectory, limits)
    _check_between(trajectory, limits)
    if np.isnan(goal.stamp) or not np.isfinite(goal.goal_time):
        raise _invalid(f"stamp {goal.stamp} and goal_time_tolerance {goal.goal_time} must be finite")
    return CheckedGoal(
        trajectory=trajectory,
        stamp=goal.stamp,
        path=_tolerances("path", goal.path_tolerance, limits.names, defaults.path_position, np.inf),
        goal=_tolerances("goal", goal.goal_tolerance, limits.names, defaults.goal_position, defaults.goal_velocity),
        goal_time=np.inf if goal.goal_time < 0 else goal.goal_time or defaults.goal_time,
        limits=limits,
        defaults=defaults,
    )


def _invalid(message: str) -> TrajectoryRefused:
    return TrajectoryRefused(TrajectoryError.INVALID_GOAL, message)


def _joint_order(given: tuple[str, ...], wanted: tuple[str, ...]) -> list[int]:
    def refused(what: str, names: list[str]) -> TrajectoryRefused:
        return TrajectoryRefused(
            TrajectoryError.INVALID_JOINTS, f"{what} {', '.join(names)}; the arm's joints are {', '.join(wanted)}"
        )

    if repeated := sorted({name for name in given if given.count(name) > 1}):
        raise refused("joints named more than once:", repeated)
    if unknown := [name for name in given if name not in wanted]:
        raise refused("joints that this arm does not have:", unknown)
    if missing := [name for name in wanted if name not in given]:
        raise refused("joints missing from the trajectory:", missing)
    return [given.index(name) for name in wanted]


def _times(points: Sequence[PointFields]) -> NDArray[np.float64]:
    times = np.array([point.time for point in points])
    if not np.isfinite(times).all() or times[0] < 0.0:
        raise _invalid(f"times must be finite and not negative, point {int(np.argmin(times))} is at {times.min()} s")
    falling = np.diff(times) <= 0.0
    if falling.any():
        i = int(np.argmax(falling))
        raise _invalid(
            f"times must increase strictly, but point {i} is at {times[i]:.6g} s and point {i + 1} at "
            f"{times[i + 1]:.6g} s"
        )
    return times


def _array(goal: TrajectoryGoal, field_name: str, order: list[int]) -> NDArray[np.float64] | None:
    """(N, J) of all points in the arm's order, or None if no point has any."""
    rows: list[tuple[float, ...]] = [getattr(point, field_name) for point in goal.points]
    if not any(rows):
        return None
    for i, row in enumerate(rows):
        if len(row) != len(order):
            raise _invalid(
                f"point {i} has {len(row)} {field_name} for {len(order)} joints; give them at every point, or at none"
            )
    array = np.array(rows)[:, order]
    wrong = ~np.isfinite(array)
    if wrong.any():
        i, joint = np.argwhere(wrong)[0]
        raise _invalid(
            f"{field_name} must be finite, but {goal.joint_names[order[joint]]} has {array[i, joint]} at point {i}"
        )
    return array


def _check_points(trajectory: Trajectory, limits: JointLimits) -> None:
    for i, positions in enumerate(trajectory.positions):
        _check_positions(positions, limits, f"at point {i}")
    if trajectory.velocities is None:
        return
    for i, velocities in enumerate(trajectory.velocities):
        _check_velocities(velocities, limits, f"at point {i}")
    moving = np.abs(trajectory.velocities[-1]) > STANDING_STILL
    if moving.any():
        joint = int(np.argmax(moving))
        raise _invalid(
            f"the arm must stand still at the end, but {limits.names[joint]} has "
            f"{trajectory.velocities[-1, joint]:.4f} rad/s at point {len(trajectory.times) - 1}, the last"
        )


def _check_between(trajectory: Trajectory, limits: JointLimits) -> None:
    """Check the splines: they may leave the limits although all points keep them."""
    for i, (begin, end) in enumerate(zip(trajectory.times[:-1], trajectory.times[1:])):
        for fraction in _FRACTIONS:
            positions, velocities = trajectory.sample(begin + fraction * (end - begin))
            _check_velocities(velocities, limits, f"between points {i} and {i + 1}")
            _check_positions(positions, limits, f"between points {i} and {i + 1}")


def _check_first_segment(trajectory: Trajectory, limits: JointLimits) -> None:
    """Check the spline from the present state; where the arm already is, is not the client's fault."""
    for fraction in _FRACTIONS:
        _, velocities = trajectory.sample(fraction * float(trajectory.times[1]))
        _check_velocities(velocities, limits, "on the way to point 0")


def _check_positions(positions: NDArray[np.float64], limits: JointLimits, where: str) -> None:
    outside = (positions < limits.lower - POSITION_SLACK) | (positions > limits.upper + POSITION_SLACK)
    if outside.any():
        joint = int(np.argmax(outside))
        raise _invalid(
            f"{limits.names[joint]} leaves its limits {where}: {positions[joint]:.4f} rad is outside "
            f"[{limits.lower[joint]:.4f}, {limits.upper[joint]:.4f}]"
        )


def _check_velocities(velocities: NDArray[np.float64], limits: JointLimits, where: str) -> None:
    fast = np.abs(velocities) > limits.velocity * (1.0 + VELOCITY_SLACK)
    if fast.any():
        joint = int(np.argmax(fast))
        raise _invalid(
            f"{limits.names[joint]} is too fast {where}: {abs(velocities[joint]):.4f} rad/s, "
            f"{limits.velocity[joint]:.4f} are allowed"
        )


def _tolerances(
    kind: str, given: Sequence[ToleranceFields], names: tuple[str, ...], position: float, velocity: float
) -> Tolerances:
    positions, velocities = np.full(len(names), position), np.full(len(names), velocity)
    for tolerance in given:
        if tolerance.name not in names:
            raise TrajectoryRefused(
                TrajectoryError.INVALID_JOINTS,
                f"a {kind} tolerance is for '{tolerance.name}'; the arm's joints are {', '.join(names)}",
            )
        if tolerance.acceleration > 0:
            raise _invalid(f"the {kind} tolerance of {tolerance.name} bounds the acceleration, which is not measured")
        joint = names.index(tolerance.name)
        for quantity, values in (("position", positions), ("velocity", velocities)):
            value: float = getattr(tolerance, quantity)
            if value > 0:
                values[joint] = value
            elif value == -1:
                values[joint] = np.inf
            elif value != 0:
                raise _invalid(
                    f"the {kind} tolerance of {tolerance.name} has the {quantity} {value}; allowed are numbers > 0, "
                    "0 for the default and -1 for unrestricted"
                )
    return Tolerances(positions, velocities)
