"""Between ROS messages and this package's types. The only place where image bytes are interpreted."""

from __future__ import annotations

import array
import math
import sys
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import cv2
import numpy as np
from builtin_interfaces.msg import Time
from geometry_msgs.msg import Point, Pose, Quaternion, Vector3
from geometry_msgs.msg import Transform as TransformMessage
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header

from grasp_perception.camera import CameraIntrinsics
from grasp_perception.depth import decode_depth
from grasp_perception.frame import RGBDFrame
from grasp_perception.outcomes import Outcome, OutcomeError
from grasp_perception.rectification import Rectification, largest_displacement
from grasp_perception.transform import Transform


class _Layout(NamedTuple):
    dtype: type
    channels: int
    to_rgb: int | None = None
    """OpenCV's code that makes RGB of it."""


COLOR_ENCODINGS = {
    "rgb8": _Layout(np.uint8, 3),
    "bgr8": _Layout(np.uint8, 3, cv2.COLOR_BGR2RGB),
    "rgba8": _Layout(np.uint8, 4, cv2.COLOR_RGBA2RGB),
    "bgra8": _Layout(np.uint8, 4, cv2.COLOR_BGRA2RGB),
    "mono8": _Layout(np.uint8, 1, cv2.COLOR_GRAY2RGB),
}
DEPTH_ENCODINGS = {
    "16UC1": _Layout(np.uint16, 1),
    "mono16": _Layout(np.uint16, 1),  # what some drivers call 16UC1
    "32FC1": _Layout(np.float32, 1),
}
_ENCODINGS = COLOR_ENCODINGS | DEPTH_ENCODINGS

STAMP_TOLERANCE = 0.015
"""Seconds; colour and depth whose stamps differ by less are of one moment (half a period at 30 Hz)."""
_NEGLIGIBLE_DISTORTION = 0.5
"""px; not worth a resampling."""


def seconds(stamp: Time) -> float:
    """Seconds of a stamp; a float holds today's date to about 0.2 microseconds."""
    return stamp.sec + stamp.nanosec * 1e-9


def stamp(seconds: float) -> Time:
    """Stamp of a time in seconds, >= 0."""
    whole = math.floor(seconds)  # apart, because today's nanoseconds do not fit into a float
    carry, nanoseconds = divmod(round((seconds - whole) * 1e9), 10**9)
    return Time(sec=whole + carry, nanosec=nanoseconds)


def image_to_array(message: Image) -> NDArray:
    """Pixels of an image: (H, W, C), or (H, W) with one channel, in the order and unit of its encoding.

    Row padding and byte order are taken care of. The array may share the message's memory.

    Raises:
        OutcomeError: WRONG_ENCODING: the encoding is not supported, or the data do not fill the image.
    """
    return _pixels(message, "image", _ENCODINGS)


def array_to_image(pixels: NDArray, encoding: str, header: Header) -> Image:
    """An image message.

    Args:
        pixels: (H, W) or (H, W, C), of the encoding's type and number of channels.
        encoding: One of those `image_to_array` reads.
        header: Stamp and frame.

    Raises:
        ValueError: The encoding is unknown, or the pixels do not have its type and channels.
    """
    if encoding not in _ENCODINGS:
        raise ValueError(f"the encoding '{encoding}' is not supported; supported are {', '.join(_ENCODINGS)}")
    layout = _ENCODINGS[encoding]
    channels = pixels.shape[2] if pixels.ndim == 3 else 1
    if pixels.ndim not in (2, 3) or pixels.dtype != layout.dtype or channels != layout.channels:
        raise ValueError(
            f"{encoding} needs {np.dtype(layout.dtype)} pixels with {layout.channels} channel(s), "
            f"got {pixels.dtype} of shape {pixels.shape}"
        )
    pixels = np.ascontiguousarray(pixels)
    message = Image(
        header=header,
        height=pixels.shape[0],
        width=pixels.shape[1],
        encoding=encoding,
        is_bigendian=int(sys.byteorder == "big"),
        step=pixels.strides[0],
    )
    # Any other type than array('B') is checked element by element: 90 ms instead of 0.2 for a megapixel.
    data = array.array("B")
    data.frombytes(pixels.data.cast("B"))
    message.data = data
    return message


def color_from_image(message: Image) -> NDArray[np.uint8]:
    """(H, W, 3) RGB of a colour image; its own memory.

    Raises:
        OutcomeError: WRONG_ENCODING: the encoding is none of `COLOR_ENCODINGS`.
    """
    pixels = _pixels(message, "colour image", COLOR_ENCODINGS)
    code = COLOR_ENCODINGS[message.encoding].to_rgb
    return pixels.copy() if code is None else cv2.cvtColor(pixels, code)


def depth_from_image(message: Image) -> NDArray[np.float32]:
    """(H, W) metres of a depth image, NaN where invalid; its own memory.

    Raises:
        OutcomeError: WRONG_ENCODING: the encoding is none of `DEPTH_ENCODINGS`.
    """
    return decode_depth(_pixels(message, "depth image", DEPTH_ENCODINGS))


def size_of_images(info: CameraInfo) -> tuple[int, int]:
    """Width and height of the images that a camera_info belongs to, px: `info` itself names those of the sensor."""
    seen = info.roi if info.roi.width and info.roi.height else info
    return seen.width // max(1, info.binning_x), seen.height // max(1, info.binning_y)


def intrinsics_from_camera_info(message: CameraInfo, *, rectified: bool = False) -> CameraIntrinsics:
    """Pinhole intrinsics of the images a camera_info belongs to.

    Binning and region of interest are applied. Distortion is not part of `CameraIntrinsics`; see
    `frame_from_messages`.

    Args:
        message: The camera_info.
        rectified: Whether the images are already rectified: then P holds, not K (sensor_msgs/CameraInfo).

    Raises:
        OutcomeError: MISSING_CAMERA_INFO: the camera is not calibrated (K is zero), or the values are none.
    """
    matrix = np.reshape(message.p, (3, 4)) if rectified else np.reshape(message.k, (3, 3))
    (fx, _, cx), (_, fy, cy) = matrix[:2, :3].tolist()
    try:
        intrinsics = CameraIntrinsics(fx, fy, cx, cy, message.width, message.height)
        region = message.roi
        if region.width and region.height:
            intrinsics = intrinsics.crop(region.x_offset, region.y_offset, region.width, region.height)
        if message.binning_x > 1 or message.binning_y > 1:
            intrinsics = intrinsics.scale(*size_of_images(message))
    except ValueError as error:
        raise OutcomeError(
            Outcome.MISSING_CAMERA_INFO,
            f"the camera_info of '{message.header.frame_id}' has no usable {'P' if rectified else 'K'} ({error}); "
            "calibrate the camera, or let its driver publish the factory's calibration",
        ) from error
    return intrinsics


def camera_info_from_intrinsics(intrinsics: CameraIntrinsics, header: Header) -> CameraInfo:
    """The camera_info of a pinhole camera without distortion."""
    fx, fy, cx, cy = intrinsics.fx, intrinsics.fy, intrinsics.cx, intrinsics.cy
    return CameraInfo(
        header=header,
        height=intrinsics.height,
        width=intrinsics.width,
        distortion_model="plumb_bob",
        d=[0.0] * 5,
        k=[fx, 0.0, cx, 0.0, fy, cy, 0.0, 0.0, 1.0],
        r=[1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0],
        p=[fx, 0.0, cx, 0.0, 0.0, fy, cy, 0.0, 0.0, 0.0, 1.0, 0.0],
    )


def frame_from_messages(
    color: Image,
    depth: Image,
    info: CameraInfo,
    *,
    stamp_tolerance: float = STAMP_TOLERANCE,
    rectified: bool = False,
) -> RGBDFrame:
    """One look of a camera from its three messages.

    Where the camera_info describes a lens distortion of more than half a pixel, both images are
    rectified to a pinhole camera with the same K; below that they are used as they are.

    Args:
        color: The colour image.
        depth: The depth image, aligned to the colour image.
        info: Of the depth image. Its stamp may differ by any amount from the images': intrinsics are
            those of the camera, and some drivers publish them once.
        stamp_tolerance: Greatest difference between the stamps of colour and depth, seconds.
        rectified: Whether the images are already rectified (``image_rect`` topics).

    Raises:
        OutcomeError: MISMATCHED_IMAGES, WRONG_ENCODING or MISSING_CAMERA_INFO.
    """
    _check_encoding(color, "colour image", COLOR_ENCODINGS)
    _check_encoding(depth, "depth image", DEPTH_ENCODINGS)
    intrinsics = intrinsics_from_camera_info(info, rectified=rectified)
    _check_belonging(color, depth, info, intrinsics, stamp_tolerance)
    color_pixels, depth_pixels = color_from_image(color), depth_from_image(depth)
    if not rectified:
        rectification = _rectification(intrinsics, info)
        if rectification is not None:
            color_pixels, depth_pixels = rectification.color(color_pixels), rectification.depth(depth_pixels)
    return RGBDFrame(
        color=color_pixels,
        depth=depth_pixels,
        intrinsics=intrinsics,
        stamp=seconds(depth.header.stamp),
        frame_id=depth.header.frame_id,
    )


def transform_from_msg(message: TransformMessage) -> Transform:
    """A transform from ``geometry_msgs/Transform``.

    Raises:
        ValueError: The quaternion is zero or not finite.
    """
    q, t = message.rotation, message.translation
    return Transform.from_quaternion((q.x, q.y, q.z, q.w), (t.x, t.y, t.z))


def transform_to_msg(transform: Transform) -> TransformMessage:
    """A transform as ``geometry_msgs/Transform``."""
    return transforms_to_msgs([transform])[0]


def transforms_to_msgs(transforms: Sequence[Transform]) -> list[TransformMessage]:
    """Transforms as ``geometry_msgs/Transform``: many in much less time than one by one."""
    if not transforms:
        return []
    rotations = Rotation.from_matrix([transform.rotation for transform in transforms]).as_quat(canonical=True)
    return [
        TransformMessage(
            translation=Vector3(**dict(zip("xyz", transform.translation.tolist()))),
            rotation=Quaternion(**dict(zip("xyzw", rotation))),
        )
        for transform, rotation in zip(transforms, rotations.tolist())
    ]


def transform_from_pose(message: Pose) -> Transform:
    """``frame_from_body`` of a pose of a body in a frame.

    Raises:
        ValueError: The quaternion is zero or not finite.
    """
    q, p = message.orientation, message.position
    return Transform.from_quaternion((q.x, q.y, q.z, q.w), (p.x, p.y, p.z))


def pose_from_transform(transform: Transform) -> Pose:
    """The pose in a frame of a body whose ``frame_from_body`` is given."""
    message = transform_to_msg(transform)
    position = message.translation
    return Pose(position=Point(x=position.x, y=position.y, z=position.z), orientation=message.rotation)


def _check_encoding(message: Image, name: str, supported: dict[str, _Layout]) -> None:
    if message.encoding not in supported:
        raise OutcomeError(
            Outcome.WRONG_ENCODING,
            f"the {name} of '{message.header.frame_id}' is encoded as '{message.encoding}'; "
            f"supported are {', '.join(supported)}",
        )


def _pixels(message: Image, name: str, supported: dict[str, _Layout]) -> NDArray:
    _check_encoding(message, name, supported)
    layout = supported[message.encoding]
    dtype = np.dtype(layout.dtype).newbyteorder(">" if message.is_bigendian else "<")
    row = message.width * layout.channels * dtype.itemsize
    if message.step < row or len(message.data) < message.step * (message.height - 1) + row or not row * message.height:
        raise OutcomeError(
            Outcome.WRONG_ENCODING,
            f"the {name} of '{message.header.frame_id}' says {message.width}x{message.height} {message.encoding} with "
            f"a step of {message.step} bytes, which does not fit its {len(message.data)} bytes of data",
        )
    shape = (message.height, message.width, layout.channels)
    strides = (message.step, layout.channels * dtype.itemsize, dtype.itemsize)
    pixels: NDArray[Any] = np.ndarray(shape, dtype, buffer=memoryview(message.data), strides=strides)
    return (pixels[..., 0] if layout.channels == 1 else pixels).astype(layout.dtype, copy=False)


def _check_belonging(
    color: Image, depth: Image, info: CameraInfo, intrinsics: CameraIntrinsics, stamp_tolerance: float
) -> None:
    def refuse(reason: str) -> OutcomeError:
        return OutcomeError(Outcome.MISMATCHED_IMAGES, reason)

    if (color.width, color.height) != (depth.width, depth.height):
        raise refuse(
            f"the colour image is {color.width}x{color.height}, the depth image {depth.width}x{depth.height}; "
            "use the depth that is aligned to colour"
        )
    if (intrinsics.width, intrinsics.height) != (depth.width, depth.height):
        raise refuse(
            f"the camera_info is of {intrinsics.width}x{intrinsics.height} images, the depth image is "
            f"{depth.width}x{depth.height}; use the camera_info that belongs to the aligned depth"
        )
    frames = {"colour": color.header.frame_id, "depth": depth.header.frame_id, "camera_info": info.header.frame_id}
    if len(set(frames.values())) > 1:
        named = ", ".join(f"{name} '{frame}'" for name, frame in frames.items())
        raise refuse(f"the images are of different frames ({named}); use the depth that is aligned to colour")
    apart = abs(seconds(color.header.stamp) - seconds(depth.header.stamp))
    if apart > stamp_tolerance:
        raise refuse(
            f"colour (stamp {seconds(color.header.stamp):.3f}) and depth (stamp {seconds(depth.header.stamp):.3f}) are "
            f"{apart * 1e3:.0f} ms apart, {stamp_tolerance * 1e3:.0f} ms are allowed; let the driver synchronise them"
        )


def _rectification(intrinsics: CameraIntrinsics, info: CameraInfo) -> Rectification | None:
    try:
        return _cached_rectification(intrinsics, info.distortion_model, tuple(info.d))
    except ValueError as error:
        raise OutcomeError(
            Outcome.MISSING_CAMERA_INFO, f"the camera_info of '{info.header.frame_id}' cannot be used: {error}"
        ) from error


@lru_cache(maxsize=4)
def _cached_rectification(
    intrinsics: CameraIntrinsics, model: str, coefficients: tuple[float, ...]
) -> Rectification | None:
    if largest_displacement(intrinsics, model, coefficients) < _NEGLIGIBLE_DISTORTION:
        return None
    return Rectification(intrinsics, model, coefficients)
