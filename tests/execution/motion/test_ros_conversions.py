from __future__ import annotations

import numpy as np
import pytest
from std_msgs.msg import Header
from visualization_msgs.msg import Marker

from grasp_execution.motion.interface import (
    Box,
    Cylinder,
    JointGoal,
    LineGoal,
    MotionRequest,
    PoseGoal,
    SceneObject,
    Sphere,
)
from grasp_execution.ros_conversions import (
    motion_request_from_msg,
    motion_request_to_msg,
    scene_markers,
    scene_object_from_msg,
    scene_object_to_msg,
    trajectory_from_msg,
    trajectory_to_msg,
)
from grasp_execution.trajectory import Trajectory
from grasp_perception.outcomes import Outcome, OutcomeError
from grasp_perception.transform import Transform

POSE = Transform.from_rpy((0.1, 0.2, 0.3), (0.4, 0.5, 0.6))


def trajectory(**changes) -> Trajectory:
    fields = {
        "joint_names": ("a", "b"),
        "times": np.array([0.0, 0.999999999, 1.5]),
        "positions": np.arange(6.0).reshape(3, 2),
        "velocities": np.arange(6.0).reshape(3, 2) / 2,
        "accelerations": np.ones((3, 2)),
        **changes,
    }
    return Trajectory(**fields)


def test_trajectory_survives_the_way_there_and_back():
    sent = trajectory()
    message = trajectory_to_msg(sent)
    assert (message.points[1].time_from_start.sec, message.points[1].time_from_start.nanosec) == (0, 999999999)
    assert (message.points[2].time_from_start.sec, message.points[2].time_from_start.nanosec) == (1, 500000000)
    assert message.header.stamp.sec == 0
    received = trajectory_from_msg(message)
    assert received.joint_names == sent.joint_names
    for field in ("times", "positions", "velocities", "accelerations"):
        np.testing.assert_allclose(getattr(received, field), getattr(sent, field), atol=1e-9)


def test_what_is_left_out_stays_out():
    received = trajectory_from_msg(trajectory_to_msg(trajectory(velocities=None, accelerations=None)))
    assert received.velocities is None and received.accelerations is None


def empty(message):
    message.points = []


def ragged(message):
    message.points[1].velocities = [1.0]


def backwards(message):
    message.points[2].time_from_start.sec = 0
    message.points[2].time_from_start.nanosec = 0


def not_finite(message):
    message.points[1].positions = [0.0, float("nan")]


def bare(message):
    for point in message.points:
        point.positions = []


@pytest.mark.parametrize(
    ("spoil", "match"),
    [
        (empty, "points"),
        (ragged, "2 velocities"),
        (backwards, "back in time"),
        (not_finite, "finite"),
        (bare, "need positions"),
    ],
)
def test_broken_trajectories_are_refused(spoil, match):
    message = trajectory_to_msg(trajectory())
    spoil(message)
    with pytest.raises(ValueError, match=match):
        trajectory_from_msg(message)


@pytest.mark.parametrize("shape", [Box((0.1, 0.2, 0.3)), Sphere(0.1), Cylinder(0.1, 0.4)])
@pytest.mark.parametrize("attached", [False, True])
def test_objects_survive_the_way_there_and_back(shape, attached):
    received = scene_object_from_msg(scene_object_to_msg(SceneObject("mug", shape, POSE, attached), "base"), "base")
    assert (received.name, received.shape, received.attached) == ("mug", shape, attached)
    np.testing.assert_allclose(received.pose.matrix(), POSE.matrix(), atol=1e-12)


@pytest.mark.parametrize(
    "goal", [JointGoal({"a": 1.0, "b": 2.0}), PoseGoal(POSE, True), PoseGoal(POSE), LineGoal(POSE, True)]
)
def test_requests_survive_the_way_there_and_back(goal):
    sent = MotionRequest(goal, {"a": 0.1, "b": 0.2}, (SceneObject("mug", Sphere(0.1), POSE),), ("mug",), 0.5, None, 3.0)
    received = motion_request_from_msg(motion_request_to_msg(sent, "base"), "base")
    assert type(received.goal) is type(goal)
    if isinstance(goal, JointGoal):
        assert received.goal == goal
    else:
        np.testing.assert_allclose(received.goal.pose.matrix(), POSE.matrix(), atol=1e-12)
        assert received.goal.symmetric == goal.symmetric
    assert (received.start, received.allow_contact) == (sent.start, ("mug",))
    assert (received.velocity_scaling, received.acceleration_scaling, received.timeout) == (0.5, None, 3.0)
    assert [item.name for item in received.scene] == ["mug"]


def test_the_latest_state_is_the_start_only_when_none_is_given():
    goal = JointGoal({"a": 1.0})
    given = motion_request_to_msg(MotionRequest(goal, {"a": 0.1}), "base")
    assert motion_request_from_msg(given, "base", {"a": 0.7}).start == {"a": 0.1}
    none = motion_request_to_msg(MotionRequest(goal, {}), "base")
    assert motion_request_from_msg(none, "base", {"a": 0.7}).start == {"a": 0.7}


def refused(message, match: str) -> None:
    with pytest.raises(OutcomeError, match=match) as error:
        motion_request_from_msg(message, "base")
    assert error.value.outcome is Outcome.INVALID_MOTION_REQUEST


def test_requests_that_contradict_themselves_are_refused():
    message = motion_request_to_msg(MotionRequest(PoseGoal(POSE), {"a": 0.1}), "other")
    refused(message, "pose goal is given in the frame 'other', but must be in the arm's base frame 'base'")
    message = motion_request_to_msg(MotionRequest(JointGoal({"a": 1.0}), {"a": 0.1}), "base")
    message.start_names = ["a", "a"]
    refused(message, "the start has 2 joint names, but 1 positions")
    message.start_positions = [0.1, 0.2]
    refused(message, "names a joint twice")
    message = motion_request_to_msg(
        MotionRequest(JointGoal({"a": 1.0}), {}, (SceneObject("mug", Sphere(0.1), POSE),)), "base"
    )
    message.scene[0].primitive.dimensions = [0.1, 0.2]
    refused(message, "'mug' has 2 dimensions, but its shape needs 1")


def test_markers_show_the_work_cell_and_the_scene():
    table = SceneObject("table", Box((1.0, 1.0, 0.1)), POSE)
    held = SceneObject("held", Cylinder(0.01, 0.1), POSE, attached=True)
    clear, first, second = scene_markers([table], [held], Header(frame_id="base"), "tool").markers
    assert clear.action == Marker.DELETEALL
    assert (first.type, first.header.frame_id, first.scale.z) == (Marker.CUBE, "base", 0.1)
    assert (second.type, second.header.frame_id, second.frame_locked) == (Marker.CYLINDER, "tool", True)
    assert (second.scale.x, second.scale.z) == (0.02, 0.1)
