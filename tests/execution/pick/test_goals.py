from __future__ import annotations

import numpy as np
import pytest

from grasp_execution.pick.goals import approach_pose, check_around, check_grasp, held_object, lift_pose, release_poses
from grasp_perception.outcomes import Outcome, OutcomeError
from grasp_perception.transform import Transform


@pytest.fixture
def workcell(world):
    return world.workcell


def down(x, y, z):
    return Transform(np.diag([1.0, -1.0, -1.0]), np.array([x, y, z]))


def test_a_tilted_grasp_is_approached_along_its_axis_and_lifted_straight_up(workcell):
    tilt = Transform.from_rpy((np.pi, 0.3, 0.0), (0.2, 0.0, 0.02))
    above, lifted = approach_pose(tilt, workcell), lift_pose(tilt, workcell)
    np.testing.assert_allclose(above.translation, tilt.translation - 0.06 * tilt.rotation[:, 2])
    np.testing.assert_allclose(lifted.translation, [0.2, 0.0, 0.10])
    assert above.angle_to(tilt) == lifted.angle_to(tilt) == 0


def test_release_poses_point_down_over_the_middle_of_the_bin(workcell):
    for pose in release_poses(down(0.2, 0.0, 0.02), workcell):
        np.testing.assert_allclose(pose.translation, [0.03, 0.25, 0.11])
        np.testing.assert_allclose(pose.rotation[:, 2], [0, 0, -1], atol=1e-12)


def test_the_held_box_never_reaches_below_the_tips_of_a_low_grasp(world, make_grasp):
    low = held_object(make_grasp(0.2, 0.0, 0.003), world.description.gripper, world.workcell)
    assert low.pose.translation[2] + low.shape.size[2] / 2 == pytest.approx(0.0)


@pytest.mark.parametrize(
    ("pose", "outcome"),
    [
        (down(0.2, 0.0, 0.0029), Outcome.BELOW_TABLE),
        (down(0.2, 0.15, 0.02), Outcome.OUTSIDE_WORKSPACE),
        (down(0.2, 0.0, 0.121), Outcome.OUTSIDE_WORKSPACE),
    ],
)
def test_grasps_stay_in_the_workspace_above_the_table(workcell, pose, outcome):
    check_grasp(down(0.2, 0.0, 0.003), workcell)
    with pytest.raises(OutcomeError) as caught:
        check_grasp(pose, workcell)
    assert caught.value.outcome is outcome


@pytest.mark.parametrize("place", [(0.2, 0.0, 0.2), (0.08, 0.0, 0.1), (0.03, 0.25, 0.11), (0.1, 0.32, 0.5)])
def test_the_way_leads_over_the_workspace_or_the_bin(workcell, place):
    check_around(down(*place), workcell, "the goal")


@pytest.mark.parametrize(
    ("place", "outcome"),
    [
        ((0.2, 0.0, 0.25), Outcome.OUTSIDE_WORKSPACE),
        ((-0.1, 0.0, 0.1), Outcome.OUTSIDE_WORKSPACE),
        ((0.2, -0.25, 0.1), Outcome.OUTSIDE_WORKSPACE),
        ((0.03, 0.25, 0.0), Outcome.BELOW_TABLE),
    ],
)
def test_the_way_leads_nowhere_else(workcell, place, outcome):
    with pytest.raises(OutcomeError, match="the goal at") as caught:
        check_around(down(*place), workcell, "the goal")
    assert caught.value.outcome is outcome
