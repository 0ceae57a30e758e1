import array

import numpy as np
import pytest
from builtin_interfaces.msg import Time
from geometry_msgs.msg import Pose
from geometry_msgs.msg import Transform as TransformMessage
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header

from grasp_perception.camera import CameraIntrinsics
from grasp_perception.outcomes import Outcome, OutcomeError
from grasp_perception.ros_conversions import (
    array_to_image,
    camera_info_from_intrinsics,
    color_from_image,
    depth_from_image,
    frame_from_messages,
    image_to_array,
    intrinsics_from_camera_info,
    pose_from_transform,
    seconds,
    stamp,
    transform_from_msg,
    transform_from_pose,
    transform_to_msg,
)
from grasp_perception.transform import Transform

CAMERA = CameraIntrinsics(fx=5.0, fy=5.5, cx=1.5, cy=1.0, width=4, height=3)
RNG = np.random.default_rng(0)
COLOR = RNG.integers(0, 255, (3, 4, 3), dtype=np.uint8)
MILLIMETRES = np.array([[0, 500, 501, 65535], [600, 601, 602, 603], [700, 701, 702, 703]], np.uint16)


def header(seconds=10.0, frame="camera_color_optical_frame"):
    return Header(stamp=stamp(seconds), frame_id=frame)


def messages():
    return (
        array_to_image(COLOR, "rgb8", header()),
        array_to_image(MILLIMETRES, "16UC1", header()),
        camera_info_from_intrinsics(CAMERA, header()),
    )


def padded(message: Image, bytes_each_row: int) -> Image:
    rows = np.frombuffer(message.data, np.uint8).reshape(message.height, message.step)
    rows = np.pad(rows, ((0, 0), (0, bytes_each_row)), constant_values=0xAB)
    message.data = array.array("B", rows.tobytes())
    message.step += bytes_each_row
    return message


def test_stamps():
    assert seconds(Time(sec=3, nanosec=500_000_000)) == 3.5
    assert stamp(3.5) == Time(sec=3, nanosec=500_000_000)
    assert stamp(0.9999999999) == Time(sec=1, nanosec=0), "rounding never gives a billion nanoseconds"
    assert seconds(stamp(1_760_000_000.25)) == 1_760_000_000.25


@pytest.mark.parametrize(
    ("encoding", "pixels"),
    [
        ("rgb8", COLOR),
        ("bgra8", RNG.integers(0, 255, (3, 4, 4), dtype=np.uint8)),
        ("mono8", COLOR[..., 0]),
        ("16UC1", MILLIMETRES),
        ("mono16", MILLIMETRES),
        ("32FC1", MILLIMETRES.astype(np.float32)),
    ],
)
def test_images_there_and_back(encoding, pixels):
    message = array_to_image(pixels, encoding, header(7.25, "lens"))
    assert (message.width, message.height, message.encoding) == (4, 3, encoding)
    assert message.step * 3 == len(message.data)
    assert (message.header.frame_id, seconds(message.header.stamp)) == ("lens", 7.25)
    read = image_to_array(message)
    assert read.dtype == pixels.dtype
    np.testing.assert_array_equal(read, pixels)


def test_an_array_that_is_not_contiguous():
    np.testing.assert_array_equal(image_to_array(array_to_image(COLOR[:, ::-1], "rgb8", header())), COLOR[:, ::-1])


@pytest.mark.parametrize(
    ("pixels", "encoding", "reason"),
    [
        (COLOR, "yuv422", "not supported; supported are rgb8"),
        (COLOR, "mono8", "1 channel"),
        (COLOR.astype(float), "rgb8", "float64"),
        (MILLIMETRES.astype(np.float32), "16UC1", "uint16"),
        (MILLIMETRES.ravel(), "16UC1", "shape"),
    ],
)
def test_arrays_that_do_not_fit_their_encoding(pixels, encoding, reason):
    with pytest.raises(ValueError, match=reason):
        array_to_image(pixels, encoding, header())


@pytest.mark.parametrize("encoding", ["rgb8", "bgr8", "rgba8", "bgra8", "mono8"])
@pytest.mark.parametrize("padding", [0, 5])
def test_every_colour_encoding_becomes_rgb(encoding, padding):
    expected = COLOR
    stored = COLOR[..., ::-1] if encoding.startswith("bgr") else COLOR
    if encoding.endswith("a8"):
        stored = np.dstack([stored, np.full((3, 4), 9, np.uint8)])
    if encoding == "mono8":
        stored, expected = COLOR[..., 0], np.repeat(COLOR[..., :1], 3, axis=2)
    color = color_from_image(padded(array_to_image(np.ascontiguousarray(stored), encoding, header()), padding))
    assert color.dtype == np.uint8
    np.testing.assert_array_equal(color, expected)


@pytest.mark.parametrize("big_endian", [False, True])
@pytest.mark.parametrize("padding", [0, 2, 7])
@pytest.mark.parametrize("encoding", ["16UC1", "mono16", "32FC1"])
def test_every_depth_encoding_becomes_metres(encoding, padding, big_endian):
    pixels = MILLIMETRES
    if encoding == "32FC1":
        pixels = MILLIMETRES.astype(np.float32) / 1000
        pixels[2, 3] = np.inf
    message = padded(array_to_image(pixels, encoding, header()), padding)
    if big_endian:
        message = padded(array_to_image(pixels.byteswap(), encoding, header()), padding)
        message.is_bigendian = 1
    depth = depth_from_image(message)
    assert depth.dtype == np.float32
    assert depth.dtype.isnative
    expected = np.where(MILLIMETRES == 0, np.nan, MILLIMETRES / 1000)
    if encoding == "32FC1":
        expected[2, 3] = np.nan
    np.testing.assert_allclose(depth, expected, rtol=1e-6)


def test_pixels_do_not_share_the_messages_memory():
    color, depth, _ = messages()
    color_from_image(color)[:] = 0
    depth_from_image(depth)[:] = 0
    np.testing.assert_array_equal(image_to_array(color), COLOR)
    np.testing.assert_array_equal(image_to_array(depth), MILLIMETRES)


def test_the_last_row_need_not_be_padded():
    message = padded(array_to_image(MILLIMETRES, "16UC1", header()), 6)
    message.data = message.data[:-6]
    np.testing.assert_array_equal(image_to_array(message), MILLIMETRES)


@pytest.mark.parametrize("change", [{"height": 4}, {"step": 7}, {"width": 5}, {"height": 0}])
def test_data_that_do_not_fill_the_image(change):
    _, depth, _ = messages()
    for name, value in change.items():
        setattr(depth, name, value)
    with pytest.raises(OutcomeError, match="does not fit its 24 bytes") as caught:
        depth_from_image(depth)
    assert caught.value.outcome is Outcome.WRONG_ENCODING


def test_camera_info_there_and_back():
    info = camera_info_from_intrinsics(CAMERA, header())
    assert intrinsics_from_camera_info(info) == CAMERA
    assert intrinsics_from_camera_info(info, rectified=True) == CAMERA
    assert info.distortion_model == "plumb_bob"
    assert list(info.d) == [0.0] * 5


def test_binning_and_region_of_interest():
    info = camera_info_from_intrinsics(CameraIntrinsics(500.0, 500.0, 319.5, 239.5, 640, 480), header())
    info.roi.x_offset, info.roi.y_offset, info.roi.width, info.roi.height = 160, 120, 320, 240
    info.binning_x = info.binning_y = 2
    assert intrinsics_from_camera_info(info) == CameraIntrinsics(250.0, 250.0, 79.5, 59.5, 160, 120)


def test_a_camera_that_is_not_calibrated():
    for info in (CameraInfo(width=4, height=3), CameraInfo(k=camera_info_from_intrinsics(CAMERA, header()).k)):
        with pytest.raises(OutcomeError, match="no usable K") as caught:
            intrinsics_from_camera_info(info)
        assert caught.value.outcome is Outcome.MISSING_CAMERA_INFO


def test_frame():
    frame = frame_from_messages(*messages())
    assert frame.intrinsics == CAMERA
    assert (frame.stamp, frame.frame_id) == (10.0, "camera_color_optical_frame")
    np.testing.assert_array_equal(frame.color, COLOR)
    assert frame.depth[1, 0] == np.float32(0.6)
    np.testing.assert_array_equal(frame.valid, MILLIMETRES > 0)


@pytest.mark.parametrize(("which", "encoding"), [(0, "yuv422_yuy2"), (0, "16UC1"), (1, "rgb8"), (1, "16SC1"), (1, "")])
def test_wrong_encoding(which, encoding):
    received = messages()
    received[which].encoding = encoding
    with pytest.raises(OutcomeError, match=f"encoded as '{encoding}'; supported are") as caught:
        frame_from_messages(*received)
    assert caught.value.outcome is Outcome.WRONG_ENCODING


def mismatches():
    yield (
        "depth of another size",
        1,
        lambda m: array_to_image(MILLIMETRES[:2], "16UC1", m.header),
        "4x3, the depth image 4x2",
    )
    yield "info of another size", 2, lambda m: CameraInfo(header=m.header, k=m.k, width=8, height=6), "of 8x6 images"
    yield "late colour", 0, lambda m: array_to_image(COLOR, "rgb8", header(10.1)), "100 ms apart"
    yield "depth's own frame", 1, lambda m: array_to_image(MILLIMETRES, "16UC1", header(frame="depth")), "'depth'"
    yield "info of another camera", 2, lambda m: camera_info_from_intrinsics(CAMERA, header(frame="other")), "'other'"


@pytest.mark.parametrize(
    ("which", "replace", "reason"), [case[1:] for case in mismatches()], ids=[c[0] for c in mismatches()]
)
def test_images_that_do_not_belong_together(which, replace, reason):
    received = list(messages())
    received[which] = replace(received[which])
    with pytest.raises(OutcomeError, match=reason) as caught:
        frame_from_messages(*received)
    assert caught.value.outcome is Outcome.MISMATCHED_IMAGES


def test_stamps_within_the_tolerance():
    color, depth, info = messages()
    color.header = header(10.01)
    info.header = header(2.0)  # published once, when the camera started
    assert frame_from_messages(color, depth, info).stamp == 10.0
    with pytest.raises(OutcomeError):
        frame_from_messages(color, depth, info, stamp_tolerance=0.005)


def test_distortion_is_taken_out():
    camera = CameraIntrinsics(150.0, 150.0, 79.5, 59.5, 160, 120)
    ramp = np.tile(np.arange(500, 660, dtype=np.uint16), (120, 1))
    color = array_to_image(np.zeros((120, 160, 3), np.uint8), "rgb8", header())
    depth, info = array_to_image(ramp, "16UC1", header()), camera_info_from_intrinsics(camera, header())
    info.d[0] = 0.2
    # The ray through pixel x is seen by the lens at radius r (1 + k1 r^2).
    radius = (120 - 79.5) / 150
    seen = 79.5 + 150 * radius * (1 + 0.2 * radius**2)
    frame = frame_from_messages(color, depth, info)
    assert frame.depth[60, 120] == pytest.approx((500 + seen) / 1000, abs=0.001)
    assert frame.intrinsics == camera
    plain = frame_from_messages(color, depth, info, rectified=True)
    assert plain.depth[60, 120] == np.float32(0.620)


def test_distortion_below_half_a_pixel_is_left():
    color, depth, info = messages()
    info.d[0] = 0.01
    np.testing.assert_array_equal(frame_from_messages(color, depth, info).color, COLOR)


def test_distortion_model_that_is_not_known():
    color, depth, info = messages()
    info.distortion_model, info.d = "magic", [0.1]
    with pytest.raises(OutcomeError, match="'magic' is not known") as caught:
        frame_from_messages(color, depth, info)
    assert caught.value.outcome is Outcome.MISSING_CAMERA_INFO


def test_transforms_there_and_back():
    transform = Transform.from_rpy((0.1, -0.2, 3.0), (0.3, -0.4, 0.5))
    for back in (transform_from_msg(transform_to_msg(transform)), transform_from_pose(pose_from_transform(transform))):
        np.testing.assert_allclose(back.matrix(), transform.matrix(), atol=1e-12)
    message = transform_to_msg(Transform.from_quaternion((0, 0, 1, 1), (1, 2, 3)))
    assert (message.translation.x, message.translation.y, message.translation.z) == (1, 2, 3)
    assert (message.rotation.z, message.rotation.w) == pytest.approx((0.5**0.5, 0.5**0.5))


def test_rotations_that_are_none():
    zero = Pose()
    zero.orientation.w = 0.0
    with pytest.raises(ValueError, match="quaternion"):
        transform_from_pose(zero)
    message = TransformMessage()
    message.rotation.w = float("nan")
    with pytest.raises(ValueError, match="quaternion"):
        transform_from_msg(message)
