from __future__ import annotations

import numpy as np
import pytest

from grasp_execution.trajectory import Trajectory
from grasp_sim.control.trajectory_following import Follower, Tolerances, TrajectoryError, Verdict

TRAJECTORY = Trajectory(("a", "b"), np.array([0.0, 2.0]), np.array([[0.0, 1.0], [0.4, 1.0]]))
STILL = np.zeros(2)


def follower(*, path_velocity: float = np.inf, goal_time: float = 1.0) -> Follower:
    path = Tolerances(np.array([0.1, 0.1]), np.array([path_velocity, np.inf]))
    goal = Tolerances(np.array([0.01, 0.01]), np.array([0.05, 0.05]))
    return Follower(TRAJECTORY, 10.0, path, goal, goal_time)


def test_desired_positions_before_during_and_after() -> None:
    np.testing.assert_allclose(follower().desired(9.0), [[0.0, 1.0], [0.0, 0.0]])
    np.testing.assert_allclose(follower().desired(11.0), [[0.2, 1.0], [0.2, 0.0]])
    np.testing.assert_allclose(follower().desired(12.5), [[0.4, 1.0], [0.0, 0.0]])


def test_goes_on_within_the_path_tolerance() -> None:
    assert follower().judge(11.0, np.array([0.29, 1.0]), STILL) is None


def test_path_tolerance_in_position() -> None:
    assert follower().judge(11.0, np.array([0.2, 0.85]), STILL) == Verdict(
        TrajectoryError.PATH_TOLERANCE_VIOLATED,
        "b is off by -0.1500 rad in position, 0.1000 are allowed on the path, 1.000 s after the start",
    )


def test_path_tolerance_in_velocity() -> None:
    verdict = follower(path_velocity=0.15).judge(11.0, np.array([0.2, 1.0]), STILL)
    assert verdict is not None
    assert verdict.code == TrajectoryError.PATH_TOLERANCE_VIOLATED
    assert verdict.message.startswith("a is off by -0.2000 rad/s in velocity, 0.1500 are allowed")


def test_the_path_is_watched_while_waiting_for_the_start() -> None:
    verdict = follower().judge(9.0, np.array([0.2, 1.0]), STILL)
    assert verdict is not None and verdict.code == TrajectoryError.PATH_TOLERANCE_VIOLATED


def test_success_at_the_end_only() -> None:
    at_goal = np.array([0.395, 1.0])
    assert follower().judge(11.99, at_goal, STILL) is None
    assert follower().judge(12.0, at_goal, STILL) == Verdict(TrajectoryError.SUCCESSFUL, "the goal is reached")


@pytest.mark.parametrize(
    ("positions", "velocities", "reason"),
    [
        ([0.38, 1.0], [0.0, 0.0], "a is off by -0.0200 rad in position, 0.0100 are allowed at the goal, 1.100 s"),
        ([0.4, 1.0], [0.0, 0.06], "b is off by 0.0600 rad/s in velocity, 0.0500 are allowed at the goal, 1.100 s"),
    ],
)
def test_goal_tolerance_after_the_goal_time(positions: list[float], velocities: list[float], reason: str) -> None:
    state = np.array(positions), np.array(velocities)
    assert follower().judge(12.9, *state) is None
    verdict = follower().judge(13.1, *state)
    assert verdict is not None
    assert verdict.code == TrajectoryError.GOAL_TOLERANCE_VIOLATED
    assert verdict.message.startswith(reason)


def test_the_path_tolerance_does_not_hold_after_the_end() -> None:
    assert follower().judge(12.5, np.array([0.0, 1.0]), STILL) is None


def test_an_unrestricted_goal_time_waits_for_ever() -> None:
    assert follower(goal_time=np.inf).judge(1e6, np.array([0.3, 1.0]), STILL) is None
