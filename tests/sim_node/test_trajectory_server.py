from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from action_msgs.msg import GoalStatus
from builtin_interfaces.msg import Time
from control_msgs.action import FollowJointTrajectory
from control_msgs.msg import JointTolerance

from grasp_msgs.srv import ResetScene

from .conftest import JOINTS, Robot, duration, goal_to

Result = FollowJointTrajectory.Result
AWAY = [-0.3, 0.2, 0.1, -0.2, 0.4]


@pytest.fixture(autouse=True)
def at_home(robot: Robot) -> None:
    request = ResetScene.Request(reset_arm=True)
    assert robot.graph.call(ResetScene, "/simulated_robot/reset_scene", request).success
    robot.simulate(0.1)


def test_success(robot: Robot) -> None:
    goal = robot.move(AWAY, 1.5)
    begin = robot.time
    status, result = robot.finish(robot.send(robot.arm, goal))
    assert (status, result.error_code) == (GoalStatus.STATUS_SUCCEEDED, Result.SUCCESSFUL)
    assert result.error_string == "the goal is reached"
    robot.simulate(0.1)
    assert robot.time - begin > 1.5
    np.testing.assert_allclose(robot.positions(), goal.trajectory.points[0].positions, atol=0.005)


def test_feedback(robot: Robot) -> None:
    robot.finish(robot.send(robot.arm, robot.move(AWAY, 2.0)))
    assert robot.feedback
    for message in robot.feedback:
        assert list(message.joint_names) == JOINTS
        np.testing.assert_allclose(
            message.error.positions, np.subtract(message.desired.positions, message.actual.positions), atol=1e-12
        )
        assert np.abs(message.error.positions).max() < 0.02
        assert len(message.actual.velocities) == len(JOINTS)
    times = [message.header.stamp.sec + message.header.stamp.nanosec * 1e-9 for message in robot.feedback]
    assert times == sorted(times)


def test_permuted_joints(robot: Robot) -> None:
    goal = robot.move(AWAY, 1.5)
    target = list(goal.trajectory.points[0].positions)
    goal.trajectory.joint_names = JOINTS[::-1]
    goal.trajectory.points[0].positions = target[::-1]
    status, _ = robot.finish(robot.send(robot.arm, goal))
    assert status == GoalStatus.STATUS_SUCCEEDED
    robot.simulate(0.1)
    np.testing.assert_allclose(robot.positions(), target, atol=0.005)


def refuse(robot: Robot, goal: FollowJointTrajectory.Goal) -> Any:
    before = robot.positions()
    status, result = robot.finish(robot.send(robot.arm, goal))
    assert status == GoalStatus.STATUS_ABORTED
    robot.simulate(0.1)
    np.testing.assert_allclose(robot.positions(), before, atol=1e-4)
    return result


def test_wrong_joints(robot: Robot) -> None:
    goal = robot.move(AWAY, 1.5)
    goal.trajectory.joint_names = ["elbow", *JOINTS[1:]]
    result = refuse(robot, goal)
    assert result.error_code == Result.INVALID_JOINTS
    assert result.error_string.startswith("joints that this arm does not have: elbow; the arm's joints are joint_1")


@pytest.mark.parametrize(
    ("points", "message"),
    [
        ([], "the trajectory has no points"),
        ([(1.0, [0.0] * 5), (0.5, [0.0] * 5)], "times must increase strictly, but point 0 is at 1 s and point 1 at"),
        ([(1.0, [0.0, 0.0, math.nan, 0.0, 0.0])], "positions must be finite, but joint_3 has nan at point 0"),
        ([(1.0, [0.0, 1.6, 0.0, 0.0, 0.0])], "joint_2 leaves its limits at point 0: 1.6000 rad is outside"),
        ([(1.0, [0.0] * 4)], "point 0 has 4 positions for 5 joints"),
        ([(0.0, [0.0] * 5)], "the trajectory starts too far from where the arm is: joint_1 stands at 1.4000 rad"),
        ([(0.1, [0.0] * 5)], "joint_1 is too fast on the way to point 0"),
    ],
)
def test_invalid_goals(robot: Robot, points: list[tuple[float, list[float]]], message: str) -> None:
    result = refuse(robot, goal_to(points))
    assert result.error_code == Result.INVALID_GOAL
    assert result.error_string.startswith(message)


def test_an_old_stamp(robot: Robot) -> None:
    robot.simulate(0.5)
    goal = robot.move(AWAY, 1.5)
    goal.trajectory.header.stamp = Time(nanosec=1)
    result = refuse(robot, goal)
    assert result.error_code == Result.OLD_HEADER_TIMESTAMP
    assert result.error_string.startswith("the trajectory was to start at 0.000 s, now it is")


def test_an_arm_that_cannot_follow_violates_the_path_tolerance(robot: Robot) -> None:
    # The motors stop at the velocity limit of joint 1, so a tolerance on the lag is violated.
    tolerance = [JointTolerance(name="joint_1", position=1e-5)]
    status, result = robot.finish(robot.send(robot.arm, robot.move(AWAY, 1.0, path_tolerance=tolerance)))
    assert (status, result.error_code) == (GoalStatus.STATUS_ABORTED, Result.PATH_TOLERANCE_VIOLATED)
    assert result.error_string.startswith("joint_1 is off by")
    robot.simulate(0.1)
    held = np.array([robot.positions(state) for state in robot.simulate(0.5)])
    assert np.ptp(held, axis=0).max() < 0.01


def test_a_goal_tolerance_that_cannot_be_met(robot: Robot) -> None:
    tolerance = [JointTolerance(name="joint_2", position=1e-12, velocity=-1.0)]
    goal = robot.move(AWAY, 1.0, goal_tolerance=tolerance, goal_time_tolerance=duration(0.2))
    begin = robot.time
    status, result = robot.finish(robot.send(robot.arm, goal))
    assert (status, result.error_code) == (GoalStatus.STATUS_ABORTED, Result.GOAL_TOLERANCE_VIOLATED)
    assert result.error_string.startswith("joint_2 is off by")
    robot.simulate(0.05)
    assert robot.time - begin > 1.2


def test_a_new_goal_preempts_the_old_one(robot: Robot) -> None:
    old = robot.send(robot.arm, robot.move(AWAY, 20.0))
    robot.simulate(0.5)
    goal = robot.move([0.0, -0.2, 0.0, 0.0, 0.0], 1.0)
    new = robot.send(robot.arm, goal)
    status, result = robot.finish(old)
    assert (status, result.error_code) == (GoalStatus.STATUS_ABORTED, Result.INVALID_GOAL)
    assert result.error_string == "pre-empted by a new trajectory"
    status, _ = robot.finish(new)
    assert status == GoalStatus.STATUS_SUCCEEDED
    robot.simulate(0.1)
    np.testing.assert_allclose(robot.positions(), goal.trajectory.points[0].positions, atol=0.005)


def test_a_refused_goal_leaves_the_old_one_alone(robot: Robot) -> None:
    goal = robot.move(AWAY, 4.0)
    old = robot.send(robot.arm, goal)
    status, _ = robot.finish(robot.send(robot.arm, goal_to([])))
    assert status == GoalStatus.STATUS_ABORTED
    status, _ = robot.finish(old)
    assert status == GoalStatus.STATUS_SUCCEEDED


def test_cancel_holds_the_position(robot: Robot) -> None:
    handle = robot.send(robot.arm, robot.move([-0.6, 0.0, 0.0, 0.0, 0.0], 4.0))
    start = robot.positions()
    robot.simulate(1.0)
    robot.graph.result(handle.cancel_goal_async())
    status, result = robot.finish(handle)
    assert (status, result.error_code) == (GoalStatus.STATUS_CANCELED, Result.SUCCESSFUL)
    assert result.error_string == "canceled: holding the position"
    robot.simulate(0.05)
    held = np.array([robot.positions(state) for state in robot.simulate(0.5)])
    assert np.ptp(held, axis=0).max() < 0.01
    moved = start[0] - held[-1, 0]
    assert 0.02 < moved < 0.55  # neither back at the start nor gone on to the goal


def test_reset_ends_a_motion(robot: Robot) -> None:
    handle = robot.send(robot.arm, robot.move(AWAY, 20.0))
    robot.simulate(0.3)
    refused = robot.graph.call(ResetScene, "/simulated_robot/reset_scene", ResetScene.Request())
    assert not refused.success
    assert refused.message == "the arm or the gripper is moving: cancel its goal first, or set reset_arm"
    request = ResetScene.Request(reset_arm=True)
    assert robot.graph.call(ResetScene, "/simulated_robot/reset_scene", request).success
    status, result = robot.finish(handle)
    assert (status, result.error_string) == (GoalStatus.STATUS_ABORTED, "the arm was reset")
    robot.simulate(0.1)
    np.testing.assert_allclose(robot.positions(), [1.4, -0.9, 0.6, 1.2, 0.0], atol=1e-3)
