"""Publishing what a simulated arm's drivers would: joint states and frames, and the clock."""

from __future__ import annotations

import time

from rclpy.node import Node
from rclpy.qos import QoSProfile
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import JointState
from tf2_ros import TransformBroadcaster

from grasp_perception.ros_conversions import stamp
from grasp_sim.cell.simulated_cell import SimulatedCell
from grasp_sim.control.pacing import Schedule
from grasp_sim.ros_conversions import joint_state_to_msg, link_transforms_to_msgs

CLOCK_RATE = 100.0
"""Hz of simulated time."""
BURST = 10
"""Messages in a row after the simulation was held up, by a rendered image above all: none is left out."""


class StatePublisher:
    """Publishes /clock, /joint_states and the transforms of all links, when they are due.

    An observer of the physics thread: it is called after every step.
    """

    def __init__(self, node: Node, base_frame: str, joint_state_rate: float) -> None:
        self._base_frame = base_frame
        self._clock_due = Schedule(CLOCK_RATE, burst=BURST)
        self._states_due = Schedule(joint_state_rate, burst=BURST)
        # Reliable, so that every kind of subscriber is served.
        self._clock = node.create_publisher(Clock, "/clock", QoSProfile(depth=10))
        self._joint_states = node.create_publisher(JointState, "/joint_states", QoSProfile(depth=10))
        self._transforms = TransformBroadcaster(node)

    def __call__(self, cell: SimulatedCell) -> None:
        """Publish what is due after a step."""
        wall = time.monotonic()
        if self._clock_due.due(cell.time, wall):
            self._clock.publish(Clock(clock=stamp(cell.time)))
        if self._states_due.due(cell.time, wall):
            robot = cell.robot
            self._joint_states.publish(joint_state_to_msg(robot.joint_names, robot.states(), cell.time))
            self.publish_transforms(cell)

    def publish_transforms(self, cell: SimulatedCell) -> None:
        """Publish where all links are now."""
        transforms = link_transforms_to_msgs(cell.robot.link_transforms(), self._base_frame, cell.time)
        self._transforms.sendTransform(transforms)
