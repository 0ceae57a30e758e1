"""The pinhole camera model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, slots=True)
class CameraIntrinsics:
    """Intrinsics of a pinhole camera without distortion.

    Pixel (x, y) = (column, row); the centre of the top-left pixel is (0, 0). The optical frame is
    REP 103's: x right, y down, z forward.
    """

    fx: float
    """Focal length along x, px."""
    fy: float
    """Focal length along y, px."""
    cx: float
    """Column of the principal point, px."""
    cy: float
    """Row of the principal point, px."""
    width: int
    """Columns of the image."""
    height: int
    """Rows of the image."""

    def __post_init__(self) -> None:
        if not (np.isfinite([self.fx, self.fy, self.cx, self.cy]).all() and self.fx > 0 and self.fy > 0):
            raise ValueError(f"focal lengths must be positive and all intrinsics finite, got {self}")
        if self.width <= 0 or self.height <= 0:
            raise ValueError(f"the image size must be positive, got {self.width}x{self.height}")

    @property
    def matrix(self) -> NDArray[np.float64]:
        """(3, 3) camera matrix K."""
        return np.array([[self.fx, 0.0, self.cx], [0.0, self.fy, self.cy], [0.0, 0.0, 1.0]])

    def project(self, points: ArrayLike) -> NDArray[np.float64]:
        """Pixels at which points are seen.

        Args:
            points: (..., 3) in the optical frame, metres.

        Returns:
            (..., 2) pixels (x, y); NaN for points that are not in front of the camera. Pixels
            outside the image are returned as they are.
        """
        points = np.asarray(points, dtype=np.float64)
        z = np.where(points[..., 2] > 0, points[..., 2], np.nan)
        return np.stack([self.fx * points[..., 0] / z + self.cx, self.fy * points[..., 1] / z + self.cy], axis=-1)

    def deproject(self, pixels: ArrayLike, depth: ArrayLike) -> NDArray[np.float64]:
        """Points seen at pixels.

        Args:
            pixels: (..., 2) pixels (x, y).
            depth: (...) distance along the optical axis (planar z), metres.

        Returns:
            (..., 3) points in the optical frame, metres; NaN where the depth is NaN.
        """
        pixels = np.asarray(pixels, dtype=np.float64)
        z = np.asarray(depth, dtype=np.float64)
        x = (pixels[..., 0] - self.cx) / self.fx * z
        y = (pixels[..., 1] - self.cy) / self.fy * z
        return np.stack(np.broadcast_arrays(x, y, z), axis=-1)

    def deproject_image(self, depth: NDArray[np.floating]) -> NDArray[np.float64]:
        """(H, W, 3) points in the optical frame of a whole (H, W) depth image in metres."""
        if depth.shape != (self.height, self.width):
            raise ValueError(
                f"the depth image is {depth.shape[1]}x{depth.shape[0]}, the intrinsics are of a "
                f"{self.width}x{self.height} image"
            )
        points = np.empty((self.height, self.width, 3))
        points[..., 0] = (np.arange(self.width) - self.cx) / self.fx * depth
        points[..., 1] = ((np.arange(self.height) - self.cy) / self.fy)[:, None] * depth
        points[..., 2] = depth
        return points

    def crop(self, x: int, y: int, width: int, height: int) -> CameraIntrinsics:
        """Intrinsics of the window whose top-left pixel is (x, y)."""
        return CameraIntrinsics(self.fx, self.fy, self.cx - x, self.cy - y, width, height)

    def scale(self, width: int, height: int) -> CameraIntrinsics:
        """Intrinsics of the same view resized to width x height."""
        sx, sy = width / self.width, height / self.height
        return CameraIntrinsics(
            self.fx * sx, self.fy * sy, (self.cx + 0.5) * sx - 0.5, (self.cy + 0.5) * sy - 0.5, width, height
        )
