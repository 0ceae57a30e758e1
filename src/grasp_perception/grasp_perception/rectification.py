"""Lens distortion: how much there is, and images without it."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from grasp_perception.camera import CameraIntrinsics

POLYNOMIAL_MODELS = ("plumb_bob", "rational_polynomial", "")
"""ROS's names of the Brown-Conrady models; the empty name is an uncalibrated camera's."""
FISHEYE_MODELS = ("equidistant", "fisheye")


class Rectification:
    """Takes images of a lens with distortion to those of a pinhole camera with the same camera matrix.

    Args:
        intrinsics: Of the distorted image, and afterwards of the rectified one.
        model: A distortion model by its name in ``sensor_msgs/CameraInfo``.
        coefficients: Of that model, in OpenCV's order.

    Raises:
        ValueError: The model is unknown, or the number of coefficients does not fit it.
    """

    def __init__(self, intrinsics: CameraIntrinsics, model: str, coefficients: Sequence[float]) -> None:
        self.intrinsics = intrinsics
        size = (intrinsics.width, intrinsics.height)
        matrix, distortion = intrinsics.matrix, _coefficients(model, coefficients)
        undistort = cv2.fisheye.initUndistortRectifyMap if model in FISHEYE_MODELS else cv2.initUndistortRectifyMap
        self._x, self._y = undistort(matrix, distortion, np.eye(3), matrix, size, cv2.CV_32FC1)

    def color(self, color: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Rectify a colour image, (H, W, 3); black where the lens did not look."""
        return cv2.remap(color, self._x, self._y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)

    def depth(self, depth: NDArray[np.float32]) -> NDArray[np.float32]:
        """Rectify a depth image, (H, W) metres; NaN where the lens did not look.

        The nearest pixel is taken: a mean over an edge would be a depth where nothing is.
        """
        return cv2.remap(
            depth, self._x, self._y, cv2.INTER_NEAREST, borderMode=cv2.BORDER_CONSTANT, borderValue=float("nan")
        )


def largest_displacement(intrinsics: CameraIntrinsics, model: str, coefficients: Sequence[float]) -> float:
    """How far the distortion moves the pixel it moves farthest, px; 0 without distortion.

    Raises:
        ValueError: As `Rectification`.
    """
    if model in POLYNOMIAL_MODELS and not any(coefficients):
        return 0.0
    distortion = _coefficients(model, coefficients)
    columns = np.linspace(0, intrinsics.width - 1, 17)
    rows = np.linspace(0, intrinsics.height - 1, 17)
    pixels = np.stack(np.meshgrid(columns, rows), axis=-1).reshape(-1, 2)
    rays = intrinsics.deproject(pixels, np.ones(len(pixels)))
    if model in FISHEYE_MODELS:
        distorted = cv2.fisheye.distortPoints(rays[:, None, :2], intrinsics.matrix, distortion)
    else:
        distorted, _ = cv2.projectPoints(rays, np.zeros(3), np.zeros(3), intrinsics.matrix, distortion)
    return float(np.linalg.norm(distorted[:, 0] - pixels, axis=1).max())


def _coefficients(model: str, coefficients: Sequence[float]) -> NDArray[np.float64]:
    if model not in POLYNOMIAL_MODELS + FISHEYE_MODELS:
        known = ", ".join(name for name in POLYNOMIAL_MODELS + FISHEYE_MODELS if name)
        raise ValueError(f"the distortion model '{model}' is not known; known are {known}")
    counts = (4,) if model in FISHEYE_MODELS else (4, 5, 8, 12, 14)
    if len(coefficients) not in counts or not np.isfinite(coefficients).all():
        raise ValueError(
            f"the distortion model '{model}' has {' or '.join(map(str, counts))} coefficients, got {list(coefficients)}"
        )
    return np.asarray(coefficients, dtype=np.float64)
