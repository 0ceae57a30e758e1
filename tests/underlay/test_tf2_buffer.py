"""The behaviour of upstream's buffer that our code builds on: numbers, and the words of its errors."""

from __future__ import annotations

import math
import threading
import time

import numpy as np
import pytest
import tf2_ros
import yaml
from builtin_interfaces.msg import Time as TimeMessage
from rclpy.duration import Duration
from rclpy.time import Time
from scipy.spatial.transform import Rotation, Slerp


def at(seconds: float) -> Time:
    return Time(nanoseconds=round(seconds * 1e9))


def pose(message) -> tuple[list[float], list[float]]:
    t, r = message.transform.translation, message.transform.rotation
    return [t.x, t.y, t.z], [r.x, r.y, r.z, r.w]


@pytest.fixture
def buffer():
    return tf2_ros.Buffer()


@pytest.fixture
def store(buffer, transform):
    def put(*arguments, static=False, **keywords):
        method = buffer.set_transform_static if static else buffer.set_transform
        method(transform(*arguments, **keywords), "test")

    return put


def test_between_two_samples_translation_is_linear_and_rotation_slerped(buffer, store):
    first, second = Rotation.from_rotvec([0.3, -0.2, 0.9]), Rotation.from_rotvec([-1.0, 0.4, 0.1])
    store("a", "b", 10.0, (0, 0, 1), quaternion=tuple(first.as_quat()))
    # The other of the two quaternions of this rotation: the shorter arc is taken all the same.
    store("a", "b", 11.0, (1, -2, 3), quaternion=tuple(-second.as_quat()))
    message = buffer.lookup_transform("a", "b", at(10.25))
    translation, rotation = pose(message)
    np.testing.assert_allclose(translation, [0.25, -0.5, 1.5], atol=1e-12)
    expected = Slerp([0, 1], Rotation.concatenate([first, second]))(0.25)
    assert (Rotation.from_quat(rotation).inv() * expected).magnitude() < 1e-9
    assert (message.header.frame_id, message.child_frame_id) == ("a", "b")
    assert message.header.stamp == TimeMessage(sec=10, nanosec=250_000_000)


def test_equal_rotations_are_interpolated(buffer, store):
    store("a", "b", 1.0, (0, 0, 0), yaw=0.5)
    store("a", "b", 2.0, (1, 0, 0), yaw=0.5)
    np.testing.assert_allclose(
        pose(buffer.lookup_transform("a", "b", at(1.5)))[1][2:], [math.sin(0.25), math.cos(0.25)]
    )


def test_a_chain_through_a_common_ancestor(buffer, store):
    store("base", "arm", 1.0, (1, 0, 0), yaw=math.pi / 2)
    store("arm", "tool", 1.0, (0, 2, 0))
    store("base", "mast", static=True, translation=(0, 0, 1))
    store("mast", "camera", static=True, yaw=math.pi)
    translation, rotation = pose(buffer.lookup_transform("camera", "tool", at(1.0)))
    # base: (1, 0, 0) + Rz(90°)(0, 2, 0) = (-1, 0, 0); camera: Rz(-180°)((-1, 0, 0) - (0, 0, 1)) = (1, 0, -1)
    np.testing.assert_allclose(translation, [1, 0, -1], atol=1e-12)
    np.testing.assert_allclose(Rotation.from_quat(rotation).as_rotvec(), [0, 0, -math.pi / 2], atol=1e-12)
    back, _ = pose(buffer.lookup_transform("tool", "camera", at(1.0)))
    np.testing.assert_allclose(back, Rotation.from_quat(rotation).inv().apply([-1, 0, 1]), atol=1e-12)


def test_source_is_the_targets_ancestor(buffer, store):
    store("a", "b", 1.0, (1, 0, 0), yaw=math.pi / 2)
    translation, _ = pose(buffer.lookup_transform("b", "a", at(1.0)))
    np.testing.assert_allclose(translation, [0, 1, 0], atol=1e-12)


def test_a_frame_to_itself(buffer, store):
    store("a", "b", 1.0, (1, 0, 0))
    store("a", "b", 2.0, (1, 0, 0))
    assert pose(buffer.lookup_transform("b", "b", at(99.0))) == ([0, 0, 0], [0, 0, 0, 1])
    assert buffer.lookup_transform("b", "b", Time()).header.stamp.sec == 2
    assert buffer.lookup_transform("a", "a", Time()).header.stamp.sec == 0


def test_time_zero_is_the_latest_common_time(buffer, store):
    for seconds in (1.0, 2.0, 3.0):
        store("a", "b", seconds, (seconds, 0, 0))
    for seconds in (1.0, 2.5):
        store("b", "c", seconds, (0, seconds, 0))
    message = buffer.lookup_transform("a", "c", Time())
    assert pose(message)[0] == [2.5, 2.5, 0]
    assert message.header.stamp == TimeMessage(sec=2, nanosec=500_000_000)
    assert buffer.get_latest_common_time("a", "c") == at(2.5)
    assert buffer.get_latest_common_time("a", "b") == at(3.0)


def test_static_frames_are_valid_at_any_time_and_do_not_limit_the_common_time(buffer, store):
    store("a", "s", 7.0, (5, 0, 0), static=True)
    store("s", "b", 100.0, (1, 0, 0))
    for seconds in (0.001, 7.0, 1e6):
        message = buffer.lookup_transform("a", "s", at(seconds))
        assert pose(message)[0] == [5, 0, 0]
        assert message.header.stamp == at(seconds).to_msg()
    message = buffer.lookup_transform("a", "b", Time())
    assert (pose(message)[0], message.header.stamp.sec) == ([6, 0, 0], 100)
    assert buffer.lookup_transform("a", "s", Time()).header.stamp.sec == 0


def test_a_static_frame_can_be_replaced(buffer, store):
    store("a", "s", translation=(1, 0, 0), static=True)
    store("a", "s", translation=(2, 0, 0), static=True)
    assert pose(buffer.lookup_transform("a", "s", Time()))[0] == [2, 0, 0]


@pytest.mark.parametrize(
    ("seconds", "message"),
    [
        (
            3.0,
            "Lookup would require extrapolation into the future.  Requested time 3.000000 but the latest data is at "
            "time 2.000000, when looking up transform from frame [b] to frame [a]",
        ),
        (
            0.5,
            "Lookup would require extrapolation into the past.  Requested time 0.500000 but the earliest data is at "
            "time 1.000000, when looking up transform from frame [b] to frame [a]",
        ),
    ],
)
def test_no_extrapolation(buffer, store, seconds, message):
    store("a", "b", 1.0)
    store("a", "b", 2.0)
    with pytest.raises(tf2_ros.ExtrapolationException) as error:
        buffer.lookup_transform("a", "b", at(seconds))
    assert str(error.value) == message
    assert buffer.can_transform("a", "b", at(seconds), return_debug_tuple=True) == (False, message)
    with pytest.raises(tf2_ros.ExtrapolationException, match=r"from frame \[a\] to frame \[b\]"):
        buffer.lookup_transform("b", "a", at(seconds))


def test_one_sample_holds_at_its_own_time_only(buffer, store):
    store("a", "b", 1.0)
    assert buffer.can_transform("a", "b", at(1.0))
    with pytest.raises(
        tf2_ros.ExtrapolationException,
        match=r"Lookup would require extrapolation at time 1.500000, but only time 1.000000 is in the buffer",
    ):
        buffer.lookup_transform("a", "b", at(1.5))


def test_what_lies_above_the_common_ancestor_does_not_matter(buffer, store):
    store("world", "base", 1.0)
    store("world", "base", 2.0)
    for child in ("b", "c"):
        store("base", child, 1.0)
        store("base", child, 9.0, (8, 0, 0))
    assert pose(buffer.lookup_transform("b", "c", at(5.0)))[0] == [0, 0, 0]
    assert pose(buffer.lookup_transform("base", "c", at(5.0)))[0] == [4, 0, 0]
    with pytest.raises(tf2_ros.ExtrapolationException, match="into the future"):
        buffer.lookup_transform("world", "c", at(5.0))


def test_unknown_frames(buffer, store):
    store("a", "b", 1.0)
    with pytest.raises(tf2_ros.LookupException) as error:
        buffer.lookup_transform("x", "b", Time())
    assert str(error.value) == '"x" passed to lookupTransform argument target_frame does not exist. '
    with pytest.raises(tf2_ros.LookupException, match=r'"y" passed to lookupTransform argument source_frame does not'):
        buffer.lookup_transform("a", "y", Time())


@pytest.mark.parametrize("seconds", [0.0, 1.0])
def test_two_trees(buffer, store, seconds):
    store("a", "b", 1.0)
    store("c", "d", 1.0)
    with pytest.raises(tf2_ros.ConnectivityException) as error:
        buffer.lookup_transform("b", "d", at(seconds))
    assert str(error.value).startswith(
        "Could not find a connection between 'b' and 'd' because they are not part of the same tree."
    )


@pytest.mark.parametrize(("frame", "reason"), [("", "be empty"), ("/a", "start with a '/' like: /a")])
def test_frame_names_that_cannot_be(buffer, store, frame, reason):
    store("a", "b", 1.0)
    with pytest.raises(tf2_ros.InvalidArgumentException, match=reason):
        buffer.lookup_transform(frame, "b", Time(), timeout=Duration(seconds=60))


def test_the_slash_before_a_name_is_dropped_when_it_is_stored(buffer, store):
    store("/a", "/b", 1.0)
    assert buffer.can_transform("a", "b", at(1.0))


@pytest.mark.parametrize("seconds", [0.0, 1.0])
def test_a_loop(buffer, store, seconds):
    store("a", "b", 1.0)
    store("b", "a", 1.0)
    store("x", "c", 1.0)
    with pytest.raises(tf2_ros.LookupException, match="contains a loop"):
        buffer.lookup_transform("x", "b", at(seconds))
    with pytest.raises(tf2_ros.LookupException, match="contains a loop"):
        buffer.lookup_transform("b", "x", at(seconds))


def test_all_are_transform_exceptions():
    for name in ("Lookup", "Connectivity", "Extrapolation", "InvalidArgument"):
        assert issubclass(getattr(tf2_ros, f"{name}Exception"), tf2_ros.TransformException)


def test_samples_may_arrive_in_any_order(buffer, store):
    for seconds in (3.0, 1.0, 2.0, 2.0):
        store("a", "b", seconds, (seconds**2, 0, 0))
    assert [pose(buffer.lookup_transform("a", "b", at(s)))[0][0] for s in (1.0, 1.5, 2.0, 2.5, 3.0)] == [
        1,
        2.5,
        4,
        6.5,
        9,
    ]


def test_ten_seconds_are_kept(buffer, store):
    for seconds in range(1, 31):
        store("a", "b", float(seconds), (seconds, 0, 0))
    assert buffer.can_transform("a", "b", at(20.0))
    with pytest.raises(tf2_ros.ExtrapolationException, match=r"earliest data is at time 20\.000000"):
        buffer.lookup_transform("a", "b", at(19.9))
    store("a", "b", 19.0)  # too old to be taken
    assert not buffer.can_transform("a", "b", at(19.5))
    store("a", "b", 20.5, (99, 0, 0))  # old, but not too old
    assert pose(buffer.lookup_transform("a", "b", at(20.5)))[0] == [99, 0, 0]


def test_another_cache_time(transform):
    buffer = tf2_ros.Buffer(Duration(seconds=2))
    for seconds in (1.0, 2.0, 4.0):
        buffer.set_transform(transform("a", "b", seconds), "test")
    assert buffer.can_transform("a", "b", at(2.0))
    assert not buffer.can_transform("a", "b", at(1.9))


@pytest.mark.parametrize(
    "wrong",
    [
        {"quaternion": (0.0, 0.0, 0.0, 0.0)},
        {"quaternion": (0.0, 0.0, 0.0, 1.01)},
        {"quaternion": (0.0, 0.0, math.nan, 1.0)},
        {"translation": (0.0, math.inf, 0.0)},
    ],
)
def test_a_transform_that_is_none_is_refused(buffer, store, wrong):
    store("a", "b", 1.0, **wrong)
    with pytest.raises(tf2_ros.LookupException):
        buffer.lookup_transform("a", "b", Time())


def test_a_frame_below_itself_or_without_a_name_is_refused(buffer, store):
    store("a", "a", 1.0)
    store("a", "", 1.0)
    store("", "a", 1.0)
    assert not buffer.can_transform("a", "a", Time())


def test_nearly_unit_quaternions_are_accepted(buffer, store):
    store("a", "b", 1.0, quaternion=(0.0, 0.0, 0.0, 1.004))
    assert buffer.can_transform("a", "b", Time())


def test_a_new_parent_holds_from_its_first_sample_on(buffer, store):
    store("world", "left", static=True, translation=(0, 1, 0))
    store("world", "right", static=True, translation=(0, -1, 0))
    store("left", "cup", 1.0)
    store("right", "cup", 2.0)
    assert pose(buffer.lookup_transform("world", "cup", at(1.9)))[0] == [0, 1, 0]
    assert pose(buffer.lookup_transform("world", "cup", at(2.0)))[0] == [0, -1, 0]


def test_two_times_through_a_fixed_frame(buffer, store):
    for seconds in (1.0, 2.0):
        store("world", "robot", seconds, (seconds, 0, 0))
    message = buffer.lookup_transform_full("robot", at(2.0), "robot", at(1.0), "world")
    assert pose(message)[0] == [-1, 0, 0]
    assert message.header.stamp.sec == 2


def test_message_times_are_accepted(buffer, store):
    store("a", "b", 1.0)
    assert buffer.can_transform("a", "b", TimeMessage(sec=1))


def test_clear_forgets_moving_frames(buffer, store):
    store("a", "b", 1.0)
    store("a", "s", static=True)
    buffer.clear()
    assert not buffer.can_transform("a", "b", at(1.0))
    assert buffer.can_transform("a", "s", at(1.0))
    store("a", "b", 0.5)
    assert buffer.can_transform("a", "b", at(0.5))


def test_all_frames_as_yaml(buffer, store):
    store("a", "b", 1.5)
    store("b", "c", static=True)
    assert yaml.safe_load(buffer.all_frames_as_yaml()) == {
        "b": {"parent": "a", "most_recent_transform": 1.5},
        "c": {"parent": "b", "most_recent_transform": 0.0},
    }


def test_a_lookup_waits_for_what_arrives_in_another_thread(buffer, store):
    def later():
        time.sleep(0.05)
        store("b", "c", 1.0)  # wakes the waiting lookup, but is not enough
        store("a", "b", 1.0, (1, 0, 0))

    thread = threading.Thread(target=later)
    thread.start()
    assert pose(buffer.lookup_transform("a", "c", at(1.0), timeout=Duration(seconds=30)))[0] == [1, 0, 0]
    thread.join()


def test_a_lookup_that_waits_in_vain_says_why(buffer, store):
    store("a", "b", 1.0)
    store("a", "b", 2.0)
    with pytest.raises(tf2_ros.ExtrapolationException, match="into the future"):
        buffer.lookup_transform("a", "b", at(3.0), timeout=Duration(seconds=0.05))
    assert not buffer.can_transform("a", "x", at(3.0), timeout=Duration(seconds=0.05))


def test_many_threads(buffer, store):
    store("a", "b", 1.0)
    failures = []

    def look():
        try:
            for _ in range(300):
                buffer.lookup_transform("a", "b", Time())
        except tf2_ros.TransformException as error:
            failures.append(error)

    threads = [threading.Thread(target=look) for _ in range(3)]
    for thread in threads:
        thread.start()
    for number in range(300):
        store("a", "b", 1.0 + 0.1 * number)
    for thread in threads:
        thread.join(timeout=30)
    assert failures == []
