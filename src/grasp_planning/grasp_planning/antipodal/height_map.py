"""The depth image as it would be seen straight from above: heights on a metric grid over the table.

Algorithm 1 takes the camera to look straight down and far away. Here the depth image is first turned into
heights over the table, so that any tilt and perspective of the camera, at any distance, give the same edges,
widths and collisions.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from grasp_perception.camera import CameraIntrinsics
from grasp_perception.table import TablePlane
from grasp_perception.transform import Transform

Floats = NDArray[np.float32]


def table_frame(plane: TablePlane) -> Transform:
    """camera_from_table: z into the table, x and y in its surface along the image's; origin below the camera."""
    z = -plane.normal
    x = np.array([1.0, 0.0, 0.0]) - z[0] * z
    x /= np.linalg.norm(x)
    return Transform.from_axes(x, z, -plane.offset * plane.normal)


@dataclass(frozen=True, slots=True, eq=False)
class Surface:
    """Every pixel's point in the frame of the table."""

    x: Floats
    """(H, W) metres; NaN where the depth is invalid."""
    y: Floats
    """(H, W) metres."""
    height: Floats
    """(H, W) above the table, metres (-z)."""
    camera_height: float
    """Of the camera above the table, metres."""
    pixel: float
    """Size of a pixel on the table below the camera, metres."""
    camera_from_table: Transform
    intrinsics: CameraIntrinsics

    @classmethod
    def from_depth(cls, depth: Floats, intrinsics: CameraIntrinsics, plane: TablePlane) -> Surface:
        """Deproject a whole (H, W) depth image in metres.

        With p = depth * ray and rays linear in column and row, each coordinate is depth times the sum of
        a function of the column and one of the row.
        """
        frame = table_frame(plane)
        column = ((np.arange(intrinsics.width) - intrinsics.cx) / intrinsics.fx).astype(np.float32)
        row = ((np.arange(intrinsics.height) - intrinsics.cy) / intrinsics.fy).astype(np.float32)
        x, y, z = (
            depth * (axis[0] * column[None, :] + (axis[1] * row + axis[2])[:, None])
            for axis in frame.rotation.T.astype(np.float32)
        )
        focal = float(np.sqrt(intrinsics.fx * intrinsics.fy))
        return cls(x, y, np.float32(plane.offset) - z, plane.offset, plane.offset / focal, frame, intrinsics)


@dataclass(frozen=True, slots=True, eq=False)
class HeightMap:
    """Heights over a part of the table."""

    height: Floats
    """(R, C) highest point seen over each cell, metres above the table; +inf where nothing is known."""
    origin: NDArray[np.float64]
    """(2,) x, y of the centre of cell (row 0, column 0) in the frame of the table, metres."""
    cell: float
    """Side of a cell, metres."""
    camera_from_table: Transform

    @property
    def known(self) -> NDArray[np.bool_]:
        """(R, C) False where the camera could not measure."""
        return np.isfinite(self.height)

    def positions(self, cells: NDArray) -> NDArray[np.float64]:
        """(..., 2) x, y in the frame of the table of (..., 2) cells (column, row), which may be fractional."""
        return self.origin + np.asarray(cells) * self.cell

    def cells(self, positions: NDArray) -> NDArray[np.float64]:
        """(..., 2) fractional cells (column, row) of (..., 2) x, y in the frame of the table."""
        return (np.asarray(positions) - self.origin) / self.cell

    def index(self, x: NDArray, y: NDArray) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Rows and columns of the cells that hold the points, clipped to the map."""
        column = np.rint((x - self.origin[0]) / self.cell).astype(np.intp)
        row = np.rint((y - self.origin[1]) / self.cell).astype(np.intp)
        return row.clip(0, self.height.shape[0] - 1), column.clip(0, self.height.shape[1] - 1)


def rasterize(surface: Surface, bounds: NDArray[np.float64], cell: float) -> HeightMap:
    """The height map of a rectangle of the table.

    A cell holds the highest of the points that fall into it. Of the cells that get none,

    - gaps of sampling (most neighbours are known) take their lowest neighbour,
    - those over which the camera's view is blocked by something nearer (the shadow of an object) take the
      height of what is seen behind them along the line of sight: nothing else is known of them,
    - those that the camera looked at without measuring, or did not look at, are unknown.

    Args:
        surface: The points.
        bounds: (2, 2) least and greatest x, y in the frame of the table, metres.
        cell: Side of a cell, metres.
    """
    columns, rows = np.ceil((bounds[1] - bounds[0]) / cell).astype(int) + 1
    column = np.rint((surface.x - np.float32(bounds[0, 0])) * np.float32(1 / cell))
    row = np.rint((surface.y - np.float32(bounds[0, 1])) * np.float32(1 / cell))
    inside = (column >= 0) & (column < columns) & (row >= 0) & (row < rows)  # False for NaN
    flat = row[inside].astype(np.int32) * columns + column[inside].astype(np.int32)
    grid = np.full(rows * columns, -np.inf, np.float32)
    np.maximum.at(grid, flat, surface.height[inside])
    grid = grid.reshape(rows, columns)
    grid = _fill_gaps(grid)
    grid = _fill_shadows(grid, surface, bounds[0], cell)
    return HeightMap(grid, bounds[0].astype(np.float64), cell, surface.camera_from_table)


def _fill_gaps(grid: Floats) -> Floats:
    """Give empty cells with at least 5 known neighbours the least of these."""
    row, column = np.nonzero(np.isneginf(grid))
    padded = np.pad(grid, 1, constant_values=-np.inf)
    around = np.stack([padded[row + 1 + i, column + 1 + j] for i in (-1, 0, 1) for j in (-1, 0, 1) if (i, j) != (0, 0)])
    empty = np.isneginf(around)
    few = empty.sum(axis=0) <= 3
    lowest = np.where(empty, np.float32(np.inf), around).min(axis=0)
    grid = grid.copy()
    grid[row[few], column[few]] = lowest[few]
    return grid


def _fill_shadows(grid: Floats, surface: Surface, origin: NDArray[np.float64], cell: float) -> Floats:
    """Give the remaining empty cells what is seen behind them, or +inf where nothing was measured."""
    row, column = np.nonzero(np.isneginf(grid))
    x, y = origin[0] + column * cell, origin[1] + row * cell
    pixels = surface.intrinsics.project(surface.camera_from_table.apply(np.stack([x, y, 0 * x], axis=-1)))
    pixels = np.rint(np.nan_to_num(pixels, nan=-1.0)).astype(np.intp)
    height, width = surface.height.shape
    seen = (pixels[:, 0] >= 0) & (pixels[:, 0] < width) & (pixels[:, 1] >= 0) & (pixels[:, 1] < height)
    seen[seen] = np.isfinite(surface.height[pixels[seen, 1], pixels[seen, 0]])
    grid[row[~seen], column[~seen]] = np.inf

    # March away from the foot of the camera until something is known.
    row, column, x, y = row[seen], column[seen], x[seen], y[seen]
    away = np.maximum(np.hypot(x, y), 1e-9)
    dx, dy = x / away, y / away
    value = np.full(len(row), -np.inf, np.float32)
    active = np.arange(len(row))
    for step in range(1, math.ceil(math.hypot(*grid.shape))):
        if not len(active):
            break
        r = np.rint(row[active] + step * dy[active]).astype(np.intp)
        c = np.rint(column[active] + step * dx[active]).astype(np.intp)
        within = (r >= 0) & (r < grid.shape[0]) & (c >= 0) & (c < grid.shape[1])
        value[active[~within]] = 0.0
        active, r, c = active[within], r[within], c[within]
        value[active] = grid[r, c]
        active = active[np.isneginf(value[active])]
    filled = grid.copy()
    filled[row, column] = np.where(np.isneginf(value), 0.0, value)
    return filled
