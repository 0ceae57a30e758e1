"""Publishing what a bystander would see, for pictures; no planner looks through it."""

from __future__ import annotations

import time

from rclpy.node import Node
from rclpy.qos import QoSProfile
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from grasp_perception.extrinsics import CameraMount
from grasp_perception.ros_conversions import array_to_image, stamp
from grasp_sim.cell.simulated_cell import SimulatedCell
from grasp_sim.control.pacing import Schedule


class SpectatorPublisher:
    """Publishes colour images of the whole arm, when somebody listens.

    An observer of the physics thread: it is called after every step.
    """

    def __init__(self, node: Node, mount: CameraMount, image_rate: float) -> None:
        """Publish on /spectator/color/image_raw at `image_rate` Hz of simulated time."""
        self._mount = mount
        self._due = Schedule(image_rate)
        self._images = node.create_publisher(Image, "/spectator/color/image_raw", QoSProfile(depth=2))

    def __call__(self, cell: SimulatedCell) -> None:
        """Render and publish if an image is due and anybody listens."""
        if not self._due.due(cell.time, time.monotonic()) or self._images.get_subscription_count() == 0:
            return
        color, _ = cell.camera.view(self._mount.parent_from_camera, self._mount.camera_intrinsics)
        header = Header(frame_id=self._mount.camera_frame, stamp=stamp(cell.time))
        self._images.publish(array_to_image(color, "rgb8", header))
