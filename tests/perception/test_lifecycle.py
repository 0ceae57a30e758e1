import pytest
import rclpy
from rclpy.lifecycle import TransitionCallbackReturn

from grasp_perception.nodes.lifecycle import AutostartLifecycleNode


class Model(AutostartLifecycleNode):
    def __init__(self, fails_in=None, returns=TransitionCallbackReturn.SUCCESS):
        self.steps = []
        self.fails_in, self.returns = fails_in, returns
        super().__init__("model")
        self.start()

    def on_configure(self, state):
        self.steps.append("configure")
        if self.fails_in == "configure":
            raise FileNotFoundError("weights.bin is missing")
        return self.returns

    def on_activate(self, state):
        self.steps.append("activate")
        if self.fails_in == "activate":
            raise RuntimeError("no camera")
        return super().on_activate(state)


def state(node):
    return node._state_machine.current_state[1]


def test_starts_on_its_own(ros):
    node = Model()
    assert node.steps == ["configure", "activate"]
    assert state(node) == "active"
    assert node.trigger_deactivate() == TransitionCallbackReturn.SUCCESS
    assert state(node) == "inactive"


def test_waits_for_a_manager(ros):
    rclpy.try_shutdown()
    rclpy.init(args=["--ros-args", "-p", "autostart:=false"])
    node = Model()
    assert (node.steps, state(node)) == ([], "unconfigured")
    node.trigger_configure()
    assert (node.steps, state(node)) == (["configure"], "inactive")


@pytest.mark.parametrize(
    ("step", "reason"), [("configure", "configure: weights.bin is missing"), ("activate", "activate: no camera")]
)
def test_says_why_it_cannot_start(ros, step, reason):
    with pytest.raises(RuntimeError, match=f"model could not {reason}"):
        Model(fails_in=step)


def test_a_transition_that_returns_failure(ros):
    with pytest.raises(RuntimeError, match="model could not configure: its log says why"):
        Model(returns=TransitionCallbackReturn.FAILURE)


def test_a_failure_under_a_manager_leaves_it_unconfigured(ros):
    rclpy.try_shutdown()
    rclpy.init(args=["--ros-args", "-p", "autostart:=false"])
    node = Model(fails_in="configure")
    assert node.trigger_configure() == TransitionCallbackReturn.ERROR
    assert state(node) == "unconfigured"
    node.fails_in = None
    assert node.trigger_configure() == TransitionCallbackReturn.SUCCESS
