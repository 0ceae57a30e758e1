"""Publishing transforms that never change."""

from __future__ import annotations

from collections.abc import Iterable

from geometry_msgs.msg import TransformStamped
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from tf2_msgs.msg import TFMessage


class StaticTransformBroadcaster:
    """Publishes transforms on /tf_static, latched.

    Who joins late gets the last message only, so each message holds all transforms sent so far,
    the latest for each child frame.
    """

    def __init__(self, node: Node, qos: QoSProfile | int | None = None) -> None:
        if qos is None:
            qos = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self.pub_tf = node.create_publisher(TFMessage, "/tf_static", qos)
        self._sent: dict[str, TransformStamped] = {}

    def sendTransform(self, transform: TransformStamped | Iterable[TransformStamped]) -> None:
        """Add or replace one transform or several, and publish all."""
        transforms = [transform] if isinstance(transform, TransformStamped) else transform
        self._sent |= {sent.child_frame_id: sent for sent in transforms}
        self.pub_tf.publish(TFMessage(transforms=list(self._sent.values())))
