"""Transforms in seconds."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from geometry_msgs.msg import TransformStamped
from rclpy.time import Time


@pytest.fixture
def transform() -> Callable[..., TransformStamped]:
    """transform(parent, child, seconds, (x, y, z), yaw) as a message."""

    def make(parent, child, seconds=0.0, translation=(0.0, 0.0, 0.0), yaw=0.0, quaternion=None) -> TransformStamped:
        message = TransformStamped(child_frame_id=child)
        message.header.frame_id = parent
        message.header.stamp = Time(nanoseconds=round(seconds * 1e9)).to_msg()
        part = message.transform.translation
        part.x, part.y, part.z = map(float, translation)
        part = message.transform.rotation
        part.x, part.y, part.z, part.w = quaternion or (0.0, 0.0, math.sin(yaw / 2), math.cos(yaw / 2))
        return message

    return make
