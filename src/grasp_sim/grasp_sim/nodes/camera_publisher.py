"""Publishing what the simulated camera sees, as realsense-ros does."""

from __future__ import annotations

import time
from collections.abc import Callable

from rclpy.node import Node
from rclpy.qos import QoSProfile
from sensor_msgs.msg import CameraInfo, Image

from grasp_sim.cell.simulated_cell import SimulatedCell
from grasp_sim.control.pacing import Schedule
from grasp_sim.ros_conversions import images_from_frame

_WINDOW = 2.0
"""Wall seconds over which the statistics are taken."""


class CameraPublisher:
    """Publishes colour, aligned depth and both camera_infos with one stamp, when somebody listens.

    An observer of the physics thread: it is called after every step.

    Attributes:
        rate: Images per second of wall time, lately.
        render_seconds: Mean wall time of rendering one image.
        publish_seconds: Mean wall time of converting and publishing it.
    """

    def __init__(
        self,
        node: Node,
        namespace: str,
        image_rate: float,
        before: Callable[[SimulatedCell], None] = lambda cell: None,
    ) -> None:
        """Publish below `namespace` at `image_rate` Hz of simulated time; `before` is called before each image."""
        self._due = Schedule(image_rate)
        self._before = before
        # Reliable like the real driver's, which also serves best-effort subscribers.
        qos = QoSProfile(depth=5)
        self._color = node.create_publisher(Image, f"{namespace}/color/image_raw", qos)
        self._color_info = node.create_publisher(CameraInfo, f"{namespace}/color/camera_info", qos)
        depth = f"{namespace}/aligned_depth_to_color"
        self._depth = node.create_publisher(Image, f"{depth}/image_raw", qos)
        self._depth_info = node.create_publisher(CameraInfo, f"{depth}/camera_info", qos)
        self.rate = 0.0
        self.render_seconds = 0.0
        self.publish_seconds = 0.0
        self._begin = time.monotonic()
        self._images = 0
        self._rendering = 0.0
        self._publishing = 0.0

    def __call__(self, cell: SimulatedCell) -> None:
        """Render and publish if an image is due and anybody listens."""
        begin = time.monotonic()
        if not self._due.due(cell.time, begin):
            return
        if self._listeners():
            self._before(cell)
            frame = cell.camera.capture()
            rendered = time.monotonic()
            color, depth, info = images_from_frame(frame)
            # The infos first: who waits for an image has the intrinsics by then.
            self._color_info.publish(info)
            self._depth_info.publish(info)
            self._color.publish(color)
            self._depth.publish(depth)
            self._images += 1
            self._rendering += rendered - begin
            self._publishing += time.monotonic() - rendered
        self._update_statistics()

    def _listeners(self) -> bool:
        publishers = (self._color, self._depth, self._color_info, self._depth_info)
        return any(publisher.get_subscription_count() > 0 for publisher in publishers)

    def _update_statistics(self) -> None:
        elapsed = time.monotonic() - self._begin
        if elapsed < _WINDOW:
            return
        images = max(1, self._images)
        self.rate = self._images / elapsed
        self.render_seconds = self._rendering / images
        self.publish_seconds = self._publishing / images
        self._begin, self._images, self._rendering, self._publishing = time.monotonic(), 0, 0.0, 0.0
