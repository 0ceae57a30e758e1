"""The table's plane in what a camera saw."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from grasp_perception.camera import CameraIntrinsics
from grasp_perception.frame import RGBDFrame


class NoTableError(ValueError):
    """No plane holds enough of the points; the message says how many the best one holds."""


@dataclass(frozen=True, slots=True, eq=False)
class TablePlane:
    """A plane in the camera's optical frame: the points p with ``normal @ p + offset == 0``."""

    normal: NDArray[np.float64]
    """(3,) unit vector from the table towards the camera's side."""
    offset: float
    """Distance of the camera from the plane, metres, > 0."""
    share: float
    """Share of the points that lie on the plane, 0 to 1."""
    residual: float
    """Root mean square distance of those points from the plane, metres."""

    @property
    def tilt(self) -> float:
        """Angle between the viewing direction and the table's normal, rad; 0 when the camera looks straight down."""
        return float(np.arccos(np.clip(-self.normal[2], -1.0, 1.0)))

    def height(self, points: ArrayLike) -> NDArray[np.float64]:
        """Height above the table of (..., 3) points in the camera frame: (...) metres, NaN for NaN points."""
        return np.asarray(points, dtype=np.float64) @ self.normal + self.offset

    def depth_image(self, intrinsics: CameraIntrinsics) -> NDArray[np.float32]:
        """(H, W) depth of the empty table along the optical axis, m; infinite where a ray does not meet it."""
        x = (np.arange(intrinsics.width) - intrinsics.cx) / intrinsics.fx
        y = (np.arange(intrinsics.height) - intrinsics.cy) / intrinsics.fy
        nx, ny, nz = self.normal
        fall = -((nx * x)[None, :] + (ny * y + nz)[:, None]).astype(np.float32)  # towards the table, a metre of depth
        return np.where(fall > 0, np.float32(self.offset) / np.where(fall > 0, fall, 1), np.float32(np.inf))


def fit_table(
    points: NDArray[np.floating] | RGBDFrame,
    rng: np.random.Generator,
    *,
    tolerance: float = 0.008,
    min_share: float = 0.3,
    hypotheses: int = 300,
    sample: int = 3000,
) -> TablePlane:
    """Fit the plane that holds most points.

    Random sample consensus (Fischler and Bolles, 1981) on a subsample, then least squares on what lies
    near the winner, three times over.

    Args:
        points: (..., 3) in the camera's optical frame, metres, points with NaN are left out; or a frame.
        rng: Draws the subsample and the hypotheses.
        tolerance: Distance from the plane up to which a point belongs to it, metres.
        min_share: Least share of the valid points that must belong to it.
        hypotheses: Number of planes through three points that are tried. With half of the points on the
            table, 300 miss it with probability 4e-18.
        sample: Number of points that are looked at.

    Raises:
        NoTableError: There are fewer than 50 valid points, or no plane holds `min_share` of them.
    """
    cloud = _points(points)
    cloud = cloud[np.isfinite(cloud).all(axis=1)]
    if len(cloud) < 50:
        raise NoTableError(f"a table needs at least 50 valid points, got {len(cloud)}")
    if len(cloud) > sample:
        cloud = cloud[rng.choice(len(cloud), sample, replace=False)]

    corners = cloud[rng.integers(0, len(cloud), (hypotheses, 3))]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    lengths = np.linalg.norm(normals, axis=1)
    usable = lengths > 1e-9  # three different points that are not in line
    if not usable.any():
        raise NoTableError("all points lie on one line")
    normals = normals[usable] / lengths[usable, None]
    offsets = np.einsum("ij,ij->i", normals, corners[usable, 0])
    # In single precision, and in place: most of the time goes to memory.
    distances = normals.astype(np.float32) @ cloud.T.astype(np.float32)  # (hypotheses, N)
    distances -= offsets.astype(np.float32)[:, None]
    close = np.abs(distances, out=distances) < tolerance
    inliers = close[np.count_nonzero(close, axis=1).argmax()]
    for _ in range(3):
        centre = cloud[inliers].mean(axis=0)
        spread = cloud[inliers] - centre
        normal = np.linalg.eigh(spread.T @ spread)[1][:, 0]
        signed = (cloud - centre) @ normal
        inliers = np.abs(signed) < tolerance
        if np.count_nonzero(inliers) < 3:
            break
    share = float(inliers.mean())
    if share < min_share:
        raise NoTableError(
            f"no plane stands out: the best one holds {share:.0%} of the points within {tolerance * 1e3:.0f} mm, "
            f"{min_share:.0%} are needed. Is a table in view, and is the depth in metres?"
        )
    offset = -float(normal @ centre)
    if offset < 0:
        normal, offset = -normal, -offset
    return TablePlane(normal, offset, share, float(np.sqrt(np.mean(signed[inliers] ** 2))))


def _points(points: NDArray[np.floating] | RGBDFrame) -> NDArray[np.float64]:
    """(N, 3); of a frame, every third pixel of every third row: enough for a plane."""
    if isinstance(points, RGBDFrame):
        rows, columns = np.mgrid[0 : points.depth.shape[0] : 3, 0 : points.depth.shape[1] : 3]
        return points.intrinsics.deproject(np.stack([columns, rows], axis=-1), points.depth[::3, ::3]).reshape(-1, 3)
    cloud = np.asarray(points, dtype=np.float64)
    if cloud.ndim < 2 or cloud.shape[-1] != 3:
        raise ValueError(f"points have shape (..., 3), got {cloud.shape}")
    return cloud.reshape(-1, 3)
