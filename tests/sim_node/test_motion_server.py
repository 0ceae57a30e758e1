"""Action servers that go while their node goes on."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import pytest
from action_msgs.msg import GoalStatus
from control_msgs.action import FollowJointTrajectory
from rclpy.action import ActionClient, ActionServer

from grasp_sim.control.motion import Ending
from grasp_sim.nodes.motion_server import MotionProtocol, MotionServer

from .conftest import Graph, wait_until

Result = FollowJointTrajectory.Result


def test_a_server_is_hidden_from_the_executor_before_its_handle_goes(
    graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = MotionServer(graph.node, FollowJointTrajectory, "/follow", None)
    hidden: list[bool] = []
    destroy = ActionServer.destroy

    def watched(self: ActionServer) -> None:
        hidden.append(self not in list(graph.node.waitables))
        destroy(self)

    monkeypatch.setattr(ActionServer, "destroy", watched)
    assert any(isinstance(waitable, ActionServer) for waitable in graph.node.waitables)
    server.destroy()
    assert hidden == [True]
    assert not any(isinstance(waitable, ActionServer) for waitable in graph.node.waitables)


def refuse(error: Exception) -> Result:
    return Result(error_string=str(error))


@pytest.mark.parametrize("error", [ValueError("not there"), ZeroDivisionError("a bug")])
def test_a_motion_begins_before_its_client_hears_of_it(graph: Graph, error: Exception) -> None:
    begun = threading.Event()

    def begin(request: FollowJointTrajectory.Goal) -> None:
        begun.set()
        raise error

    protocol = MotionProtocol(begin, None, None, None, refuse, refusals=(ValueError,))
    server = MotionServer(graph.node, FollowJointTrajectory, "/follow", protocol)
    client = ActionClient(graph.node, FollowJointTrajectory, "/follow")
    assert client.wait_for_server(5.0)
    heard: list[bool] = []
    future = client.send_goal_async(FollowJointTrajectory.Goal())
    future.add_done_callback(lambda _: heard.append(begun.is_set()))
    wait_until(lambda: heard, "the goal's acceptance")
    assert heard == [True] and future.result().accepted
    answer = future.result().get_result_async()
    wait_until(answer.done, "the result")
    assert answer.result().status == GoalStatus.STATUS_ABORTED
    assert answer.result().result.error_string == ("not there" if isinstance(error, ValueError) else "")
    server.destroy()  # the client goes with its node: rclpy's executor may fail on one that goes while it spins


def test_a_cancel_that_the_physics_does_not_hear_in_time_is_tried_again(graph: Graph) -> None:
    motion = SimpleNamespace(ended=threading.Event(), ending=Ending.CANCELED, progress=None, result=None)
    answers = [TimeoutError("the simulation did not answer within 10.0 s")] * 2
    told: list[int] = []

    def cancel(motion: SimpleNamespace) -> None:
        told.append(len(told))
        if answers:
            raise answers.pop()
        motion.ended.set()

    protocol = MotionProtocol(
        begin=lambda request: motion,
        cancel=cancel,
        feedback=lambda progress: FollowJointTrajectory.Feedback(),
        result=lambda motion: Result(error_string="halted"),
        refusal=refuse,
        refusals=(),
    )
    server = MotionServer(graph.node, FollowJointTrajectory, "/follow", protocol)
    client = ActionClient(graph.node, FollowJointTrajectory, "/follow")
    assert client.wait_for_server(5.0)
    sent = client.send_goal_async(FollowJointTrajectory.Goal())
    wait_until(sent.done, "the goal's acceptance")
    answer = sent.result().get_result_async()
    sent.result().cancel_goal_async()
    wait_until(answer.done, "the result")
    assert (answer.result().status, answer.result().result.error_string) == (GoalStatus.STATUS_CANCELED, "halted")
    assert told == [0, 1, 2]
    server.destroy()
