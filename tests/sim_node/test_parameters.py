"""A simulated robot that refuses to start, each time with its reason."""

from __future__ import annotations

import pytest
from lifecycle_msgs.msg import State
from rclpy.exceptions import ParameterException
from rclpy.lifecycle import TransitionCallbackReturn
from sensor_msgs.msg import JointState

from grasp_perception.configuration import ConfigurationError
from grasp_sim.nodes.simulated_robot import SimulatedRobotNode

from .conftest import Graph, files, wait_until


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({"rate": "fast"}, "Trying to set parameter 'rate' to 'fast' of type 'STRING', expecting type 'DOUBLE'"),
        ({"rate": -1.0}, "rate"),
        ({"rate": float("nan")}, "rate"),
        ({"object_count": -1}, "object_count"),
        ({"image_rate": 0.0}, "image_rate"),
        ({"joint_state_rate": 1000.0}, "joint_state_rate"),
        ({"goal_time": -1.0}, "goal_time"),
        ({"objects": [1, 2]}, "of type 'INTEGER_ARRAY', expecting type 'STRING_ARRAY'"),
        ({"use_sim_time": True}, "simulated_robot publishes /clock itself: start it with use_sim_time false"),
    ],
)
def test_wrong_parameters(ros: None, parameters: dict[str, object], reason: str) -> None:
    with pytest.raises((ConfigurationError, ParameterException)) as caught:
        SimulatedRobotNode(parameter_overrides=files(**parameters))
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({"arm_file": ""}, "the parameter arm_file is not set: give the path of a file"),
        ({"workcell_file": "/nowhere.yaml"}, "cannot read /nowhere.yaml: No such file or directory"),
        ({"camera_file": files()[0].value}, "Extra inputs are not permitted"),
        ({"objects": ["unicorn"]}, "there is no object 'unicorn'"),
    ],
)
def test_wrong_files(ros: None, capfd: pytest.CaptureFixture, parameters: dict[str, object], reason: str) -> None:
    with pytest.raises(RuntimeError, match="simulated_robot could not configure"):
        SimulatedRobotNode(parameter_overrides=files(**parameters))
    assert reason in capfd.readouterr().err


def test_a_manager_drives_it_without_autostart(graph: Graph) -> None:
    node = graph.robot(autostart=False)
    assert node._state_machine.current_state[0] == State.PRIMARY_STATE_UNCONFIGURED
    assert node.trigger_configure() == TransitionCallbackReturn.SUCCESS
    messages: list = []
    graph.node.create_subscription(JointState, "/joint_states", messages.append, 10)
    assert node.trigger_activate() == TransitionCallbackReturn.SUCCESS
    wait_until(lambda: messages, "joint states")
    assert node.trigger_shutdown() == TransitionCallbackReturn.SUCCESS
    assert node._state_machine.current_state[0] == State.PRIMARY_STATE_FINALIZED
