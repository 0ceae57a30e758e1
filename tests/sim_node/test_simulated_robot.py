from __future__ import annotations

import threading
from collections import defaultdict
from typing import Any

import numpy as np
import pytest
from action_msgs.msg import GoalStatus
from control_msgs.action import FollowJointTrajectory
from diagnostic_msgs.msg import DiagnosticArray
from lifecycle_msgs.msg import State, Transition
from lifecycle_msgs.srv import ChangeState, GetState
from rclpy.qos import qos_profile_sensor_data
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CameraInfo, Image
from tf2_msgs.msg import TFMessage

from grasp_msgs.srv import GetObjects
from grasp_perception.ros_conversions import image_to_array, seconds
from grasp_perception.transform import Transform

from .conftest import JOINTS, Graph, Robot, wait_until

COLOR = "/camera/camera/color"
DEPTH = "/camera/camera/aligned_depth_to_color"


@pytest.fixture(scope="module")
def graph_with_objects(graph: Graph) -> Graph:
    graph.robot(objects=["cube_small", "cylinder_small"], seed=3)
    return graph


@pytest.fixture(scope="module")
def robot(graph_with_objects: Graph) -> Robot:
    return Robot(graph_with_objects)


def listen(robot: Robot, message_type: type, topic: str, qos: Any = 10) -> list[Any]:
    messages: list[Any] = []
    robot.graph.node.create_subscription(message_type, topic, messages.append, qos)
    wait_until(lambda: len(messages) >= 3, f"three messages of {topic}")
    return messages


def test_the_clock_advances(robot: Robot) -> None:
    times = [seconds(message.clock) for message in listen(robot, Clock, "/clock")]
    assert all(np.diff(times) > 0)
    assert len(times) <= (times[-1] - times[0]) * 100 + 2  # at most 100 Hz of simulated time


def test_joint_states(robot: Robot) -> None:
    robot.simulate(0.2)
    state = robot.states[-1]
    assert list(state.name) == [*JOINTS, "gripper_prismatic_joint_1", "gripper_prismatic_joint_2"]
    np.testing.assert_allclose(state.position, [1.4, -0.9, 0.6, 1.2, 0.0, 0.015, 0.015], atol=1e-3)
    np.testing.assert_allclose(state.velocity, 0.0, atol=1e-2)
    assert len(state.effort) == 7 and np.abs(state.effort).max() > 0.01  # gravity
    times = [seconds(state.header.stamp) for state in robot.states]
    assert all(np.diff(times) > 0)
    assert len(times) <= (times[-1] - times[0]) * 50 + 2  # at most 50 Hz of simulated time


def test_transforms_of_all_links(robot: Robot) -> None:
    message = listen(robot, TFMessage, "/tf")[-1]
    transforms = {item.child_frame_id: item for item in message.transforms}
    assert {"shoulder_link", "biceps_link", "tool_link", "gripper_1_link", "gripper_2_link"} <= set(transforms)
    assert all(item.header.frame_id == "arm_base_link" for item in message.transforms)
    tool = transforms["tool_link"].transform.translation
    assert np.linalg.norm([tool.x, tool.y]) > 0.05 and tool.z > 0.05
    assert len({item.header.stamp.nanosec for item in message.transforms}) == 1


def test_images(robot: Robot) -> None:
    streams: dict[str, dict[float, Any]] = defaultdict(dict)
    for kind, topic in (
        (Image, f"{COLOR}/image_raw"),
        (Image, f"{DEPTH}/image_raw"),
        (CameraInfo, f"{COLOR}/camera_info"),
        (CameraInfo, f"{DEPTH}/camera_info"),
    ):
        robot.graph.node.create_subscription(
            kind,
            topic,
            lambda message, topic=topic: streams[topic].update({seconds(message.header.stamp): message}),
            qos_profile_sensor_data,
        )

    def complete() -> list[float]:
        return sorted(set.intersection(*(set(stream) for stream in streams.values()))) if len(streams) == 4 else []

    wait_until(lambda: len(complete()) >= 3, "three whole looks of the camera")
    stamps = complete()
    assert len(stamps) <= (stamps[-1] - stamps[0]) * 10 + 2  # at most 10 Hz of simulated time
    color, depth = streams[f"{COLOR}/image_raw"][stamps[0]], streams[f"{DEPTH}/image_raw"][stamps[0]]
    assert (color.encoding, color.width, color.height, color.step) == ("rgb8", 640, 480, 1920)
    assert (depth.encoding, depth.width, depth.height, depth.step) == ("16UC1", 640, 480, 1280)
    for topic in streams:
        assert streams[topic][stamps[0]].header.frame_id == "camera_color_optical_frame"
    for topic in (COLOR, DEPTH):
        assert streams[f"{topic}/camera_info"][stamps[0]].k[0] == 615.0
    millimetres = image_to_array(depth)
    assert millimetres[240, 320] > 550  # the table is 620 mm below the camera, an object a little less
    assert np.median(millimetres) == pytest.approx(620, abs=3)
    assert (millimetres < 612).sum() > 100  # the objects
    assert image_to_array(color).std() > 5.0


def test_no_listener_no_image(robot: Robot) -> None:
    node, messages = robot.graph.node, []
    node.create_subscription(DiagnosticArray, "/diagnostics", messages.append, 10)

    def images() -> float:
        told = [message.status[0] for message in messages if message.status[0].name == "/simulated_robot"]
        assert all(status.level == b"\0" for status in told)
        values = {value.key: value.value for value in told[-1].values} if told else {}
        assert {"real-time factor", "step (ms)", "render (ms)", "publish (ms)", "images/s"} <= set(values) or not told
        return float(values.get("images/s", "nan"))

    node.create_subscription(Image, f"{COLOR}/image_raw", lambda _: None, qos_profile_sensor_data)
    wait_until(lambda: images() > 0.0, "images for a listener")
    for listener in [item for item in node.subscriptions if item.msg_type in (Image, CameraInfo)]:
        node.destroy_subscription(listener)
    wait_until(lambda: images() == 0.0, "a robot that draws no images")


def test_deactivation_stops_time_and_ends_motions(robot: Robot) -> None:
    handle = robot.send(robot.arm, robot.move([-0.5, 0, 0, 0, 0], 30.0))

    def change(transition: int) -> bool:
        request = ChangeState.Request(transition=Transition(id=transition))
        return robot.graph.call(ChangeState, "/simulated_robot/change_state", request).success

    assert change(Transition.TRANSITION_DEACTIVATE)
    status, result = robot.finish(handle)
    assert (status, result.error_string) == (GoalStatus.STATUS_ABORTED, "the simulated robot was deactivated")
    objects = robot.graph.call(GetObjects, "/simulated_robot/get_objects", GetObjects.Request())
    assert len(objects.objects) == 2
    again = robot.graph.call(GetObjects, "/simulated_robot/get_objects", GetObjects.Request())
    assert seconds(again.header.stamp) == seconds(objects.header.stamp)
    status, result = robot.finish(robot.send(robot.arm, robot.move([0.0] * 5, 1.0)))
    assert status == GoalStatus.STATUS_ABORTED
    assert result.error_code == FollowJointTrajectory.Result.INVALID_GOAL
    assert result.error_string == "the simulation is paused: activate the node"
    assert change(Transition.TRANSITION_ACTIVATE)
    robot.simulate(0.2)
    # Cleaning up frees the world; configuring builds it anew, and time begins at zero.
    assert change(Transition.TRANSITION_DEACTIVATE)
    assert change(Transition.TRANSITION_CLEANUP)
    assert "physics" not in {thread.name for thread in threading.enumerate()}
    robot.states.clear()
    assert change(Transition.TRANSITION_CONFIGURE)
    assert change(Transition.TRANSITION_ACTIVATE)
    wait_until(lambda: robot.states, "joint states of the new world")
    assert seconds(robot.states[0].header.stamp) < seconds(objects.header.stamp)
    state = robot.graph.call(GetState, "/simulated_robot/get_state", GetState.Request()).current_state
    assert state.id == State.PRIMARY_STATE_ACTIVE


def test_link_frames_are_the_urdfs(robot: Robot) -> None:
    """The tool stands between the fingers, at their tips."""
    message = listen(robot, TFMessage, "/tf")[-1]
    frames = {}
    for item in message.transforms:
        q, t = item.transform.rotation, item.transform.translation
        frames[item.child_frame_id] = Transform.from_quaternion((q.x, q.y, q.z, q.w), (t.x, t.y, t.z))
    tool = frames["tool_link"].inverse()
    first, second = ((tool @ frames[name]).translation for name in ("gripper_1_link", "gripper_2_link"))
    np.testing.assert_allclose(first[0] + second[0], 0.0, atol=1e-3)
    np.testing.assert_allclose([first[1], second[1]], 0.0, atol=1e-3)
