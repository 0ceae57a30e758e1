"""Depth edges and pairs of them that a parallel jaw can hold (Dex-Net 2.0, Algorithm 1, lines 2 to 22)."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates
from scipy.spatial import cKDTree

from grasp_planning.antipodal.height_map import HeightMap
from grasp_planning.antipodal.objects import Objects
from grasp_planning.antipodal.options import AntipodalOptions

_INSIDE = 1.5
"""Cells from an edge to where the object that it belongs to is looked up."""
_SAME_SIDE = 0.5
"""Normals of one side of an object differ by less than this, rad."""
_MAX_EDGES = 2000
"""With more edge points than this a random choice is made, which bounds time."""


@dataclass(frozen=True, slots=True, eq=False)
class Edges:
    """Points where the height falls steeply, one cell wide."""

    points: NDArray[np.float64]
    """(E, 2) x, y in the frame of the table, metres, finer than a cell."""
    normals: NDArray[np.float64]
    """(E, 2) unit vectors that point down the slope, out of the object."""
    labels: NDArray[np.int32]
    """(E,) object that each belongs to."""

    def __len__(self) -> int:
        return len(self.points)


def find_edges(height_map: HeightMap, objects: Objects, finger_width: float, options: AntipodalOptions) -> Edges:
    """Edges of the objects: slope above the threshold, and greatest across the edge.

    The slope is the gradient of the smoothed heights, rise over run; a step of s metres reaches
    s / (sqrt(2 pi) * smoothing * cell). Normals are those of lines fitted over twice the width
    of a finger.
    """
    known = height_map.known
    height = np.where(known, height_map.height, np.float32(0))
    slope_x, slope_y = _gradient(height, options.smoothing, height_map.cell)
    slope = np.hypot(slope_x, slope_y)

    near = cv2.dilate((objects.labels > 0).view(np.uint8), np.ones((5, 5), np.uint8)) > 0
    # A hole in the data makes an edge of its own.
    near &= cv2.erode(known.view(np.uint8), np.ones((5, 5), np.uint8)) > 0
    near[[0, 1, -2, -1]] = near[:, [0, 1, -2, -1]] = False
    row, column = np.nonzero((slope >= options.edge_slope) & near)

    # Non-maximum suppression along the gradient, and the vertex of the parabola through three slopes.
    here = slope[row, column]
    along_x, along_y = slope_x[row, column] / here, slope_y[row, column] / here
    ahead = map_coordinates(slope, [row + along_y, column + along_x], order=1)
    behind = map_coordinates(slope, [row - along_y, column - along_x], order=1)
    ridge = (here >= ahead) & (here > behind)
    row, column, here, ahead, behind = (a[ridge] for a in (row, column, here, ahead, behind))
    shift = 0.5 * (behind - ahead) / np.minimum(behind - 2 * here + ahead, -1e-9)
    cells = np.stack([column + shift * along_x[ridge], row + shift * along_y[ridge]], axis=-1)

    normals = -np.stack([along_x[ridge], along_y[ridge]], axis=-1).astype(np.float64)
    normals = _fit_normals(normals, cells, max(finger_width / height_map.cell, 4.0))
    inside = np.rint(cells - _INSIDE * normals).astype(np.intp)
    labels = objects.labels[inside[:, 1].clip(0, height.shape[0] - 1), inside[:, 0].clip(0, height.shape[1] - 1)]
    own = labels > 0
    return Edges(height_map.positions(cells[own]), normals[own], labels[own])


def _fit_normals(normals: NDArray[np.float64], cells: NDArray[np.float64], radius: float) -> NDArray[np.float64]:
    """Normals of the lines fitted to the edge points around each.

    The gradient's direction is drawn towards the axes of the grid; the places of the points are not. The line
    through the points within `radius` cells whose gradients differ by less than `_SAME_SIDE` is their principal axis.

    Args:
        normals: (E, 2) unit vectors from the gradient: they say which way is out.
        cells: (E, 2) places of the points.
        radius: Cells.

    Returns:
        (E, 2) unit vectors.
    """
    count = len(cells)
    if count < 2:
        return normals
    first, second = cKDTree(cells).query_pairs(radius, output_type="ndarray").T
    same = np.einsum("ij,ij->i", normals[first], normals[second]) > np.cos(_SAME_SIDE)
    first, second = first[same], second[same]

    def around(values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Sum of the values of each point and its neighbours."""
        return values + np.bincount(first, values[second], count) + np.bincount(second, values[first], count)

    x, y = (cells - cells.mean(axis=0)).T
    number = around(np.ones(count))
    mean_x, mean_y = around(x) / number, around(y) / number
    xx, yy = around(x * x) / number - mean_x**2, around(y * y) / number - mean_y**2
    xy = around(x * y) / number - mean_x * mean_y
    # The greater principal axis of [[xx, xy], [xy, yy]] lies at half of this angle; the normal is square to it.
    tangent = 0.5 * np.arctan2(2 * xy, xx - yy)
    fitted = np.stack([-np.sin(tangent), np.cos(tangent)], axis=-1)
    outward = np.stack([around(normals[:, 0]), around(normals[:, 1])], axis=-1)
    outward /= np.linalg.norm(outward, axis=-1, keepdims=True)
    agreement = np.einsum("ij,ij->i", fitted, outward)
    fitted *= np.sign(agreement)[:, None]
    # Where there are too few points for a line, or it runs across the edge, the mean gradient is all there is.
    line = (number >= 4) & (np.abs(agreement) > np.cos(_SAME_SIDE))
    return np.where(line[:, None], fitted, outward)


def _gradient(height: NDArray[np.float32], sigma: float, cell: float) -> tuple[NDArray, NDArray]:
    smooth = cv2.GaussianBlur(height, (0, 0), sigma)
    half = np.array([[-0.5, 0.0, 0.5]]) / cell
    return cv2.filter2D(smooth, cv2.CV_32F, half), cv2.filter2D(smooth, cv2.CV_32F, half.T)


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Antipodal pairs of edge points."""

    center: NDArray[np.float64]
    """(N, 2) midpoint, x, y in the frame of the table, metres."""
    axis: NDArray[np.float64]
    """(N, 2) unit vector from one to the other."""
    width: NDArray[np.float64]
    """(N,) distance, metres."""
    friction: NDArray[np.float64]
    """(N,) least coefficient of friction with which each lies in the other's friction cone."""
    labels: NDArray[np.int32]
    """(N,) object they belong to."""

    def __len__(self) -> int:
        return len(self.center)

    def __getitem__(self, index: NDArray) -> Pairs:
        return Pairs(self.center[index], self.axis[index], self.width[index], self.friction[index], self.labels[index])


def antipodal_pairs(edges: Edges, max_width: float, rng: np.random.Generator, options: AntipodalOptions) -> Pairs:
    """All pairs of edges of one object that face away from each other within the friction cone.

    A pair (u, v) is antipodal for friction mu if the angles between the outward normals and the line
    through u and v are at most arctan(mu) on both sides. Where Algorithm 1 draws pairs at random until it has
    M, all pairs nearer than `max_width` are looked at here; the friction grows in the same way.
    """
    points, normals, labels = edges.points, edges.normals, edges.labels
    if len(points) > _MAX_EDGES:
        chosen = np.sort(rng.choice(len(points), _MAX_EDGES, replace=False))
        points, normals, labels = points[chosen], normals[chosen], labels[chosen]
    pairs = np.empty((0, 2), np.intp)
    if len(points) > 1:
        pairs = cKDTree(points).query_pairs(max_width, output_type="ndarray")
    first, second = np.ascontiguousarray(pairs.T)
    same = labels[first] == labels[second]
    first, second = first[same], second[same]
    (x, y), (nx, ny) = points.T, normals.T
    dx, dy = x[second] - x[first], y[second] - y[first]
    width = np.maximum(np.hypot(dx, dy), 1e-9)
    cosine = np.minimum(-nx[first] * dx - ny[first] * dy, nx[second] * dx + ny[second] * dy) / width
    friction = np.sqrt(np.maximum(1 - cosine**2, 0)) / np.maximum(cosine, 1e-6)

    limit = options.friction
    while (friction <= limit).sum() < options.samples and limit < options.max_friction - 1e-9:
        limit = min(limit + options.friction_step, options.max_friction)
    kept = np.flatnonzero(friction <= limit)
    first, second = first[kept], second[kept]
    # The jaws are flat: they turn to lie against both sides, so they close along the normals' bisector.
    axis = normals[second] - normals[first]
    axis /= np.linalg.norm(axis, axis=-1, keepdims=True)
    width = np.abs(dx[kept] * axis[:, 0] + dy[kept] * axis[:, 1])
    return Pairs((points[first] + points[second]) / 2, axis, width, friction[kept], labels[first])


def thin_out(pairs: Pairs, cell: float, count: int, rng: np.random.Generator) -> Pairs:
    """At most `count` pairs: the best of those with nearly the same centre and axis, then a random choice."""
    turn = np.pi / 16
    angle = np.rint(np.arctan2(pairs.axis[:, 1], pairs.axis[:, 0]) / turn).astype(np.int64) % 16
    column, row = np.rint(pairs.center / (2 * cell)).astype(np.int64).T
    key = ((row - row.min(initial=0)) * 4096 + (column - column.min(initial=0))) * 16 + angle
    order = np.lexsort((pairs.friction, key))
    first = np.ones(len(order), bool)
    first[1:] = key[order][1:] != key[order][:-1]
    kept = np.sort(order[first])
    if len(kept) > count:
        kept = np.sort(rng.choice(kept, count, replace=False))
    return pairs[kept]
