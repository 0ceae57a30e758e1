from __future__ import annotations

import threading
import time

import numpy as np
import pytest
import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import Point, Pose, PoseStamped, Quaternion
from rclpy.parameter import Parameter
from rclpy.qos import DurabilityPolicy, QoSProfile
from sensor_msgs.msg import JointState
from shape_msgs.msg import SolidPrimitive
from std_msgs.msg import Header
from visualization_msgs.msg import MarkerArray

from grasp_execution.nodes.motion_planner import MotionPlannerNode
from grasp_execution.ros_conversions import trajectory_from_msg
from grasp_msgs.msg import CollisionObject
from grasp_msgs.srv import PlanMotion
from grasp_perception.configuration import ConfigurationError
from grasp_perception.nodes.executor import NodeExecutor
from grasp_perception.outcomes import Outcome

BASE = "arm_base_link"


def parameters(repository, **changes) -> list[Parameter]:
    values = {
        "arm_file": str(repository / "config/arms/widowx.yaml"),
        "workcell_file": str(repository / "config/workcells/widowx.yaml"),
        **changes,
    }
    return [Parameter(name, value=value) for name, value in values.items()]


class Graph:
    """A motion planner node and a client of it, spun in a thread."""

    def __init__(self, repository) -> None:
        self.planner = MotionPlannerNode(parameter_overrides=parameters(repository))
        self.node = rclpy.create_node("client")
        self.client = self.node.create_client(PlanMotion, "/motion_planner/plan")
        self.states = self.node.create_publisher(JointState, "/joint_states", 10)
        self.executor = NodeExecutor(3)
        self.executor.add_node(self.planner)
        self.executor.add_node(self.node)
        self.thread = threading.Thread(target=self.executor.spin, daemon=True)
        self.thread.start()
        assert self.client.wait_for_service(10.0)

    def ask(self, **fields) -> PlanMotion.Response:
        done = threading.Event()
        future = self.client.call_async(PlanMotion.Request(**fields))
        future.add_done_callback(lambda _: done.set())
        assert done.wait(10.0)
        return future.result()

    def latched(self, kind, topic: str):
        received, messages = threading.Event(), []
        latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self.node.create_subscription(kind, topic, lambda m: (messages.append(m), received.set()), latched)
        assert received.wait(10.0)
        return messages[-1]

    def close(self) -> None:
        self.executor.shutdown()
        self.thread.join(5.0)
        self.planner.destroy_node()
        self.node.destroy_node()


@pytest.fixture
def graph(ros, repository):
    graph = Graph(repository)
    yield graph
    graph.close()


def start(home, **changes) -> dict:
    return {"start_names": list(home), "start_positions": list(home.values()), **changes}


def pose(frame: str = BASE, z: float = 0.05) -> PoseStamped:
    down = Pose(position=Point(x=0.2, y=0.0, z=z), orientation=Quaternion(x=1.0, y=0.0, z=0.0, w=0.0))
    return PoseStamped(header=Header(frame_id=frame), pose=down)


def test_plans_to_a_pose_and_on_along_a_line(graph, planner, home):
    response = graph.ask(**start(home, kind=PlanMotion.Request.POSE, pose_goal=pose(z=0.08), symmetric=True))
    assert response.outcome.code == Outcome.SUCCESS, response.outcome.message
    assert response.plan_seconds > 0.0
    first = trajectory_from_msg(response.trajectory)
    assert first.joint_names == planner.robot.joint_names
    np.testing.assert_allclose(first.positions[0], list(home.values()))
    np.testing.assert_allclose(planner.robot.tool_pose(first.positions[-1]).translation, [0.2, 0.0, 0.08], atol=5e-4)

    there = dict(zip(first.joint_names, first.positions[-1].tolist()))
    response = graph.ask(**start(there, kind=PlanMotion.Request.LINE, pose_goal=pose(z=0.02), symmetric=True))
    assert response.outcome.code == Outcome.SUCCESS, response.outcome.message
    second = trajectory_from_msg(response.trajectory)
    np.testing.assert_allclose(planner.robot.tool_pose(second.positions[-1]).translation, [0.2, 0.0, 0.02], atol=5e-4)


def test_starts_from_the_joint_states_when_no_start_is_given(graph, home):
    goal = {"goal_names": list(home), "goal_positions": [0.5, *list(home.values())[1:]]}
    response = graph.ask(**goal)
    assert response.outcome.code == Outcome.DRIVER_LOST
    assert "/joint_states" in response.outcome.message
    end = time.monotonic() + 10.0
    while response.outcome.code != Outcome.SUCCESS and time.monotonic() < end:
        graph.states.publish(JointState(name=list(home), position=[1.0, *list(home.values())[1:]]))
        response = graph.ask(**goal)
    assert response.outcome.code == Outcome.SUCCESS, response.outcome.message
    assert response.trajectory.points[0].positions[0] == pytest.approx(1.0)


def test_bad_requests_are_answered_and_the_node_lives_on(graph, home):
    shape = SolidPrimitive(type=SolidPrimitive.CONE, dimensions=[0.1, 0.1])
    cone = CollisionObject(header=Header(frame_id=BASE), name="cone", primitive=shape)
    broken = pose()
    broken.pose.orientation.x = 0.0
    for fields, words in (
        (start(home, kind=9), "kind is 9"),
        (start(home, kind=PlanMotion.Request.POSE, pose_goal=pose("camera")), "'camera'"),
        (start(home, kind=PlanMotion.Request.POSE, pose_goal=broken), "quaternion"),
        (start(home, goal_names=["joint_1"], goal_positions=[]), "1 joint names, but 0 positions"),
        (start(home, goal_names=["joint_9"], goal_positions=[0.0]), "joint_9"),
        (start(home, goal_names=list(home), goal_positions=list(home.values()), scene=[cone]), "shape type"),
        (
            start(home, goal_names=list(home), goal_positions=list(home.values()), velocity_scaling=7.0),
            "velocity_scaling",
        ),
    ):
        response = graph.ask(**fields)
        assert response.outcome.code == Outcome.INVALID_MOTION_REQUEST, response.outcome
        assert words in response.outcome.message
        assert not response.trajectory.points
    response = graph.ask(**start(home, goal_names=list(home), goal_positions=list(home.values())))
    assert response.outcome.code == Outcome.SUCCESS


def test_an_error_of_the_planner_is_an_outcome(graph, home, monkeypatch):
    def fail(request):
        raise RuntimeError("out of cheese")

    monkeypatch.setattr(graph.planner._planner, "plan", fail)
    response = graph.ask(**start(home, goal_names=list(home), goal_positions=list(home.values())))
    assert response.outcome.code == Outcome.MOTION_PLANNER_FAILED
    assert "RuntimeError: out of cheese" in response.outcome.message


def test_scene_is_latched_and_health_is_told(graph, home):
    ball = CollisionObject(
        header=Header(frame_id=BASE),
        name="ball",
        primitive=SolidPrimitive(type=SolidPrimitive.SPHERE, dimensions=[0.02]),
        pose=Pose(position=Point(x=0.3, y=0.1, z=0.02), orientation=Quaternion(w=1.0)),
    )
    graph.ask(**start(home, goal_names=list(home), goal_positions=list(home.values()), scene=[ball]))
    markers = graph.latched(MarkerArray, "/motion_planner/scene").markers
    names = [marker.ns for marker in markers[1:]]
    assert names == ["table", *["bin"] * 5, "ball"]
    assert markers[-1].scale.x == pytest.approx(0.04)
    assert {marker.header.frame_id for marker in markers} == {BASE}

    received, statuses = threading.Event(), []
    graph.node.create_subscription(DiagnosticArray, "/diagnostics", lambda m: (statuses.append(m), received.set()), 10)
    assert received.wait(10.0)
    values = {item.key: item.value for item in statuses[-1].status[0].values}
    assert values["SUCCESS"] == "1"


@pytest.mark.parametrize(
    ("changes", "error", "match"),
    [
        ({"backend": "moveit"}, Exception, "must be one of: embedded"),
        ({"arm_file": "/nowhere.yaml"}, ConfigurationError, "/nowhere.yaml"),
        ({"seed": "seven"}, Exception, "seed"),
        ({"seed": -1}, Exception, "seed"),
    ],
)
def test_wrong_parameters_are_refused(ros, repository, changes, error, match):
    with pytest.raises(error, match=match):
        MotionPlannerNode(parameter_overrides=parameters(repository, **changes))
