from __future__ import annotations

import numpy as np
import pytest

from grasp_execution.motion.timing import time_path

VELOCITY = np.array([0.7, 1.4, 1.4])
ACCELERATION = np.array([2.0, 3.0, 4.0])
NAMES = ("a", "b", "c")


def timed(path, **options):
    return time_path(NAMES, np.array(path, dtype=float), VELOCITY, ACCELERATION, **options)


def zigzag(seed: int) -> np.ndarray:
    return np.cumsum(np.random.default_rng(seed).uniform(-0.6, 0.6, (6, 3)), axis=0)


@pytest.mark.parametrize("seed", range(8))
def test_limits_hold_between_the_points_too(seed):
    trajectory = timed(zigzag(seed))
    _, velocity, acceleration = trajectory.evaluate(np.linspace(0.0, trajectory.duration, 5003))
    assert (np.abs(velocity) / VELOCITY).max() <= 1.0
    assert (np.abs(acceleration) / ACCELERATION).max() <= 1.0


@pytest.mark.parametrize("seed", range(4))
def test_ends_are_exact_and_at_rest(seed):
    path = zigzag(seed)
    trajectory = timed(path)
    np.testing.assert_array_equal(trajectory.positions[[0, -1]], path[[0, -1]])
    np.testing.assert_array_equal(trajectory.velocities[[0, -1]], np.zeros((2, 3)))
    assert trajectory.times[0] == 0.0
    assert np.diff(trajectory.times).min() > 0.0 and np.diff(trajectory.times).max() < 0.06


def test_one_joint_moves_as_fast_as_its_limits_allow():
    # 1.4 rad at 0.7 rad/s with 2 rad/s^2: 1.4 / 0.7 + 0.7 / 2 = 2.35 s.
    trajectory = timed([[0.0, 0.0, 0.0], [1.4, 0.0, 0.0]])
    assert trajectory.duration == pytest.approx(2.35, rel=0.05)
    assert np.abs(trajectory.positions[:, 1:]).max() < 1e-9


def test_a_slow_motion_has_no_more_points_than_others():
    path = np.array([[0.0, 0.0, 0.0], [0.5, 0.0, 0.0], [0.5, 0.5, 0.0]])
    trajectory = time_path(NAMES, path, 1e-4 * VELOCITY, 1e-4 * ACCELERATION)
    assert trajectory.duration > 10_000 and len(trajectory.times) == 5000
    position, velocity, _ = trajectory.evaluate(np.linspace(0.0, trajectory.duration, 2000))
    assert (np.abs(velocity) <= 1e-4 * VELOCITY + 1e-12).all()
    assert np.minimum(np.abs(position[:, 1]), np.abs(position[:, 0] - 0.5)).max() < 0.02


def test_straight_path_stays_straight():
    trajectory = timed([[0.0, 0.0, 0.0], [1.0, 0.5, -0.5]])
    position, _, _ = trajectory.evaluate(np.linspace(0.0, trajectory.duration, 500))
    np.testing.assert_allclose(position[:, 1], 0.5 * position[:, 0], atol=1e-4)


def test_corner_is_cut_by_little():
    trajectory = timed([[0.0, 0.0, 0.0], [0.5, 0.0, 0.0], [0.5, 0.5, 0.0]])
    position, _, _ = trajectory.evaluate(np.linspace(0.0, trajectory.duration, 2000))
    off = np.minimum(np.abs(position[:, 1]), np.abs(position[:, 0] - 0.5))
    assert off.max() < 0.02


@pytest.mark.parametrize("path", [[[0.1, 0.2, 0.3]], [[0.1, 0.2, 0.3]] * 2, [[0.1, 0.2, 0.3]] * 5])
def test_no_way_to_go_is_a_short_stay(path):
    trajectory = timed(path)
    assert len(trajectory.times) == 2 and 0.0 < trajectory.duration < 0.1
    np.testing.assert_array_equal(trajectory.positions, [[0.1, 0.2, 0.3]] * 2)
    np.testing.assert_array_equal(trajectory.velocities, np.zeros((2, 3)))


def test_repeated_waypoints_do_no_harm():
    trajectory = timed([[0.0] * 3, [0.0] * 3, [0.3, 0.1, 0.0], [0.3, 0.1, 0.0], [0.5, 0.1, 0.1], [0.5, 0.1, 0.1]])
    np.testing.assert_array_equal(trajectory.positions[-1], [0.5, 0.1, 0.1])
    assert np.isfinite(trajectory.accelerations).all()


def test_tiny_motion():
    trajectory = timed([[0.0] * 3, [1e-4, 0.0, 0.0]])
    assert 0.0 < trajectory.duration < 0.2
    assert trajectory.positions[-1, 0] == 1e-4


def test_speed_of_the_tool_is_limited():
    path = np.linspace([0.0] * 3, [0.2, 0.1, 0.1], 11)
    trajectory = timed(path, distances=np.linspace(0.0, 0.1, 11), tool_speed=0.05)
    assert trajectory.duration > 0.1 / 0.05
    assert trajectory.positions.shape[1] == 3
    _, velocity, _ = trajectory.evaluate(np.linspace(0.0, trajectory.duration, 500))
    assert np.abs(velocity[:, 0]).max() * (0.1 / 0.2) <= 0.0501
