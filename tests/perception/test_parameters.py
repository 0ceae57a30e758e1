import pytest
import rclpy
from rclpy.exceptions import InvalidParameterTypeException, InvalidParameterValueException
from rclpy.node import Node
from rclpy.parameter import Parameter

from grasp_perception.nodes.parameters import declare


@pytest.fixture
def node(ros):
    def make(**values):
        overrides = [Parameter(name, value=value) for name, value in values.items()]
        return Node("node", parameter_overrides=overrides)

    return make


def test_value_default_and_description(node):
    made = node(rate=12.5)
    assert declare(made, "rate", 10.0, "images a second, Hz", minimum=0.0, maximum=60.0) == 12.5
    assert declare(made, "name", "left", "which arm", choices=["left", "right"]) == "left"
    assert declare(made, "seed", 3, "of the random draws", minimum=0) == 3
    assert declare(made, "record", False, "keep a log") is False
    descriptor = made.describe_parameter("rate")
    assert descriptor.description == "images a second, Hz"
    assert descriptor.read_only
    assert made.describe_parameter("name").additional_constraints == "one of: left, right"


@pytest.mark.parametrize("value", [61.0, -0.1, float("nan"), float("inf")])
def test_numbers_out_of_range(node, value):
    with pytest.raises(InvalidParameterValueException, match="rate"):
        declare(node(rate=value), "rate", 10.0, "Hz", minimum=0.0, maximum=60.0)


@pytest.mark.parametrize("value", [-1, 11])
def test_integers_out_of_range(node, value):
    with pytest.raises(InvalidParameterValueException, match="seed"):
        declare(node(seed=value), "seed", 3, "seed", minimum=0, maximum=10)


@pytest.mark.parametrize("value", ["fast", True, [1.0], 12])
def test_wrong_types(node, value):
    with pytest.raises(InvalidParameterTypeException, match="rate"):
        declare(node(rate=value), "rate", 10.0, "Hz")


def test_none_of_the_choices(node):
    with pytest.raises(InvalidParameterValueException, match="arm is 'middle', but must be one of: left, right"):
        declare(node(arm="middle"), "arm", "left", "which arm", choices=["left", "right"])


def test_changes_while_running(node):
    made = node()
    declare(made, "fixed", 1.0, "cannot change")
    declare(made, "rate", 10.0, "Hz", minimum=0.0, maximum=60.0, read_only=False)
    declare(made, "arm", "left", "which arm", choices=["left", "right"], read_only=False)

    def refused(name, value):
        (result,) = made.set_parameters([Parameter(name, value=value)])
        return "" if result.successful else result.reason

    assert "read-only" in refused("fixed", 2.0)
    assert "out of range" in refused("rate", 100.0)
    assert "must be one of: left, right" in refused("arm", "middle")
    assert not refused("rate", 20.0) and not refused("arm", "right")
    assert made.get_parameter("rate").value == 20.0


def test_from_the_command_line(ros):
    rclpy.try_shutdown()
    rclpy.init(args=["--ros-args", "-p", "rate:=5.0"])
    assert declare(Node("node"), "rate", 10.0, "Hz") == 5.0
