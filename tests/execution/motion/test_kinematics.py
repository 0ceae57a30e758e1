from __future__ import annotations

import numpy as np
import pytest

from grasp_perception.transform import Transform
from grasp_planning.grasps import half_turn


def test_tool_at_zero_is_where_the_kinematic_table_puts_it(planner):
    pose = planner.robot.tool_pose(np.zeros(5))
    # x: 0.04825 + 0.14203 + 0.0715 + 0.043 + 0.050 (fingers); z: 0.125 + 0.14203
    np.testing.assert_allclose(pose.translation, [0.35478, 0.0, 0.26703], atol=1e-6)
    np.testing.assert_allclose(pose.rotation[:, 2], [1.0, 0.0, 0.0], atol=1e-6)  # approach forward
    np.testing.assert_allclose(pose.rotation[:, 0], [0.0, 1.0, 0.0], atol=1e-6)  # closing sideways


def test_first_joint_turns_the_tool_about_the_base(planner):
    pose = planner.robot.tool_pose(np.array([np.pi / 2, 0.0, 0.0, 0.0, 0.0]))
    np.testing.assert_allclose(pose.translation, [0.0, 0.35478, 0.26703], atol=1e-6)


def test_every_pose_the_arm_takes_is_found_again(planner):
    robot, rng = planner.robot, np.random.default_rng(3)
    margin = 0.1 * (robot.upper - robot.lower)
    for _ in range(50):
        asked = rng.uniform(robot.lower + margin, robot.upper - margin)
        pose = robot.tool_pose(asked)
        posture = planner.kinematics.solve(pose, asked + rng.normal(0.0, 0.2, 5))
        reached = robot.tool_pose(posture.positions)
        assert np.linalg.norm(reached.translation - pose.translation) < 1e-4
        assert reached.angle_to(pose) < 1e-3
        assert posture.tilt < 1e-3
        assert robot.within_limits(posture.positions)


@pytest.mark.parametrize("yaw", np.linspace(0.0, np.pi, 5))
def test_straight_down_within_reach_does_not_tilt(planner, down, yaw):
    posture = planner.kinematics.solve(down(0.2, 0.05, 0.01, yaw), planner.robot.home)
    assert posture.reaches(0.0)


@pytest.mark.parametrize("yaw", np.linspace(0.0, np.pi, 5))
def test_far_away_tilts_in_the_plane_of_the_arm_and_keeps_the_position(planner, down, yaw):
    angle, radius = 0.4, 0.30
    wanted = down(radius * np.cos(angle), radius * np.sin(angle), 0.05, yaw)
    posture = planner.kinematics.solve(wanted, planner.robot.home)
    reached = planner.robot.tool_pose(posture.positions)
    np.testing.assert_allclose(reached.translation, wanted.translation, atol=1e-4)
    assert reached.angle_to(wanted) == pytest.approx(posture.tilt, abs=2e-3)
    # Shoulder to wrist at most 0.29203 m: the wrist is 0.1645 m behind the tool. Tilted by 0.15 rad, it is
    # 0.2754 m out and 0.0877 m up, within reach; by 0.10 rad, 0.2836 m out and 0.0887 m up, beyond.
    assert 0.10 < posture.tilt < 0.21
    normal = np.array([-np.sin(angle), np.cos(angle), 0.0])
    assert abs(reached.rotation[:, 2] @ normal) < 1e-3
    assert reached.rotation[:, 2] @ [np.cos(angle), np.sin(angle), 0.0] > 0.1  # away from the base


def test_tilt_is_as_asked_for_when_none_is_allowed(planner, down):
    posture = planner.kinematics.solve(down(0.30, 0.0, 0.05), planner.robot.home, max_tilt=0.0)
    assert not posture.reaches(0.0)


def test_out_of_reach_says_how_far(planner, down):
    posture = planner.kinematics.solve(down(0.6, 0.0, 0.125), planner.robot.home, max_tilt=np.pi, bend=False)
    # Stretched out at the shoulder's height: 0.29203 + 0.1645.
    assert posture.distance == pytest.approx(0.6 - 0.4568, abs=0.003)


def test_half_turn_exchanges_the_fingers(down):
    pose = down(0.2, 0.0, 0.05, 0.3)
    turned = half_turn(pose)
    np.testing.assert_allclose(turned.rotation[:, 0], -pose.rotation[:, 0])
    np.testing.assert_allclose(turned.rotation[:, 2], pose.rotation[:, 2])


def test_reachable(planner, down):
    assert planner.reachable(down(0.2, 0.0, 0.05))
    assert not planner.reachable(down(0.5, 0.0, 0.05))
    assert not planner.reachable(Transform(np.eye(3), np.array([0.2, 0.0, 0.0])))  # from below
