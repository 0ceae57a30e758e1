from __future__ import annotations

import numpy as np
import pytest

from grasp_execution.arm import ArmDescription
from grasp_execution.motion.servo import Servo
from grasp_execution.trajectory import MotionState
from grasp_perception.outcomes import Outcome, OutcomeError
from grasp_perception.transform import Transform
from grasp_planning.workcell import WorkCell

SPEED = 0.15


@pytest.fixture(scope="module")
def description(repository):
    return ArmDescription(repository / "config/arms/widowx.yaml")


@pytest.fixture(scope="module")
def servo(repository, description):
    return Servo(description, WorkCell.load(repository / "config/workcells/widowx.yaml"))


def down(x, y, z):
    return Transform(np.diag([1.0, -1.0, -1.0]), np.array([x, y, z]))


@pytest.fixture(scope="module")
def start(servo, description):
    """At rest at (0.2, 0, 0.06), pointing down."""
    state = MotionState.at_rest(np.array([0.0, 0.4, 0.0, 1.2, 0.0]))
    for goal in (down(0.2, 0.0, 0.10), down(0.2, 0.0, 0.06)):
        state = MotionState.at_rest(servo._solve(goal, state, bend=False).positions)
    return state


def limits(servo, course):
    _, velocities, accelerations = course.evaluate(np.linspace(0.0, course.duration, 200))
    return (np.abs(velocities) / servo._velocity).max(), (np.abs(accelerations) / servo._acceleration).max()


def test_a_course_leads_to_the_goal_and_ends_at_rest(servo, start):
    goal = down(0.21, 0.01, 0.05)
    course = servo.course(start, goal, SPEED)
    np.testing.assert_allclose(course.positions[0], start.positions)
    np.testing.assert_allclose(course.velocities[[0, -1]], 0.0, atol=1e-12)
    reached = servo.tool(MotionState.at_rest(course.positions[-1]))
    assert np.linalg.norm(reached.translation - goal.translation) < 2e-4
    assert np.diff(course.times).max() <= 0.04 + 1e-9
    velocity, acceleration = limits(servo, course)
    assert velocity <= 1.01 and acceleration <= 1.05


def test_the_tool_keeps_its_speed(servo, start):
    for speed in (0.15, 0.05):
        course = servo.course(start, down(0.2, 0.05, 0.06), speed)
        times = np.linspace(0.0, course.duration, 100)
        positions, _, _ = course.evaluate(times)
        points = np.array([servo.tool(MotionState.at_rest(row)).translation for row in positions])
        fastest = (np.linalg.norm(np.diff(points, axis=0), axis=1) / np.diff(times)).max()
        assert fastest <= 1.05 * speed


def test_a_course_takes_over_from_another_without_a_jump(servo, start):
    first = servo.course(start, down(0.2, 0.04, 0.06), SPEED)
    state = MotionState.on(first, 0.4 * first.duration)
    assert np.abs(state.velocities).max() > 0.05
    second = servo.course(state, down(0.2, -0.02, 0.06), SPEED)
    np.testing.assert_allclose(second.positions[0], state.positions)
    np.testing.assert_allclose(second.velocities[0], state.velocities)
    np.testing.assert_allclose(second.accelerations[0], state.accelerations)
    np.testing.assert_allclose(second.velocities[-1], 0.0, atol=1e-12)


def test_a_state_after_the_end_is_at_rest(servo, start):
    course = servo.course(start, down(0.2, 0.02, 0.06), SPEED)
    state = MotionState.on(course, course.duration + 1.0)
    np.testing.assert_allclose(state.positions, course.positions[-1])
    assert not state.velocities.any() and not state.accelerations.any()
    np.testing.assert_allclose(MotionState.on(course, -1.0).positions, start.positions)


def test_out_of_reach(servo, start):
    with pytest.raises(OutcomeError, match=r"does not reach \(0.600, 0.000, 0.050\)") as caught:
        servo.course(start, down(0.6, 0.0, 0.05), SPEED)
    assert caught.value.outcome is Outcome.OUT_OF_REACH
    with pytest.raises(OutcomeError, match="OUT_OF_REACH"):
        servo.reachable(down(0.6, 0.0, 0.05), start)


def test_not_through_the_table(servo, start):
    with pytest.raises(OutcomeError, match=r"on the way after the object gripper_._link touches table") as caught:
        servo.course(start, down(0.2, 0.0, -0.01), SPEED)
    assert caught.value.outcome is Outcome.NO_MOTION_PLAN
    with pytest.raises(OutcomeError, match="GOAL_IN_COLLISION: where the object has gone gripper"):
        servo.reachable(down(0.2, 0.0, -0.01), start)


def test_no_jump_to_another_posture(servo, start):
    with pytest.raises(OutcomeError, match=r"joint_5 would have to jump by 1.57 rad"):
        servo.course(start, Transform(np.array([[0.0, 1, 0], [1, 0, 0], [0, 0, -1]]), start_point(servo, start)), SPEED)


def start_point(servo, start):
    return servo.tool(start).translation


def test_a_reachable_pose_is_tilted_no_more_than_needed(servo, start):
    assert servo.reachable(down(0.2, 0.0, 0.02), start).angle_to(down(0.2, 0.0, 0.02)) < 1e-3
    far = servo.reachable(down(0.31, 0.0, 0.10), start)
    assert 0.01 < far.angle_to(down(0.31, 0.0, 0.10)) <= 0.4 + 1e-3
