"""A real camera's topics, through DDS, from one node to another."""

import threading
import time

import numpy as np
import pytest
import rclpy
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.qos import QoSProfile
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header

from grasp_perception.camera import CameraIntrinsics
from grasp_perception.nodes import rgbd_subscriber
from grasp_perception.nodes.rgbd_subscriber import COLOR_TOPIC, DEPTH_TOPIC, INFO_TOPIC, RGBDSubscriber
from grasp_perception.outcomes import Outcome, OutcomeError
from grasp_perception.ros_conversions import array_to_image, camera_info_from_intrinsics, seconds, stamp

CAMERA = CameraIntrinsics(fx=5.0, fy=5.0, cx=1.5, cy=1.0, width=4, height=3)


class Camera(Node):
    """Publishes single images when told to."""

    def __init__(self):
        super().__init__("camera")
        self.color = self.create_publisher(Image, COLOR_TOPIC, 10)
        self.depth = self.create_publisher(Image, DEPTH_TOPIC, 10)
        self.info = self.create_publisher(CameraInfo, INFO_TOPIC, 10)

    def now(self):
        return self.get_clock().now().nanoseconds * 1e-9

    def publish_color(self, at, encoding="rgb8"):
        self.color.publish(
            array_to_image(np.full((3, 4, 3), 9, np.uint8), encoding, Header(stamp=stamp(at), frame_id="c"))
        )

    def publish_depth(self, at, millimetres=500, encoding="16UC1"):
        pixels = np.full((3, 4), millimetres, np.uint16)
        message = array_to_image(pixels, "16UC1", Header(stamp=stamp(at), frame_id="c"))
        message.encoding = encoding
        self.depth.publish(message)

    def publish_info(self, at, intrinsics=CAMERA):
        self.info.publish(camera_info_from_intrinsics(intrinsics, Header(stamp=stamp(at), frame_id="c")))

    def publish(self, at=None, millimetres=500):
        at = self.now() if at is None else at
        self.publish_color(at)
        self.publish_depth(at, millimetres)
        self.publish_info(at)
        return at


@pytest.fixture
def camera(spin):
    node = Camera()
    spin(node)
    return node


@pytest.fixture
def subscriber(spin, camera):
    """Subscribed and discovered, so that nothing that is published from now on is lost."""
    node = Node("listener")
    subscriber = RGBDSubscriber(node)
    spin(node)
    until(lambda: all(p.get_subscription_count() == 1 for p in (camera.color, camera.depth, camera.info)))
    until(lambda: all(node.count_publishers(topic) == 1 for topic in (COLOR_TOPIC, DEPTH_TOPIC, INFO_TOPIC)))
    return subscriber


def until(condition, timeout=10.0):
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, "the graph did not come up in time"
        time.sleep(0.01)


def refusal(subscriber, **arguments):
    with pytest.raises(OutcomeError) as caught:
        subscriber.wait(**{"timeout": 0.4, **arguments})
    return caught.value.outcome, caught.value.message


def test_a_frame(camera, subscriber):
    at = camera.publish()
    frame = subscriber.wait(not_before=at, timeout=5.0, max_age=5.0)
    assert frame.stamp == pytest.approx(at, abs=1e-6)
    assert frame.frame_id == "c"
    assert frame.intrinsics == CAMERA
    assert (frame.depth == np.float32(0.5)).all() and (frame.color == 9).all()
    assert 0 <= subscriber.latency < 5
    assert subscriber.statistics()["frames received"] == 1


def test_images_of_a_part_of_the_sensor_are_taken_at_once(camera, subscriber):
    at = camera.now()
    camera.publish_color(at)
    camera.publish_depth(at)
    info = camera_info_from_intrinsics(
        CameraIntrinsics(fx=10.0, fy=10.0, cx=5.0, cy=4.0, width=16, height=12), Header(stamp=stamp(at), frame_id="c")
    )
    info.roi.x_offset, info.roi.y_offset, info.roi.width, info.roi.height = 2, 2, 8, 6
    info.binning_x = info.binning_y = 2
    camera.info.publish(info)
    started = time.monotonic()
    frame = subscriber.wait(timeout=20.0)
    assert time.monotonic() - started < 10.0  # not the whole time-out
    assert frame.intrinsics == CameraIntrinsics(fx=5.0, fy=5.0, cx=1.25, cy=0.75, width=4, height=3)


def test_the_newest_frame_is_taken_and_the_rest_not_converted(camera, subscriber, monkeypatch):
    converted = []
    convert = rgbd_subscriber.frame_from_messages
    monkeypatch.setattr(rgbd_subscriber, "frame_from_messages", lambda *a, **k: converted.append(a) or convert(*a, **k))
    start = camera.now()
    for number in range(5):
        camera.publish(start + 0.1 * number, millimetres=500 + number)
    until(lambda: subscriber.statistics()["frames received"] == 5)
    assert not converted
    assert subscriber.wait(timeout=5.0).depth[0, 0] == np.float32(0.504)
    assert len(converted) == 1


def test_waits_for_a_frame_that_comes_later(camera, subscriber):
    first = camera.publish()
    until(lambda: subscriber.statistics()["frames received"] == 1)
    later = threading.Timer(0.2, lambda: camera.publish(first + 0.2, millimetres=700))
    later.start()
    assert subscriber.wait(not_before=first + 0.1, timeout=5.0, max_age=5.0).depth[0, 0] == np.float32(0.7)
    later.join()


def test_pairs_are_found_whatever_the_order(camera, subscriber):
    at = camera.now()
    camera.publish_depth(at, 600)
    camera.publish_depth(at + 0.1, 601)
    camera.publish_color(at + 0.1 - 0.004)
    camera.publish_depth(at + 0.2, 602)
    camera.publish_info(at)
    assert subscriber.wait(timeout=5.0).depth[0, 0] == np.float32(0.601)


def test_no_camera_at_all(spin):
    node = Node("listener")
    subscriber = RGBDSubscriber(node)
    spin(node)
    outcome, message = refusal(subscriber)
    assert outcome is Outcome.NO_CAMERA
    assert COLOR_TOPIC in message and "nothing publishes it" in message and "start the camera's driver" in message


def test_a_camera_that_is_silent(subscriber):
    outcome, message = refusal(subscriber)
    assert outcome is Outcome.NO_CAMERA
    assert "1 node publishes it" in message and "is it paused" in message


def test_a_camera_without_aligned_depth(camera, subscriber):
    camera.destroy_publisher(camera.depth)
    until(lambda: subscriber._node.count_publishers(DEPTH_TOPIC) == 0)
    camera.publish_color(camera.now())
    outcome, message = refusal(subscriber)
    assert outcome is Outcome.NO_CAMERA
    assert DEPTH_TOPIC in message and "align_depth.enable" in message


def test_a_camera_that_has_stopped(camera, subscriber, monkeypatch):
    camera.publish()
    subscriber.wait(timeout=5.0)
    monkeypatch.setattr(rgbd_subscriber, "_SILENCE", 0.1)
    time.sleep(0.2)
    outcome, message = refusal(subscriber, not_before=camera.now(), timeout=0.1)
    assert outcome is Outcome.NO_CAMERA
    assert "the camera has stopped" in message


def test_images_older_than_asked_for(camera, subscriber):
    at = camera.publish()
    outcome, message = refusal(subscriber, not_before=at + 0.05)
    assert outcome is Outcome.STALE_IMAGE
    assert f"the newest image is of {at:.3f} s" in message and "or later was asked for" in message


def test_images_too_old(camera, subscriber):
    camera.publish(camera.now() - 3.0)
    outcome, message = refusal(subscriber, max_age=0.5)
    assert outcome is Outcome.STALE_IMAGE
    assert "0.500 s are allowed" in message


def test_images_from_the_future(camera, subscriber):
    camera.publish(camera.now() + 100.0)
    outcome, message = refusal(subscriber, max_age=0.5)
    assert outcome is Outcome.STALE_IMAGE
    assert "in the future" in message and "synchronise the clocks" in message


def test_colour_and_depth_that_never_pair(camera, subscriber):
    at = camera.now()
    camera.publish_info(at)
    for number in range(3):
        camera.publish_color(at + 0.1 * number)
        camera.publish_depth(at + 0.1 * number + 0.05)
    outcome, message = refusal(subscriber)
    assert outcome is Outcome.MISMATCHED_IMAGES
    assert f"{at + 0.2:.3f}" in message and f"{at + 0.25:.3f}" in message


def test_no_camera_info(camera, subscriber):
    at = camera.now()
    camera.publish_color(at)
    camera.publish_depth(at)
    outcome, message = refusal(subscriber)
    assert outcome is Outcome.MISSING_CAMERA_INFO
    assert f"{INFO_TOPIC} (1 node publishes it); it must come again and again, as the images do" in message


def test_camera_info_of_zeros(camera, subscriber):
    at = camera.now()
    camera.publish_color(at)
    camera.publish_depth(at)
    camera.info.publish(CameraInfo(width=4, height=3, header=Header(frame_id="c")))
    outcome, message = refusal(subscriber, timeout=5.0)
    assert outcome is Outcome.MISSING_CAMERA_INFO
    assert "no usable K" in message


def test_wrong_encoding(camera, subscriber):
    at = camera.now()
    camera.publish_color(at)
    camera.publish_depth(at, encoding="16SC1")
    camera.publish_info(at)
    outcome, message = refusal(subscriber, timeout=5.0)
    assert outcome is Outcome.WRONG_ENCODING
    assert "16SC1" in message and "32FC1" in message


def test_camera_info_of_another_size(camera, subscriber):
    at = camera.now()
    camera.publish_color(at)
    camera.publish_depth(at)
    camera.publish_info(at, CAMERA.scale(8, 6))
    outcome, message = refusal(subscriber)
    assert outcome is Outcome.MISMATCHED_IMAGES and "the camera_info is of 8x6 images" in message


def test_a_camera_that_changes_its_resolution(camera, subscriber):
    at = camera.publish()
    subscriber.wait(at)
    camera.publish_info(at, CAMERA.scale(8, 6))
    until(lambda: subscriber._info.width == 8)
    threading.Timer(0.3, lambda: camera.publish_info(at)).start()
    assert subscriber.wait(at).intrinsics == CAMERA


def test_time_that_starts_again(camera, subscriber):
    camera.publish(500.0)
    until(lambda: subscriber.statistics()["frames received"] == 1)
    camera.publish(3.0, millimetres=700)
    until(lambda: subscriber.statistics()["frames received"] == 2)
    assert subscriber.wait(timeout=5.0).depth[0, 0] == np.float32(0.7)


def test_ages_by_simulated_time(spin, camera):
    node = Node("listener", parameter_overrides=[Parameter("use_sim_time", value=True)])
    clock = camera.create_publisher(Clock, "/clock", QoSProfile(depth=1))
    subscriber = RGBDSubscriber(node)
    spin(node)
    until(lambda: clock.get_subscription_count() == 1 and camera.depth.get_subscription_count() == 1)
    until(lambda: camera.color.get_subscription_count() == 1 and camera.info.get_subscription_count() == 1)
    clock.publish(Clock(clock=stamp(20.0)))
    until(lambda: seconds(node.get_clock().now().to_msg()) == 20.0)
    camera.publish(19.9)
    assert subscriber.wait(not_before=19.5, timeout=5.0, max_age=0.2).stamp == pytest.approx(19.9)
    assert refusal(subscriber, max_age=0.05)[0] is Outcome.STALE_IMAGE


def test_other_topics_and_the_end(spin, camera):
    node = Node("listener", namespace="/left")
    subscriber = RGBDSubscriber(node, color_topic="color", depth_topic="/d", info_topic="~/info")
    assert (subscriber.color_topic, subscriber.depth_topic, subscriber.info_topic) == (
        "/left/color",
        "/d",
        "/left/listener/info",
    )
    subscriber.destroy()
    assert not list(node.subscriptions)
    node.destroy_node()


def test_shutdown_ends_the_wait(subscriber):
    threading.Timer(0.2, rclpy.try_shutdown).start()
    before = time.monotonic()
    outcome, message = refusal(subscriber, timeout=30.0)
    assert outcome is Outcome.NO_CAMERA and "shut down" in message
    assert time.monotonic() - before < 20
