from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from grasp_sim.control.joint_limits import JointLimits
from grasp_sim.control.trajectory_checks import check_goal
from grasp_sim.control.trajectory_following import TrajectoryError
from grasp_sim.control.trajectory_goal import (
    FollowingDefaults,
    PointFields,
    ToleranceFields,
    TrajectoryGoal,
    TrajectoryRefused,
)

LIMITS = JointLimits(("a", "b"), np.array([-1.0, -2.0]), np.array([1.0, 2.0]), np.array([0.5, 1.0]))
DEFAULTS = FollowingDefaults()
GOAL = TrajectoryGoal(
    joint_names=("a", "b"),
    points=(
        PointFields(0.0, (0.0, 0.0), (0.0, 0.0)),
        PointFields(1.0, (0.2, -0.4), (0.2, -0.4)),
        PointFields(2.0, (0.4, -0.8), (0.0, 0.0)),
    ),
)


def changed(index: int, **fields: object) -> TrajectoryGoal:
    """GOAL with fields of one point replaced."""
    points = list(GOAL.points)
    points[index] = replace(points[index], **fields)
    return replace(GOAL, points=tuple(points))


def refusal(goal: TrajectoryGoal) -> TrajectoryRefused:
    with pytest.raises(TrajectoryRefused) as caught:
        check_goal(goal, LIMITS, DEFAULTS)
    return caught.value


def test_a_good_goal_keeps_its_numbers() -> None:
    checked = check_goal(GOAL, LIMITS, DEFAULTS)
    assert checked.trajectory.joint_names == ("a", "b")
    np.testing.assert_array_equal(checked.trajectory.times, [0.0, 1.0, 2.0])
    np.testing.assert_array_equal(checked.trajectory.positions, [[0, 0], [0.2, -0.4], [0.4, -0.8]])
    np.testing.assert_array_equal(checked.trajectory.velocities, [[0, 0], [0.2, -0.4], [0, 0]])
    assert checked.trajectory.accelerations is None
    assert checked.goal_time == DEFAULTS.goal_time


def test_joints_in_another_order_are_put_into_the_arms() -> None:
    points = tuple(replace(p, positions=p.positions[::-1], velocities=p.velocities[::-1]) for p in GOAL.points)
    checked = check_goal(replace(GOAL, joint_names=("b", "a"), points=points), LIMITS, DEFAULTS)
    assert checked.trajectory.joint_names == ("a", "b")
    np.testing.assert_array_equal(checked.trajectory.positions[2], [0.4, -0.8])
    np.testing.assert_array_equal(checked.trajectory.velocities[1], [0.2, -0.4])


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("a", "c"), "joints that this arm does not have: c; the arm's joints are a, b"),
        (("a",), "joints missing from the trajectory: b; the arm's joints are a, b"),
        (("a", "b", "c"), "joints that this arm does not have: c; the arm's joints are a, b"),
        (("a", "b", "a"), "joints named more than once: a; the arm's joints are a, b"),
        ((), "joints missing from the trajectory: a, b; the arm's joints are a, b"),
    ],
)
def test_wrong_joints(names: tuple[str, ...], message: str) -> None:
    error = refusal(replace(GOAL, joint_names=names))
    assert error.code == TrajectoryError.INVALID_JOINTS
    assert str(error) == message


@pytest.mark.parametrize(
    ("goal", "message"),
    [
        (replace(GOAL, points=()), "the trajectory has no points"),
        (changed(2, time=1.0), "times must increase strictly, but point 1 is at 1 s and point 2 at 1 s"),
        (changed(1, time=2.5), "times must increase strictly, but point 1 is at 2.5 s and point 2 at 2 s"),
        (changed(0, time=-0.1), "times must be finite and not negative, point 0 is at -0.1 s"),
        (changed(1, time=math.nan), "times must be finite and not negative, point 1 is at nan s"),
        (changed(1, positions=(0.2, math.nan)), "positions must be finite, but b has nan at point 1"),
        (changed(1, velocities=(math.inf, 0.0)), "velocities must be finite, but a has inf at point 1"),
        (changed(1, positions=(0.2,)), "point 1 has 1 positions for 2 joints"),
        (changed(1, positions=(0.2, 0.3, 0.4)), "point 1 has 3 positions for 2 joints"),
        (changed(1, velocities=()), "point 1 has 0 velocities for 2 joints; give them at every point, or at none"),
        (changed(0, accelerations=(0.0, 0.0)), "point 1 has 0 accelerations for 2 joints"),
        (changed(0, effort=(1.0, 1.0)), "efforts in trajectory points are not supported"),
        (
            replace(GOAL, points=tuple(PointFields(p.time, (), p.velocities) for p in GOAL.points)),
            "the points have no positions",
        ),
        (
            replace(GOAL, points=tuple(PointFields(p.time, p.positions, (), (0.0, 0.0)) for p in GOAL.points)),
            "the points have accelerations but no velocities",
        ),
        (
            changed(1, positions=(0.2, -2.01)),
            "b leaves its limits at point 1: -2.0100 rad is outside [-2.0000, 2.0000]",
        ),
        (changed(1, velocities=(0.52, 0.0)), "a is too fast at point 1: 0.5200 rad/s, 0.5000 are allowed"),
        (changed(2, velocities=(0.0, 0.01)), "the arm must stand still at the end, but b has 0.0100 rad/s at point 2"),
        (changed(1, positions=(0.6, 0.0)), "a is too fast between points 0 and 1"),
        (replace(GOAL, other_dofs=True), "multi-DoF joints and component tolerances are not supported"),
        (replace(GOAL, goal_time=math.nan), "stamp 0.0 and goal_time_tolerance nan must be finite"),
        (replace(GOAL, stamp=math.nan), "stamp nan and goal_time_tolerance 0.0 must be finite"),
    ],
)
def test_invalid_goals(goal: TrajectoryGoal, message: str) -> None:
    error = refusal(goal)
    assert error.code == TrajectoryError.INVALID_GOAL
    assert str(error).startswith(message)


def test_the_mean_velocity_is_checked_without_velocities() -> None:
    points = (PointFields(0.0, (0.0, 0.0)), PointFields(0.1, (0.06, 0.0)))
    assert str(refusal(replace(GOAL, points=points))) == (
        "a is too fast between points 0 and 1: 0.6000 rad/s, 0.5000 are allowed"
    )
    check_goal(replace(GOAL, points=(points[0], replace(points[1], time=0.12))), LIMITS, DEFAULTS)


def test_a_spline_that_leaves_the_limits_between_good_points() -> None:
    points = (PointFields(0.0, (0.95, 0.0), (0.5, 0.0)), PointFields(1.0, (0.95, 0.0), (0.0, 0.0)))
    assert str(refusal(replace(GOAL, points=points))).startswith(
        "a leaves its limits between points 0 and 1: 1.0203 rad is outside"
    )


def test_limits_touched_up_to_rounding_are_kept() -> None:
    points = (PointFields(0.0, (1.0 + 1e-9, 0.0)), PointFields(1.0, (0.5 - 1e-9, 0.0)))
    check_goal(replace(GOAL, points=points), LIMITS, DEFAULTS)


class TestTolerances:
    def test_defaults(self) -> None:
        checked = check_goal(GOAL, LIMITS, DEFAULTS)
        np.testing.assert_array_equal(checked.path.position, [0.2, 0.2])
        np.testing.assert_array_equal(checked.path.velocity, [np.inf, np.inf])
        np.testing.assert_array_equal(checked.goal.position, [0.02, 0.02])
        np.testing.assert_array_equal(checked.goal.velocity, [0.05, 0.05])

    def test_zero_is_the_default_and_minus_one_is_unrestricted(self) -> None:
        goal = replace(
            GOAL,
            path_tolerance=(ToleranceFields("b", 0.03, 0.0), ToleranceFields("a", -1.0, 0.7)),
            goal_tolerance=(ToleranceFields("a", 0.0, -1.0, -1.0),),
            goal_time=-1.0,
        )
        checked = check_goal(goal, LIMITS, DEFAULTS)
        np.testing.assert_array_equal(checked.path.position, [np.inf, 0.03])
        np.testing.assert_array_equal(checked.path.velocity, [0.7, np.inf])
        np.testing.assert_array_equal(checked.goal.position, [0.02, 0.02])
        np.testing.assert_array_equal(checked.goal.velocity, [np.inf, 0.05])
        assert checked.goal_time == np.inf

    def test_of_an_unknown_joint(self) -> None:
        error = refusal(replace(GOAL, goal_tolerance=(ToleranceFields("c", 0.1),)))
        assert error.code == TrajectoryError.INVALID_JOINTS
        assert str(error) == "a goal tolerance is for 'c'; the arm's joints are a, b"

    @pytest.mark.parametrize("value", [-0.5, -2.0, math.nan])
    def test_meaningless_numbers(self, value: float) -> None:
        error = refusal(replace(GOAL, path_tolerance=(ToleranceFields("a", value),)))
        assert error.code == TrajectoryError.INVALID_GOAL
        assert str(error).startswith(f"the path tolerance of a has the position {value}; allowed are")

    def test_of_accelerations(self) -> None:
        error = refusal(replace(GOAL, path_tolerance=(ToleranceFields("a", 0.0, 0.0, 1.0),)))
        assert error.code == TrajectoryError.INVALID_GOAL
        assert "bounds the acceleration, which is not measured" in str(error)


class TestBegin:
    still = np.zeros(2)

    def begin(self, goal: TrajectoryGoal, now: float, positions: list[float], velocities: object = still) -> object:
        return check_goal(goal, LIMITS, DEFAULTS).begin(now, np.array(positions), np.asarray(velocities))

    def test_at_once(self) -> None:
        follower = self.begin(GOAL, 5.0, [0.01, -0.01])
        assert (follower.start, follower.end) == (5.0, 7.0)

    def test_in_the_future(self) -> None:
        follower = self.begin(replace(GOAL, stamp=6.5), 5.0, [0.0, 0.0])
        assert follower.end == 8.5
        np.testing.assert_allclose(follower.desired(6.5), np.zeros((2, 2)), atol=1e-12)
        np.testing.assert_allclose(follower.desired(7.5), [[0.2, -0.4], [0.2, -0.4]])

    def test_until_a_start_in_the_future_the_motion_goes_on(self) -> None:
        points = (PointFields(0.0, (0.05, 0.0), (0.5, 0.0)), PointFields(1.0, (0.2, 0.0), (0.0, 0.0)))
        follower = self.begin(replace(GOAL, stamp=5.1, points=points), 5.0, [0.0, 0.0], [0.5, 0.0])
        np.testing.assert_allclose(follower.desired(5.05), [[0.025, 0.0], [0.5, 0.0]])
        np.testing.assert_allclose(follower.desired(5.1), [[0.05, 0.0], [0.5, 0.0]])

    def test_a_stamp_of_just_now_keeps_the_times(self) -> None:
        follower = self.begin(replace(GOAL, stamp=4.95), 5.0, [0.01, 0.0], [0.1, -0.1])
        assert (follower.start, follower.end) == (5.0, 6.95)
        np.testing.assert_allclose(follower.desired(5.0), [[0.01, 0.0], [0.1, -0.1]])
        np.testing.assert_allclose(follower.desired(5.95), [[0.2, -0.4], [0.2, -0.4]])

    def test_a_stamp_in_the_past(self) -> None:
        with pytest.raises(TrajectoryRefused) as caught:
            self.begin(replace(GOAL, stamp=4.8), 5.0, [0.0, 0.0])
        assert caught.value.code == TrajectoryError.OLD_HEADER_TIMESTAMP
        assert str(caught.value).startswith("the trajectory was to start at 4.800 s, now it is 5.000 s")

    def test_a_stamp_of_another_clock(self) -> None:
        with pytest.raises(TrajectoryRefused) as caught:
            self.begin(replace(GOAL, stamp=1.7e9), 5.0, [0.0, 0.0])
        assert caught.value.code == TrajectoryError.INVALID_GOAL
        assert "does the client use simulated time" in str(caught.value)

    def test_too_far_from_the_present_state(self) -> None:
        with pytest.raises(TrajectoryRefused) as caught:
            self.begin(GOAL, 5.0, [0.0, 0.06])
        assert caught.value.code == TrajectoryError.INVALID_GOAL
        assert "b stands at 0.0600 rad, point 0 (time 0) wants 0.0000, 0.05 apart are allowed" in str(caught.value)

    def test_a_first_point_later_is_reached_from_the_present_state(self) -> None:
        points = tuple(replace(p, time=p.time + 1.0) for p in GOAL.points)
        follower = self.begin(replace(GOAL, points=points), 5.0, [-0.2, 0.1], [0.1, 0.0])
        assert follower.end == 8.0
        np.testing.assert_allclose(follower.desired(5.0), [[-0.2, 0.1], [0.1, 0.0]])
        np.testing.assert_allclose(follower.desired(6.0), [[0.0, 0.0], [0.0, 0.0]], atol=1e-12)
        np.testing.assert_allclose(follower.desired(8.0), [[0.4, -0.8], [0.0, 0.0]])

    def test_a_first_point_that_cannot_be_reached_in_time(self) -> None:
        points = tuple(replace(p, time=p.time + 0.1) for p in GOAL.points)
        with pytest.raises(TrajectoryRefused) as caught:
            self.begin(replace(GOAL, points=points), 5.0, [-0.2, 0.0])
        assert caught.value.code == TrajectoryError.INVALID_GOAL
        assert str(caught.value) == "a is too fast on the way to point 0: 2.2500 rad/s, 0.5000 are allowed"

    def test_one_point_is_a_trajectory(self) -> None:
        goal = replace(GOAL, points=(PointFields(1.0, (0.3, 0.0)),))
        follower = self.begin(goal, 0.0, [0.0, 0.0])
        np.testing.assert_allclose(follower.desired(0.5)[0], [0.15, 0.0])
