"""Action servers that go while their node goes on."""

from __future__ import annotations

import pytest
from control_msgs.action import FollowJointTrajectory
from rclpy.action import ActionServer

from grasp_sim.nodes.motion_server import MotionServer

from .conftest import Graph


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
