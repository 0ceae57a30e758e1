"""Where a pinhole camera stood, from points in space and the pixels that see them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SAMPLES = 3000
MOST_ERROR = 1.0
"""px; root mean square of what a camera may be off before the points are held to be no pinhole image."""
LEAST_GAP = 10.0
"""Between the two smallest singular values; below it several cameras fit, as they do for points in a plane."""


class ResectionError(ValueError):
    """No camera, or more than one, sees the points at the pixels."""


def planar_depth(points: NDArray[np.float64], pixels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distance of each point from the camera's plane, along its optical axis.

    The camera's 3x4 matrix is found by the direct linear transformation (Hartley and Zisserman 2004,
    algorithm 7.1): of a depth camera, a wrong depth moves a point along its own ray only, so that points
    and pixels fit exactly. The depth is the third row of that matrix, scaled by its length, times the point.

    Args:
        points: (N, 3) in any fixed frame and unit; not all in one plane.
        pixels: (N, 2) column and row of each.

    Returns:
        (N,) positive depths in the points' unit.

    Raises:
        ResectionError: There are fewer than 6 points, they lie in a plane, or no pinhole camera sees them
            at these pixels.
    """
    chosen = np.unique(np.linspace(0, max(len(points) - 1, 0), SAMPLES).round().astype(np.int64))
    if len(points) < 6:
        raise ResectionError(f"{len(points)} points are too few to tell where the camera stood")
    space, image = _normalising(points[chosen]), _normalising(pixels[chosen])
    x = _homogeneous(points[chosen]) @ space.T
    u, v, _ = (_homogeneous(pixels[chosen]) @ image.T).T
    nothing = np.zeros_like(x)
    equations = np.concatenate([np.hstack([x, nothing, -u[:, None] * x]), np.hstack([nothing, x, -v[:, None] * x])])
    _, singular, basis = np.linalg.svd(equations, full_matrices=False)
    if singular[-2] < LEAST_GAP * singular[-1] or singular[-2] < 1e-9 * singular[0]:
        raise ResectionError("the points lie in a plane, or do not fit one camera: its place cannot be told")
    camera = np.linalg.inv(image) @ basis[-1].reshape(3, 4) @ space
    camera /= np.linalg.norm(camera[2, :3])
    seen = _homogeneous(points) @ camera.T
    if np.median(seen[:, 2]) < 0:
        seen = -seen
    if (seen[:, 2] <= 0).any():
        raise ResectionError("some points lie behind the camera that sees the others")
    error = float(np.sqrt(np.mean(np.sum((seen[:, :2] / seen[:, 2:] - pixels) ** 2, axis=1))))
    if error > MOST_ERROR:
        raise ResectionError(f"the best pinhole camera sees the points {error:.1f} px away from their pixels")
    return seen[:, 2]


def _homogeneous(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.hstack([vectors, np.ones((len(vectors), 1))])


def _normalising(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """The similarity that moves vectors about the origin, at a mean square distance of their dimension."""
    center = vectors.mean(axis=0)
    size = vectors.shape[1]
    scale = np.sqrt(size / max(float(np.mean(np.sum((vectors - center) ** 2, axis=1))), 1e-300))
    matrix = np.diag([scale] * size + [1.0])
    matrix[:size, size] = -scale * center
    return matrix
