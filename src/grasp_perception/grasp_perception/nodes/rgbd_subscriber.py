"""RGB-D frames from a camera's topics."""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import Any, NamedTuple

from rclpy.callback_groups import CallbackGroup, ReentrantCallbackGroup
from rclpy.node import Node
from rclpy.qos import qos_profile_sensor_data
from rclpy.time import Time
from sensor_msgs.msg import CameraInfo, Image

from grasp_perception.frame import RGBDFrame
from grasp_perception.outcomes import Outcome, OutcomeError
from grasp_perception.ros_conversions import STAMP_TOLERANCE, frame_from_messages, size_of_images

COLOR_TOPIC = "/camera/camera/color/image_raw"
DEPTH_TOPIC = "/camera/camera/aligned_depth_to_color/image_raw"
INFO_TOPIC = "/camera/camera/aligned_depth_to_color/camera_info"

_QUEUE = 10
"""Images of each kind kept while their partner has not arrived: a third of a second at 30 Hz."""
_SILENCE = 1.0
"""Seconds; a camera that has sent nothing for so long has stopped."""
_SMOOTHING = 0.1
"""Weight of the newest value in the running means."""


class _Arrival(NamedTuple):
    stamp: int
    """Nanoseconds."""
    message: Image
    arrived: float
    """time.monotonic()."""


class RGBDSubscriber:
    """Keeps the newest pair of colour and depth images, and makes a frame of it when one is asked for.

    Messages nobody asks for are not converted. Subscriptions are best-effort (sensor data), which fits
    every publisher.

    `wait` blocks its thread until the executor has delivered images on another one: the node must be
    spun by an executor of several threads, or `wait` be called outside of callbacks.

    Args:
        node: The node that subscribes. Ages are measured by its clock.
        color_topic: Colour images.
        depth_topic: Depth images aligned to the colour images.
        info_topic: camera_info of the depth images.
        stamp_tolerance: Greatest difference between the stamps of colour and depth of one frame, seconds.
        rectified: Whether these are rectified images (``image_rect`` topics).
        callback_group: Group of the subscriptions; not the group of the callback that waits, unless
            reentrant. A reentrant one of its own by default.
    """

    def __init__(
        self,
        node: Node,
        *,
        color_topic: str = COLOR_TOPIC,
        depth_topic: str = DEPTH_TOPIC,
        info_topic: str = INFO_TOPIC,
        stamp_tolerance: float = STAMP_TOLERANCE,
        rectified: bool = False,
        callback_group: CallbackGroup | None = None,
    ) -> None:
        self._node = node
        self._stamp_tolerance = stamp_tolerance
        self._rectified = rectified
        self._changed = threading.Condition()
        self._colors: deque[_Arrival] = deque(maxlen=_QUEUE)
        self._depths: deque[_Arrival] = deque(maxlen=_QUEUE)
        self._info: CameraInfo | None = None
        self._pair: tuple[_Arrival, _Arrival] | None = None
        self._pairs = 0
        self._latency: float | None = None
        self._period: float | None = None
        group = callback_group or ReentrantCallbackGroup()
        self._subscriptions = [
            node.create_subscription(kind, topic, callback, qos_profile_sensor_data, callback_group=group)
            for kind, topic, callback in (
                (Image, color_topic, self._on_color),
                (Image, depth_topic, self._on_depth),
                (CameraInfo, info_topic, self._on_info),
            )
        ]

    @property
    def color_topic(self) -> str:
        """The colour topic, with namespace and remapping applied."""
        return self._subscriptions[0].topic_name

    @property
    def depth_topic(self) -> str:
        """The depth topic, with namespace and remapping applied."""
        return self._subscriptions[1].topic_name

    @property
    def info_topic(self) -> str:
        """The camera_info topic, with namespace and remapping applied."""
        return self._subscriptions[2].topic_name

    @property
    def latency(self) -> float | None:
        """Running mean of the time from stamp to arrival of a pair, seconds of the ROS clock; None before the first."""
        return self._latency

    def statistics(self) -> dict[str, Any]:
        """Values for /diagnostics."""
        with self._changed:
            age = None if self._pair is None else self._age(self._pair[1].stamp)
            return {
                "frames received": self._pairs,
                "frame rate (Hz)": None if not self._period else round(1 / self._period, 2),
                "latency (ms)": None if self._latency is None else round(self._latency * 1e3, 2),
                "age of the newest frame (s)": None if age is None else round(age, 3),
            }

    def destroy(self) -> None:
        """Stop listening."""
        for subscription in self._subscriptions:
            self._node.destroy_subscription(subscription)

    def wait(self, not_before: float | None = None, timeout: float = 5.0, max_age: float = float("inf")) -> RGBDFrame:
        """The newest frame, as soon as there is one that is recent enough.

        Args:
            not_before: Least stamp of the frame, seconds of the ROS clock; None = any.
            timeout: Longest wait, seconds of wall time.
            max_age: Greatest age of the frame when it is taken, seconds of the ROS clock. A stamp that
                lies farther than this in the future is refused too: the clocks differ.

        Raises:
            OutcomeError: NO_CAMERA: no image of one kind arrives; STALE_IMAGE: images arrive, but too
                old ones; MISMATCHED_IMAGES: colour and depth do not belong together; MISSING_CAMERA_INFO:
                no usable camera_info; WRONG_ENCODING: an image cannot be read.
        """
        # A microsecond of grace: seconds as float do not hold nanoseconds.
        earliest = None if not_before is None else round(not_before * 1e9) - 1000
        deadline = time.monotonic() + timeout
        with self._changed:
            while True:
                remaining = deadline - time.monotonic()
                if self._pair is not None and self._info is not None and self._fresh(earliest, max_age):
                    color, depth, info = self._pair[0].message, self._pair[1].message, self._info
                    # A camera that changes its resolution sends some of either for a while.
                    sizes = {(image.width, image.height) for image in (color, depth)} | {size_of_images(info)}
                    if remaining <= 0 or len(sizes) == 1:
                        break
                if not self._node.context.ok():
                    raise OutcomeError(Outcome.NO_CAMERA, "this node was shut down while it waited for an image")
                if remaining <= 0:
                    raise self._why_not(earliest, timeout, max_age)
                self._changed.wait(min(remaining, 0.2))
        return frame_from_messages(color, depth, info, stamp_tolerance=self._stamp_tolerance, rectified=self._rectified)

    def _on_color(self, message: Image) -> None:
        self._on_image(message, self._colors)

    def _on_depth(self, message: Image) -> None:
        self._on_image(message, self._depths)

    def _on_info(self, message: CameraInfo) -> None:
        with self._changed:
            first, self._info = self._info is None, message
            if first:
                self._changed.notify_all()

    def _on_image(self, message: Image, queue: deque[_Arrival]) -> None:
        stamp = Time.from_msg(message.header.stamp).nanoseconds
        with self._changed:
            if queue and stamp < queue[-1].stamp - 10**9:  # time ran backwards: a simulation was restarted
                self._colors.clear()
                self._depths.clear()
                self._pair = None
            queue.append(_Arrival(stamp, message, time.monotonic()))
            partners = self._depths if queue is self._colors else self._colors
            partner = min(partners, key=lambda other: abs(other.stamp - stamp), default=None)
            if partner is None or abs(partner.stamp - stamp) > self._stamp_tolerance * 1e9:
                return
            pair = (queue[-1], partner) if queue is self._colors else (partner, queue[-1])
            if self._pair is not None and pair[1].stamp < self._pair[1].stamp:
                return
            self._measure(pair)
            self._pair = pair
            self._changed.notify_all()

    def _measure(self, pair: tuple[_Arrival, _Arrival]) -> None:
        self._pairs += 1
        self._latency = _mean(self._latency, self._age(pair[1].stamp))
        if self._pair is not None:
            self._period = _mean(self._period, pair[1].arrived - self._pair[1].arrived)

    def _age(self, stamp: int) -> float:
        return (self._node.get_clock().now().nanoseconds - stamp) * 1e-9

    def _fresh(self, earliest: int | None, max_age: float) -> bool:
        assert self._pair is not None
        stamp = min(arrival.stamp for arrival in self._pair)
        return (earliest is None or stamp >= earliest) and abs(self._age(stamp)) <= max_age

    def _why_not(self, earliest: int | None, timeout: float, max_age: float) -> OutcomeError:
        """What to say when the time is over."""
        recently = time.monotonic() - max(timeout, _SILENCE)
        for name, topic, queue in (
            ("colour", self.color_topic, self._colors),
            ("depth", self.depth_topic, self._depths),
        ):
            if not queue or queue[-1].arrived < recently:
                return OutcomeError(Outcome.NO_CAMERA, self._silent(name, topic, queue, timeout))
        color, depth = self._colors[-1], self._depths[-1]
        if self._pair is None or max(color.stamp, depth.stamp) - self._pair[1].stamp > 10**9:
            return OutcomeError(
                Outcome.MISMATCHED_IMAGES,
                f"colour and depth arrive, but their stamps never lie within {self._stamp_tolerance * 1e3:.0f} ms: the "
                f"newest colour image is of {color.stamp * 1e-9:.3f} s, the newest depth image of "
                f"{depth.stamp * 1e-9:.3f} s; let the driver synchronise them (RealSense: enable_sync:=true)",
            )
        if self._info is None:
            publishers = self._node.count_publishers(self.info_topic)
            return OutcomeError(
                Outcome.MISSING_CAMERA_INFO,
                f"images arrive, but no camera_info on {self.info_topic} ({_publishers(publishers)}); "
                + (
                    "it must come again and again, as the images do"
                    if publishers
                    else "start the camera's driver with its calibration, or name the right topic"
                ),
            )
        return OutcomeError(Outcome.STALE_IMAGE, self._stale(earliest, max_age))

    def _silent(self, name: str, topic: str, queue: deque[_Arrival], timeout: float) -> str:
        publishers = self._node.count_publishers(topic)
        if queue:
            since = time.monotonic() - queue[-1].arrived
            what = f"the camera has stopped: the last {name} image on {topic} arrived {since:.1f} s ago"
        else:
            what = f"no {name} image arrived on {topic} within {timeout:.1f} s"
        if publishers:
            remedy = "is it paused, or does its machine's traffic not reach this one (network, shared memory)?"
        elif name == "depth" and self._colors:
            remedy = "switch depth alignment on (RealSense: align_depth.enable:=true), or name the right topic"
        else:
            remedy = "start the camera's driver, name the right topic, and check that ROS_DOMAIN_ID is the same"
        return f"{what} ({_publishers(publishers)}); {remedy}"

    def _stale(self, earliest: int | None, max_age: float) -> str:
        assert self._pair is not None
        stamp = min(arrival.stamp for arrival in self._pair)
        age = self._age(stamp)
        newest = f"the newest image is of {stamp * 1e-9:.3f} s"
        if age < -max_age:
            return (
                f"{newest}, {-age:.3f} s in the future of this node's clock; synchronise the clocks of the camera's "
                "machine and this one, or set use_sim_time alike on both"
            )
        wanted = []
        if earliest is not None and stamp < earliest:
            wanted.append(f"one of {earliest * 1e-9:.3f} s or later was asked for")
        if age > max_age:
            wanted.append(f"it is {age:.3f} s old, {max_age:.3f} s are allowed")
        return (
            f"{newest}; {' and '.join(wanted) or 'a newer one was expected'}; is the camera's rate too low, "
            "its clock late, or its connection slow?"
        )


def _publishers(count: int) -> str:
    return "nothing publishes it" if count == 0 else f"{count} node{'s publish' if count > 1 else ' publishes'} it"


def _mean(mean: float | None, value: float) -> float:
    return value if mean is None else mean + _SMOOTHING * (value - mean)
