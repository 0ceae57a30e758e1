from __future__ import annotations

import numpy as np
import pytest

from grasp_perception.transform import Transform
from grasp_planning.grasps import GraspCandidate, GraspRectangle, wrap_half_turn


@pytest.mark.parametrize(
    ("angle", "wrapped"),
    [
        (0.0, 0.0),
        (np.pi / 2, -np.pi / 2),
        (-np.pi / 2, -np.pi / 2),
        (np.pi, 0.0),
        (2.0, 2.0 - np.pi),
        (-4.0, np.pi - 4),
    ],
)
def test_wrap_half_turn(angle, wrapped):
    assert wrap_half_turn(angle) == pytest.approx(wrapped)
    assert -np.pi / 2 <= wrap_half_turn(angle) < np.pi / 2


def test_corners_and_jaws_of_a_rectangle():
    rectangle = GraspRectangle(10.0, 20.0, np.pi / 2, 8.0, 4.0)  # closes along the image's y axis
    assert rectangle.axis == pytest.approx([0, 1])
    assert rectangle.jaw_centers == pytest.approx(np.array([[10, 16], [10, 24]]))
    assert rectangle.corners == pytest.approx(np.array([[12, 16], [12, 24], [8, 24], [8, 16]]))


def test_surface_point_of_a_candidate():
    candidate = GraspCandidate(Transform(np.eye(3), np.array([0.0, 0.0, 0.6])), 0.03, 0.5, insertion=0.02)
    assert candidate.pose.apply([0, 0, -candidate.insertion]) == pytest.approx([0, 0, 0.58])
    assert GraspCandidate(candidate.pose, 0.03, 0.5).insertion == 0.0
