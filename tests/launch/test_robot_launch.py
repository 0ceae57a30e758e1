"""`launch/robot.launch.xml` beside drivers of the smallest kind: the arm goes home, and the camera is missing."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from control_msgs.action import FollowJointTrajectory, GripperCommand
from rcl_interfaces.srv import GetParameters
from rclpy.action import ActionClient, ActionServer
from rclpy.executors import MultiThreadedExecutor
from rclpy.node import Node
from rclpy.task import Future
from sensor_msgs.msg import JointState

from grasp_bringup.cli.demo import launched
from grasp_execution.arm import ArmDescription
from grasp_msgs.action import Pick
from grasp_perception.outcomes import Outcome

NODES = {"camera_transform", "grasp_planner", "motion_planner", "executor"}


class Drivers(Node):
    """An arm that is at once where it is told to be, with its fingers open; and the client of a test."""

    def __init__(self, description: ArmDescription) -> None:
        super().__init__("drivers")
        arm = description.arm
        opening = description.gripper.max_opening / len(arm.gripper_joints.names)
        self.joints = {**arm.home, **dict.fromkeys(arm.gripper_joints.names, opening)}
        self.joints[arm.joints[0]] -= 0.5
        self.trajectories = 0
        self.states = self.create_publisher(JointState, "/joint_states", 10)
        self.create_timer(0.02, self._publish)
        self.actions = (
            ActionServer(self, FollowJointTrajectory, arm.controllers.arm, self._follow),
            ActionServer(self, GripperCommand, arm.controllers.gripper, lambda goal: GripperCommand.Result()),
            ActionClient(self, Pick, "/pick"),
        )

    def destroy_node(self) -> None:
        for action in self.actions:  # a node does not destroy them
            action.destroy()
        super().destroy_node()

    def _publish(self) -> None:
        state = JointState(name=list(self.joints), position=list(self.joints.values()))
        state.header.stamp = self.get_clock().now().to_msg()
        self.states.publish(state)

    def _follow(self, goal: Any) -> FollowJointTrajectory.Result:
        trajectory = goal.request.trajectory
        self.joints.update(zip(trajectory.joint_names, trajectory.points[-1].positions))
        self.trajectories += 1
        goal.succeed()
        return FollowJointTrajectory.Result()


@pytest.fixture
def drivers(ros: None, repository: Path) -> Iterator[Drivers]:
    node, executor = Drivers(ArmDescription(repository / "config/arms/widowx.yaml")), MultiThreadedExecutor(4)
    executor.add_node(node)
    thread = threading.Thread(target=executor.spin, daemon=True)
    thread.start()
    yield node
    executor.shutdown()
    thread.join(5.0)
    node.destroy_node()


def answer(future: Future, timeout: float = 30.0) -> Any:
    done = threading.Event()
    future.add_done_callback(lambda _: done.set())
    assert done.wait(timeout), "no answer"
    return future.result()


def test_it_moves_a_robot_by_the_clock_of_the_computer(drivers: Drivers, tmp_path: Path) -> None:
    log = tmp_path / "launch.log"
    with launched("robot.launch.xml", {"planner": "antipodal"}, log):
        client = drivers.actions[-1]
        assert client.wait_for_server(60.0), log.read_text()
        for name in NODES:
            parameters = drivers.create_client(GetParameters, f"/{name}/get_parameters")
            assert parameters.wait_for_service(30.0), f"{name} is not there:\n{log.read_text()}"
            values = answer(parameters.call_async(GetParameters.Request(names=["use_sim_time"]))).values
            assert [value.bool_value for value in values] == [False]
        names = set(drivers.get_node_names())
        assert names >= NODES and "simulated_robot" not in names

        result = answer(answer(client.send_goal_async(Pick.Goal(plan_only=True))).get_result_async()).result
        assert result.outcome.code == Outcome.NO_CAMERA, result.outcome.message + log.read_text()
        assert drivers.trajectories == 1  # home
