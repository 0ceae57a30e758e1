import numpy as np
import pytest
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from tf2_msgs.msg import TFMessage

from grasp_perception.configuration import ConfigurationError
from grasp_perception.nodes.camera_transform import CameraTransform
from grasp_perception.ros_conversions import transform_from_msg


@pytest.fixture
def construct(ros):
    """Makes the node with a camera file."""

    def make(path):
        rclpy.try_shutdown()
        rclpy.init(args=["--ros-args", "-p", f"camera_file:={path}"])
        return CameraTransform()

    return make


def test_a_late_listener_gets_the_transform(construct, repository):
    node, listener, received = construct(repository / "config/cameras/widowx.yaml"), Node("listener"), []
    latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
    listener.create_subscription(TFMessage, "/tf_static", received.append, latched)
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    executor.add_node(listener)
    for _ in range(100):
        if received:
            break
        executor.spin_once(timeout_sec=0.1)
    (transform,) = received[0].transforms
    assert (transform.header.frame_id, transform.child_frame_id) == ("arm_base_link", "camera_color_optical_frame")
    pose = transform_from_msg(transform.transform)
    np.testing.assert_allclose(pose.translation, [0.23, 0.0, 0.62])
    np.testing.assert_allclose(pose.apply([0.0, 0.0, 0.62]), [0.23, 0.0, 0.0], atol=1e-9)
    executor.shutdown()
    node.destroy_node()
    listener.destroy_node()


@pytest.mark.parametrize(
    ("content", "reason"), [(None, "cannot read"), ("parent_frame: base", "camera_frame: Field required")]
)
def test_a_camera_file_that_cannot_be_used(construct, tmp_path, content, reason):
    if content is not None:
        (tmp_path / "camera.yaml").write_text(content)
    with pytest.raises(ConfigurationError, match=reason):
        construct(tmp_path / "camera.yaml")


def test_no_camera_file(ros):
    with pytest.raises(ConfigurationError, match="no file was given to read the CameraMount from"):
        CameraTransform()
