from __future__ import annotations

import math

import pytest
from action_msgs.msg import GoalStatus
from control_msgs.action import GripperCommand

from grasp_msgs.srv import ResetScene
from grasp_perception.transform import Transform
from grasp_sim.control.controlled_cell import ControlledCell
from grasp_sim.nodes.simulated_robot import SimulatedRobotNode

from .conftest import OPENING, Graph, Robot, fingers, gap_goal


@pytest.fixture(scope="module")
def node(graph: Graph) -> SimulatedRobotNode:
    return graph.robot()


@pytest.fixture(scope="module")
def robot(graph: Graph, node: SimulatedRobotNode) -> Robot:
    return Robot(graph)


@pytest.fixture(autouse=True)
def opened(robot: Robot) -> None:
    request = ResetScene.Request(reset_arm=True)
    assert robot.graph.call(ResetScene, "/simulated_robot/reset_scene", request).success
    robot.simulate(0.1)


def test_closes_on_nothing(robot: Robot) -> None:
    begin = robot.time
    status, result = robot.finish(robot.send(robot.gripper, gap_goal(0.0)))
    assert status == GoalStatus.STATUS_SUCCEEDED
    assert (result.reached_goal, result.stalled) == (True, False)
    assert result.position < 0.0011
    robot.simulate(0.1)
    assert fingers(robot) == pytest.approx(0.0, abs=0.0011)
    assert robot.time - begin > 0.4  # 30 mm at 60 mm/s


def test_goes_to_a_gap(robot: Robot) -> None:
    status, result = robot.finish(robot.send(robot.gripper, gap_goal(0.012, 5.0)))
    assert (status, result.reached_goal) == (GoalStatus.STATUS_SUCCEEDED, True)
    assert result.position == pytest.approx(0.012, abs=0.0011)


def test_stalls_on_an_object(robot: Robot, node: SimulatedRobotNode) -> None:
    def put_a_post_between_the_fingers(cell: ControlledCell) -> None:
        model = cell.cell.scene.catalogue.load("cube_small")
        pose = Transform(cell.cell.robot.tool().rotation, cell.cell.robot.tool().translation)
        post = cell.cell.world.add("post", model.source((1.0, 0.0, 0.0)), pose, fixed=True)
        posts.append((post, model.extents))

    posts: list = []
    node._physics.call(put_a_post_between_the_fingers)
    try:
        status, result = robot.finish(robot.send(robot.gripper, gap_goal(0.0, 6.0)))
        assert status == GoalStatus.STATUS_SUCCEEDED
        assert (result.reached_goal, result.stalled) == (False, True)
        assert result.position == pytest.approx(posts[0][1].min(), abs=0.001)
        assert result.effort == pytest.approx(6.0, abs=0.5)
    finally:
        node._physics.call(lambda cell: cell.cell.world.remove(posts[0][0]))


@pytest.mark.parametrize(
    "goal", [gap_goal(-0.001), gap_goal(0.031), gap_goal(math.nan), gap_goal(0.01, -1.0), gap_goal(0.01, 10.5)]
)
def test_out_of_range(robot: Robot, goal: GripperCommand.Goal) -> None:
    status, result = robot.finish(robot.send(robot.gripper, goal))
    assert status == GoalStatus.STATUS_ABORTED
    assert result.position == pytest.approx(OPENING, abs=1e-3)  # it has not moved
    robot.simulate(0.1)
    assert fingers(robot) == pytest.approx(OPENING, abs=1e-3)
