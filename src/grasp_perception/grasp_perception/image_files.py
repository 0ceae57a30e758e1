"""Depth, colour, masks and intrinsics from files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import yaml
from numpy.typing import NDArray

from grasp_perception.camera import CameraIntrinsics
from grasp_perception.depth import decode_depth
from grasp_perception.frame import RGBDFrame
from grasp_perception.rectification import largest_displacement

DEPTH_SUFFIXES = (".npy", ".png", ".tif", ".tiff")
FARTHEST = 20.0
"""A floating depth image whose median exceeds this many metres is taken to be in millimetres."""
NEGLIGIBLE_DISTORTION = 1.0
"""px; intrinsics whose distortion moves no pixel farther than this are used without it."""


class ImageFileError(ValueError):
    """A file cannot be used as what it was given for; the message names the file, the reason and the remedy."""


def read_depth(path: str | Path) -> NDArray[np.float32]:
    """Read a depth image in metres.

    Args:
        path: ``.npy`` (floating metres or uint16 millimetres, (H, W) or (H, W, 1)), 16-bit ``.png``
            (millimetres), or ``.tif``/``.tiff`` (floating metres or uint16 millimetres).

    Returns:
        (H, W) float32 metres, NaN where invalid.

    Raises:
        ImageFileError: The file is missing, is no depth image, has no valid pixel, or is floating but
            in millimetres.
    """
    raw = read_raw_depth(path)
    depth = decode_depth(raw)
    if not np.isfinite(depth).any():
        raise ImageFileError(f"{path}: no pixel has a valid depth (all are 0, negative, NaN or infinite)")
    median = float(np.nanmedian(depth))
    if raw.dtype.kind == "f" and median > FARTHEST:
        raise ImageFileError(
            f"{path}: a floating depth image is in metres, but its median is {median:.0f}: it seems to be in "
            "millimetres. Divide it by 1000, or save it as uint16, which is read as millimetres"
        )
    return depth


def read_raw_depth(path: str | Path) -> NDArray:
    """Read a depth image as it was stored: (H, W), uint16 (millimetres) or floating (metres).

    Raises:
        ImageFileError: The file is missing, or its type or shape is not that of a depth image.
    """
    path = _existing(path)
    suffix = path.suffix.lower()
    if suffix not in DEPTH_SUFFIXES:
        raise ImageFileError(f"{path}: a depth image is one of {', '.join(DEPTH_SUFFIXES)}, not '{path.suffix}'")
    array = _load_array(path) if suffix == ".npy" else _load_image(path, cv2.IMREAD_UNCHANGED)
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[..., 0]
    if array.ndim != 2 or 0 in array.shape:
        hint = " (a colour-mapped picture of the depth does not hold the depth)" if array.ndim == 3 else ""
        raise ImageFileError(
            f"{path}: a depth image has one channel, shape (H, W) or (H, W, 1), got {array.shape}{hint}"
        )
    if array.dtype == np.uint8:
        raise ImageFileError(f"{path}: 8 bits a pixel cannot hold a depth; save it as 16-bit millimetres")
    if array.dtype != np.uint16 and array.dtype.kind != "f":
        raise ImageFileError(f"{path}: a depth image is uint16 in millimetres or floating in metres, got {array.dtype}")
    return array


def read_color(path: str | Path) -> NDArray[np.uint8]:
    """Read a colour image: (H, W, 3) uint8 RGB, from any format OpenCV reads or an ``.npy`` of that shape.

    Raises:
        ImageFileError: The file is missing or no colour image.
    """
    path = _existing(path)
    if path.suffix.lower() == ".npy":
        color = _load_array(path)
        if color.ndim != 3 or color.shape[2] != 3 or color.dtype != np.uint8:
            raise ImageFileError(f"{path}: a colour image is uint8 (H, W, 3), got {color.dtype} {color.shape}")
        return color
    return cv2.cvtColor(_load_image(path, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)


def read_mask(path: str | Path) -> NDArray[np.bool_]:
    """Read a mask: (H, W) True where an image or ``.npy`` is not 0 (or, with channels, not black).

    Raises:
        ImageFileError: The file is missing or no image.
    """
    path = _existing(path)
    array = _load_array(path) if path.suffix.lower() == ".npy" else _load_image(path, cv2.IMREAD_UNCHANGED)
    if array.ndim == 3:
        channels = array[..., :3] if array.shape[2] in (1, 3, 4) else array  # the fourth channel is opacity
        array = np.asarray(channels.any(axis=2))
    if array.ndim != 2:
        raise ImageFileError(f"{path}: a mask has shape (H, W) or (H, W, C), got {array.shape}")
    return array.astype(np.bool_)


def read_intrinsics(path: str | Path) -> CameraIntrinsics:
    """Read intrinsics from YAML or JSON.

    Three layouts are known: plain ``fx fy cx cy width height``; the same below a key ``intrinsics``
    (our camera files); and a ROS camera_info, as calibration writes it (``image_width``,
    ``camera_matrix: {data: [9]}``) or as the message is printed (``width``, ``k: [9]``).

    Raises:
        ImageFileError: The file is missing, is of none of these layouts, a value is no positive number,
            or it describes a lens distortion, which `CameraIntrinsics` does not have.
    """
    path = _existing(path)
    try:
        # Printed messages end with a line of dashes: a second, empty document.
        content = next(iter(yaml.safe_load_all(path.read_text())), None)
    except OSError as error:
        raise ImageFileError(f"{path}: cannot be read: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ImageFileError(f"{path}: not valid YAML or JSON: {error}") from error
    if isinstance(content, Mapping):
        content = content.get("intrinsics", content)
    if not isinstance(content, Mapping):
        raise ImageFileError(f"{path}: intrinsics are a mapping (fx, fy, cx, cy, width, height), got {content!r}")
    try:
        return _intrinsics_from_mapping(content)
    except (KeyError, OverflowError, TypeError, ValueError) as error:
        reason = f"it lacks {error}" if isinstance(error, KeyError) else error
        raise ImageFileError(
            f"{path}: {reason}. Intrinsics need fx, fy, cx, cy, width, height, or a ROS camera_info"
        ) from error


def read_frame(depth: str | Path, intrinsics: str | Path, color: str | Path | None = None) -> RGBDFrame:
    """Read an RGB-D frame from its files; without a colour image, the colour is black.

    Raises:
        ImageFileError: As the functions that read the parts; or the sizes differ.
    """
    camera = read_intrinsics(intrinsics)
    depth_image = read_depth(depth)
    color_image = np.zeros((*depth_image.shape, 3), np.uint8) if color is None else read_color(color)
    size = (camera.height, camera.width)
    for path, shape in ((depth, depth_image.shape), (color, color_image.shape[:2])):
        if shape != size:
            raise ImageFileError(
                f"{path} is {shape[1]}x{shape[0]}, but the intrinsics {intrinsics} are of {size[1]}x{size[0]} images"
            )
    return RGBDFrame(color=color_image, depth=depth_image, intrinsics=camera)


def _intrinsics_from_mapping(content: Mapping[str, Any]) -> CameraIntrinsics:
    matrix = content.get("camera_matrix", content.get("k", content.get("K")))
    if matrix is None:
        fx, fy, cx, cy = (float(content[key]) for key in ("fx", "fy", "cx", "cy"))
        return CameraIntrinsics(fx, fy, cx, cy, width=int(content["width"]), height=int(content["height"]))
    fx, _, cx, _, fy, cy, *_ = _numbers(matrix, "the camera matrix", 9)
    intrinsics = CameraIntrinsics(
        fx,
        fy,
        cx,
        cy,
        width=int(content["image_width"] if "image_width" in content else content["width"]),
        height=int(content["image_height"] if "image_height" in content else content["height"]),
    )
    coefficients = content.get("distortion_coefficients", content.get("d", content.get("D"))) or ()
    distortion = _numbers(coefficients, "the distortion coefficients")
    moved = largest_displacement(intrinsics, str(content.get("distortion_model", "plumb_bob")), distortion)
    if moved > NEGLIGIBLE_DISTORTION:
        raise ValueError(
            f"it describes a lens distortion that moves pixels by up to {moved:.1f} px: rectify the images and give "
            "the intrinsics of the rectified ones, without distortion coefficients"
        )
    return intrinsics


def _numbers(value: Any, name: str, count: int | None = None) -> list[float]:
    """A list of numbers, or the ``data`` of a matrix as ROS calibration files write it."""
    data = value["data"] if isinstance(value, Mapping) else value
    if not isinstance(data, Sequence) or isinstance(data, str) or (count is not None and len(data) != count):
        raise ValueError(f"{name} must be a list{f' of {count} numbers' if count else ''}, got {data!r}")
    return [float(number) for number in data]


def _existing(path: str | Path) -> Path:
    path = Path(path)
    if not path.is_file():
        raise ImageFileError(f"{path}: {'is not a file' if path.exists() else 'no such file'}")
    return path


def _load_array(path: Path) -> NDArray:
    try:
        array = np.load(path, allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise ImageFileError(f"{path}: not a NumPy array file: {error}") from error
    if not isinstance(array, np.ndarray):
        raise ImageFileError(f"{path}: an archive of several arrays; save one array with numpy.save")
    return array


def _load_image(path: Path, flags: int) -> NDArray:
    # Decoding from memory, because OpenCV's own reading prints warnings and hides why it failed.
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ImageFileError(f"{path}: {error.strerror}") from error
    try:
        image = cv2.imdecode(np.frombuffer(content, np.uint8), flags) if content else None
    except cv2.error:  # its header names a size that OpenCV refuses
        image = None
    if image is None:
        raise ImageFileError(f"{path}: not an image that OpenCV can decode")
    return image
