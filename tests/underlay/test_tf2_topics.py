"""Broadcasters and listener on a ROS graph."""

from __future__ import annotations

import threading

import pytest
import rclpy
import tf2_ros
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.duration import Duration
from rclpy.executors import MultiThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.time import Time

WAIT = Duration(seconds=20)


@pytest.fixture
def nodes(ros):
    """A sender and a receiver, spun by one executor each in threads of their own."""
    made = [Node("sender"), Node("receiver")]
    executor = MultiThreadedExecutor(3)
    for node in made:
        executor.add_node(node)
    thread = threading.Thread(target=executor.spin, daemon=True)
    thread.start()
    yield made
    executor.shutdown()
    thread.join(timeout=5)
    for node in made:
        node.destroy_node()


def test_moving_and_static_transforms_arrive(nodes, transform):
    sender, receiver = nodes
    buffer = tf2_ros.Buffer()
    tf2_ros.TransformListener(buffer, receiver)
    static = tf2_ros.StaticTransformBroadcaster(sender)
    static.sendTransform(transform("base", "camera", 0.0, (0, 0, 1)))
    moving = tf2_ros.TransformBroadcaster(sender)
    sender.create_timer(
        0.05, lambda: moving.sendTransform([transform("base", "arm", 5.0, (1, 0, 0)), transform("arm", "tool", 5.0)])
    )
    message = buffer.lookup_transform("camera", "tool", Time(seconds=5), timeout=WAIT)
    translation = message.transform.translation
    assert (translation.x, translation.y, translation.z) == (1, 0, -1)


def test_who_joins_late_gets_all_static_transforms(nodes, transform):
    sender, receiver = nodes
    static = tf2_ros.StaticTransformBroadcaster(sender)
    static.sendTransform(transform("base", "a"))
    static.sendTransform([transform("base", "b", translation=(1, 0, 0)), transform("base", "c")])
    static.sendTransform(transform("base", "b", translation=(2, 0, 0)))
    buffer = tf2_ros.Buffer()
    listener = tf2_ros.TransformListener(buffer, receiver)
    for frame, x in (("a", 0), ("b", 2), ("c", 0)):
        message = buffer.lookup_transform("base", frame, Time(), timeout=WAIT)
        assert message.transform.translation.x == x
    listener.unregister()


def test_a_callback_may_wait_even_if_simulated_time_stands_still(nodes, transform):
    sender, receiver = nodes
    receiver.set_parameters([Parameter("use_sim_time", value=True)])  # and nobody publishes /clock
    buffer = tf2_ros.Buffer()
    tf2_ros.TransformListener(buffer, receiver)
    results = []
    done = threading.Event()

    def wait_for_both():
        if not done.is_set():
            results.append(buffer.can_transform("a", "nowhere", Time(), timeout=Duration(seconds=0.05)))
            results.append(buffer.can_transform("a", "b", Time(), timeout=WAIT))
            done.set()

    group = MutuallyExclusiveCallbackGroup()
    clock = rclpy.clock.Clock(clock_type=rclpy.clock.ClockType.STEADY_TIME)
    receiver.create_timer(0.02, wait_for_both, callback_group=group, clock=clock)
    moving = tf2_ros.TransformBroadcaster(sender)
    sender.create_timer(0.05, lambda: moving.sendTransform(transform("a", "b", 1.0)))
    assert done.wait(30)
    assert results == [False, True]


def test_a_listener_can_spin_its_node_itself(ros, transform):
    sender, receiver = Node("sender"), Node("receiver")
    buffer = tf2_ros.Buffer()
    listener = tf2_ros.TransformListener(buffer, receiver, spin_thread=True)
    tf2_ros.StaticTransformBroadcaster(sender).sendTransform(transform("a", "b"))
    assert buffer.can_transform("a", "b", Time(), timeout=WAIT)
    listener.unregister()
    assert not listener.dedicated_listener_thread.is_alive()
    for node in (sender, receiver):
        node.destroy_node()
