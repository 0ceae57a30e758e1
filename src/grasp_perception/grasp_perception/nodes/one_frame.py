"""One frame from a camera's topics, for programs that are no nodes."""

from __future__ import annotations

import threading

import rclpy
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor

from grasp_perception.frame import RGBDFrame
from grasp_perception.nodes.rgbd_subscriber import COLOR_TOPIC, DEPTH_TOPIC, INFO_TOPIC, RGBDSubscriber
from grasp_perception.ros_conversions import STAMP_TOLERANCE


def receive_frame(
    color_topic: str = COLOR_TOPIC,
    depth_topic: str = DEPTH_TOPIC,
    info_topic: str = INFO_TOPIC,
    timeout: float = 5.0,
    rectified: bool = False,
    stamp_tolerance: float = STAMP_TOLERANCE,
) -> RGBDFrame:
    """Wait for one frame, in a ROS context of its own.

    Args:
        color_topic: Colour images.
        depth_topic: Depth images aligned to the colour images.
        info_topic: camera_info of the depth images.
        timeout: Longest wait, seconds.
        rectified: Whether these are rectified images (``image_rect`` topics).
        stamp_tolerance: Greatest difference between the stamps of colour and depth, seconds.

    Raises:
        OutcomeError: As `RGBDSubscriber.wait`.
    """
    context = Context()
    rclpy.init(context=context)
    try:
        node = rclpy.create_node("grasp_doctor", context=context)
        subscriber = RGBDSubscriber(
            node,
            color_topic=color_topic,
            depth_topic=depth_topic,
            info_topic=info_topic,
            rectified=rectified,
            stamp_tolerance=stamp_tolerance,
        )
        executor = SingleThreadedExecutor(context=context)
        executor.add_node(node)
        thread = threading.Thread(target=executor.spin, daemon=True)
        thread.start()
        try:
            return subscriber.wait(timeout=timeout)
        finally:
            executor.shutdown()
            thread.join(timeout=2.0)
            node.destroy_node()
    finally:
        rclpy.try_shutdown(context=context)
