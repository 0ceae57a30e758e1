from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from grasp_execution.pick.steering import ToolError, next_pose
from grasp_perception.transform import Transform

DOWN = np.array([0.0, 0.0, -1.0])


def tool(x: float, y: float, z: float, turn: float = 0.0) -> Transform:
    """Pointing down, turned about the vertical."""
    return Transform(Rotation.from_euler("z", turn).as_matrix() @ np.diag([1.0, -1.0, -1.0]), np.array([x, y, z]))


def step(here: Transform, there: Transform, hold: float = 0.0) -> Transform:
    return next_pose(here, there, DOWN, hold=hold, step=0.02, turn=0.3)


def test_the_error_is_told_along_and_across_the_approach():
    error = ToolError.between(tool(0.2, 0.0, 0.05), tool(0.21, -0.02, 0.01, turn=0.4), DOWN)
    assert error.along == pytest.approx(0.04)
    np.testing.assert_allclose(error.lateral, [0.01, -0.02, 0.0], atol=1e-12)
    assert error.turn == pytest.approx(-0.4)  # seen along the approach, from above to below


def test_a_tilt_is_no_turn():
    tilted = Transform(Rotation.from_euler("x", 0.3).as_matrix() @ np.diag([1.0, -1.0, -1.0]), np.zeros(3))
    assert ToolError.between(tilted, tool(0.0, 0.0, 0.0), DOWN).turn == pytest.approx(0.0, abs=1e-12)


def test_aligned_means_near_across_and_turned_little():
    error = ToolError.between(tool(0.2, 0.0, 0.05), tool(0.202, 0.0, 0.01, turn=0.1), DOWN)
    assert error.is_aligned(0.0021, 0.11)
    assert not error.is_aligned(0.0019, 0.11)
    assert not error.is_aligned(0.0021, 0.09)


def test_a_near_target_is_the_next_pose():
    there = tool(0.21, 0.005, 0.04, turn=0.2)
    pose = step(tool(0.2, 0.0, 0.05), there)
    np.testing.assert_allclose(pose.matrix(), there.matrix(), atol=1e-12)


def test_the_way_is_clipped_along_and_across():
    pose = step(tool(0.2, 0.0, 0.10), tool(0.23, 0.04, 0.01))
    np.testing.assert_allclose(pose.translation, [0.212, 0.016, 0.08])


def test_the_turn_is_clipped():
    pose = step(tool(0.2, 0.0, 0.10), tool(0.2, 0.0, 0.10, turn=-1.0))
    np.testing.assert_allclose(pose.rotation, tool(0, 0, 0, turn=-0.3).rotation, atol=1e-12)


def test_the_tool_waits_before_the_target_and_comes_up_to_there():
    assert step(tool(0.2, 0.0, 0.05), tool(0.2, 0.01, 0.01), hold=0.03).translation[2] == pytest.approx(0.04)
    assert step(tool(0.2, 0.0, 0.02), tool(0.2, 0.01, 0.01), hold=0.03).translation[2] == pytest.approx(0.04)
    assert step(tool(0.2, 0.0, 0.01), tool(0.2, 0.01, 0.01), hold=0.03).translation[2] == pytest.approx(0.03)
