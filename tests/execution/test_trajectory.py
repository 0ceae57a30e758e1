from __future__ import annotations

import numpy as np
import pytest

from grasp_execution.trajectory import Trajectory

TIMES = np.array([0.0, 1.0, 3.0])


def quintic(t: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    t = np.asarray(t)[..., None]
    p = 0.1 * t**5 - 0.4 * t**3 + t
    v = 0.5 * t**4 - 1.2 * t**2 + 1
    a = 2.0 * t**3 - 2.4 * t
    return p, v, a


def test_quintic_is_met_exactly():
    trajectory = Trajectory(("a",), TIMES, *quintic(TIMES))
    times = np.linspace(0.0, 3.0, 50)
    for found, expected in zip(trajectory.evaluate(times), quintic(times)):
        np.testing.assert_allclose(found, expected, atol=1e-9)
    for time in times[:-1]:
        position, velocity = trajectory.sample(time)
        np.testing.assert_allclose(position, quintic(time)[0], atol=1e-9)
        np.testing.assert_allclose(velocity, quintic(time)[1], atol=1e-9)


def test_cubic_is_met_exactly_without_accelerations():
    def cubic(t):
        t = np.asarray(t)[..., None]
        return t**3 - t, 3 * t**2 - 1

    trajectory = Trajectory(("a",), TIMES, *cubic(TIMES))
    position, velocity = trajectory.sample(2.2)
    np.testing.assert_allclose(position, cubic(2.2)[0])
    np.testing.assert_allclose(velocity, cubic(2.2)[1])


def test_positions_alone_are_joined_by_lines():
    trajectory = Trajectory(("a",), TIMES, np.array([[0.0], [1.0], [5.0]]))
    position, velocity = trajectory.sample(2.0)
    assert position[0] == 3.0 and velocity[0] == 2.0
    with pytest.raises(ValueError, match="needs a trajectory with velocities"):
        trajectory.evaluate(TIMES)


@pytest.mark.parametrize(("time", "point"), [(-1.0, 0), (3.0, 2), (9.0, 2)])
def test_outside_its_time_it_rests_at_its_ends(time, point):
    trajectory = Trajectory(("a",), TIMES, *quintic(TIMES))
    position, velocity = trajectory.sample(time)
    np.testing.assert_array_equal(position, trajectory.positions[point])
    np.testing.assert_array_equal(velocity, [0.0])


def test_duration():
    assert Trajectory(("a",), TIMES, np.zeros((3, 1))).duration == 3.0
