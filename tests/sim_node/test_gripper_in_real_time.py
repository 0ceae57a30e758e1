"""At the pace of real time, so that a command is still under way when the next request comes."""

from __future__ import annotations

import pytest
from action_msgs.msg import GoalStatus

from .conftest import OPENING, Graph, Robot, fingers, gap_goal


@pytest.fixture(scope="module")
def robot(graph: Graph) -> Robot:
    graph.robot(rate=1.0)
    return Robot(graph)


def test_cancel_stops_where_it_is(robot: Robot) -> None:
    handle = robot.send(robot.gripper, gap_goal(0.0))
    robot.graph.result(handle.cancel_goal_async())
    status, result = robot.finish(handle)
    assert status == GoalStatus.STATUS_CANCELED
    assert not result.reached_goal or result.position > 0.003
    robot.simulate(0.3)
    assert fingers(robot) == pytest.approx(result.position, abs=0.002)
    assert fingers(robot) > 0.003


def test_a_new_command_preempts_the_old_one(robot: Robot) -> None:
    robot.finish(robot.send(robot.gripper, gap_goal(0.03)))
    old = robot.send(robot.gripper, gap_goal(0.0))
    new = robot.send(robot.gripper, gap_goal(0.02))
    (old_status, _), (new_status, result) = robot.finish(old), robot.finish(new)
    assert old_status == GoalStatus.STATUS_ABORTED
    assert new_status == GoalStatus.STATUS_SUCCEEDED
    assert result.position == pytest.approx(0.02, abs=0.0011)


def test_feedback(robot: Robot) -> None:
    robot.finish(robot.send(robot.gripper, gap_goal(OPENING)))
    robot.finish(robot.send(robot.gripper, gap_goal(0.0)))
    assert len(robot.feedback) > 3
    assert all(-0.001 < message.position <= OPENING + 1e-4 for message in robot.feedback)
    assert not robot.feedback[0].reached_goal
    gaps = [message.position for message in robot.feedback]
    assert gaps == sorted(gaps, reverse=True)
