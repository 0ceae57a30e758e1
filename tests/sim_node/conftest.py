"""A simulated robot on a real ROS graph, and a client of it, both in this process."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import rclpy
from builtin_interfaces.msg import Duration
from control_msgs.action import FollowJointTrajectory, GripperCommand
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.task import Future
from sensor_msgs.msg import JointState
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from grasp_execution.nodes.action_call import LockedActionClient
from grasp_msgs.srv import GetObjects
from grasp_perception.nodes.executor import NodeExecutor
from grasp_perception.ros_conversions import seconds
from grasp_sim.nodes.simulated_robot import SimulatedRobotNode

TIMEOUT = 20.0
REPOSITORY = Path(__file__).resolve().parents[2]
OPENING = 0.030
JOINTS = [f"joint_{i}" for i in range(1, 6)]


def files(**overrides: object) -> list[Parameter]:
    """The parameters of a simulated WidowX, as fast as it goes, on an empty table."""
    values: dict[str, object] = {
        "arm_file": str(REPOSITORY / "config/arms/widowx.yaml"),
        "workcell_file": str(REPOSITORY / "config/workcells/widowx.yaml"),
        "camera_file": str(REPOSITORY / "config/cameras/widowx.yaml"),
        "rate": 0.0,
    }
    return [Parameter(name, value=value) for name, value in (values | overrides).items()]


def wait_until(condition: Callable[[], object], what: str) -> None:
    """Wait for something to become true."""
    deadline = time.monotonic() + TIMEOUT
    while not condition():
        assert time.monotonic() < deadline, f"waited {TIMEOUT} s for {what}"
        time.sleep(0.002)


class Graph:
    """Nodes spinning in threads of this process; the client's node is `node`."""

    def __init__(self) -> None:
        rclpy.init()
        self._spinning: list[tuple[NodeExecutor, threading.Thread]] = []
        self._nodes: list[Node] = []
        self._clients: dict[str, Any] = {}
        self.node = self.spin(Node("client"))

    def spin(self, node: Node, threads: int = 4) -> Node:
        executor = NodeExecutor(threads)
        executor.add_node(node)
        thread = threading.Thread(target=executor.spin, daemon=True)
        thread.start()
        self._spinning.append((executor, thread))
        self._nodes.append(node)
        return node

    def robot(self, **parameters: object) -> SimulatedRobotNode:
        return self.spin(SimulatedRobotNode(parameter_overrides=files(**parameters)), threads=8)

    def result(self, future: Future) -> Any:
        """What a future brings."""
        wait_until(future.done, "an answer")
        return future.result()

    def call(self, service_type: Any, name: str, request: Any) -> Any:
        if name not in self._clients:
            self._clients[name] = self.node.create_client(service_type, name)
        assert self._clients[name].wait_for_service(TIMEOUT), f"no service {name}"
        return self.result(self._clients[name].call_async(request))

    def close(self) -> None:
        for executor, thread in self._spinning:
            executor.shutdown(timeout_sec=2.0)
            thread.join(2.0)
        for node in reversed(self._nodes):
            node.destroy_node()
        rclpy.try_shutdown()


class Robot:
    """What a client does with the simulated robot."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.states: list[JointState] = []
        graph.node.create_subscription(JointState, "/joint_states", self.states.append, 50)
        self.arm = LockedActionClient(graph.node, FollowJointTrajectory, "/widowx_controller/follow_joint_trajectory")
        self.gripper = LockedActionClient(graph.node, GripperCommand, "/widowx_gripper_controller/gripper_cmd")
        assert self.arm.wait_for_server(TIMEOUT)
        assert self.gripper.wait_for_server(TIMEOUT)
        self.feedback: list[Any] = []
        wait_until(lambda: self.states, "joint states")

    @property
    def time(self) -> float:
        """Simulated time, asked of the robot itself: the latest message may be old already."""
        response = self.graph.call(GetObjects, "/simulated_robot/get_objects", GetObjects.Request())
        return seconds(response.header.stamp)

    def positions(self, message: JointState | None = None) -> list[float]:
        """Of the arm's joints, by the latest joint states."""
        message = message or self.states[-1]
        by_name = dict(zip(message.name, message.position))
        return [by_name[name] for name in JOINTS]

    def simulate(self, duration: float) -> list[JointState]:
        """Let simulated time pass; the joint states of that time."""
        begin = self.time
        wait_until(lambda: seconds(self.states[-1].header.stamp) >= begin + duration, f"{duration} s of simulation")
        return [state for state in self.states if seconds(state.header.stamp) > begin]

    def send(self, client: LockedActionClient, goal: Any) -> Any:
        """The handle of an accepted goal."""
        self.feedback.clear()
        handle = self.graph.result(
            client.send_goal_async(goal, feedback_callback=lambda message: self.feedback.append(message.feedback))
        )
        assert handle.accepted
        return handle

    def finish(self, handle: Any) -> tuple[int, Any]:
        """Status and result of a goal."""
        response = self.graph.result(handle.get_result_async())
        return response.status, response.result

    def move(self, offsets: list[float], seconds: float, **fields: Any) -> FollowJointTrajectory.Goal:
        """A goal that moves the joints by offsets from where they are."""
        target = [position + offset for position, offset in zip(self.positions(), offsets)]
        return goal_to([(seconds, target)], **fields)


def goal_to(points: list[tuple[float, list[float]]], **fields: Any) -> FollowJointTrajectory.Goal:
    """A goal with zero velocity at every point."""
    trajectory = JointTrajectory(
        joint_names=JOINTS,
        points=[
            JointTrajectoryPoint(positions=positions, velocities=[0.0] * len(positions), time_from_start=duration(time))
            for time, positions in points
        ],
    )
    return FollowJointTrajectory.Goal(trajectory=trajectory, **fields)


def gap_goal(gap: float, effort: float = 0.0) -> GripperCommand.Goal:
    """A goal for the gripper, m and N."""
    goal = GripperCommand.Goal()
    goal.command.position, goal.command.max_effort = gap, effort
    return goal


def fingers(robot: Robot) -> float:
    """The gap between the fingers, by the latest joint states, m."""
    by_name = dict(zip(robot.states[-1].name, robot.states[-1].position))
    return float(by_name["gripper_prismatic_joint_1"] + by_name["gripper_prismatic_joint_2"])


def duration(seconds: float) -> Duration:
    return Duration(sec=int(seconds), nanosec=round(seconds % 1.0 * 1e9))


@pytest.fixture(scope="module")
def graph() -> Iterator[Graph]:
    """A ROS graph with a client's node, for all tests of a module."""
    graph = Graph()
    yield graph
    graph.close()


@pytest.fixture(scope="module")
def robot(graph: Graph) -> Robot:
    """A simulated robot with an empty table, for all tests of a module."""
    graph.robot()
    return Robot(graph)
