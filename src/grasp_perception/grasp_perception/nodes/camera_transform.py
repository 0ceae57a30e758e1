"""Publishes where a camera is mounted: in the room, or on the arm."""

from __future__ import annotations

from geometry_msgs.msg import TransformStamped
from rclpy.node import Node
from std_msgs.msg import Header
from tf2_ros import StaticTransformBroadcaster

from grasp_perception.extrinsics import CameraMount
from grasp_perception.nodes.diagnostics import DiagnosticsPublisher, Health
from grasp_perception.nodes.parameters import declare
from grasp_perception.nodes.run import run_node
from grasp_perception.ros_conversions import transform_to_msg


class CameraTransform(Node):
    """Publishes the transform from a camera file once, latched on /tf_static."""

    def __init__(self) -> None:
        super().__init__("camera_transform")
        path = declare(self, "camera_file", "", "YAML file that says where the camera is mounted")
        mount = CameraMount.load(path)
        self._broadcaster = StaticTransformBroadcaster(self)
        self._broadcaster.sendTransform(
            TransformStamped(
                header=Header(stamp=self.get_clock().now().to_msg(), frame_id=mount.parent_frame),
                child_frame_id=mount.camera_frame,
                transform=transform_to_msg(mount.parent_from_camera),
            )
        )
        x, y, z = mount.translation
        health = Health(
            message=f"{mount.parent_frame} -> {mount.camera_frame}",
            values={"camera_file": path, "position (m)": f"{x:.4f} {y:.4f} {z:.4f}"},
        )
        self._diagnostics = DiagnosticsPublisher(self, lambda: health)
        self.get_logger().info(f"published {mount.parent_frame} -> {mount.camera_frame} from {path}")


def main() -> None:
    """Entry point."""
    run_node(CameraTransform)
