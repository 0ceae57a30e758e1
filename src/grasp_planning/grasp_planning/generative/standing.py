"""Where things stand on a table, for planners that would otherwise see grasps on an empty one."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from grasp_perception.frame import RGBDFrame
from grasp_perception.outcomes import Outcome
from grasp_perception.table import TablePlane
from grasp_planning.planner import NoGraspFound

_STEP = 2
"""Every second pixel of every second row is looked at."""
_MIN_AREA = 4e-5
"""m², of all that stands together; less is noise."""


@dataclass(frozen=True, slots=True, eq=False)
class Standing:
    """What stands on the table in a frame."""

    mask: NDArray[np.bool_]
    """(H, W) where the centre of a grasp may lie: on things, and in gaps that the gripper spans."""
    box: tuple[float, float, float, float]
    """Around the things: left, top, right, bottom, px."""
    table_depth: float
    """Of the table behind the middle of the things, along the optical axis, m."""

    def windows(self, side: int | None) -> list[tuple[float, float]]:
        """Middles (x, y) of as few squares as cover the things, evenly spread.

        Args:
            side: Of a square, px; None = one square is large enough.
        """
        left, top, right, bottom = self.box
        return [(x, y) for y in _middles(top, bottom, side) for x in _middles(left, right, side)]


def find_standing(
    frame: RGBDFrame, table: TablePlane, min_height: float, opening: float, roi: NDArray[np.bool_] | None = None
) -> Standing:
    """What stands on a table.

    Args:
        frame: What the camera saw.
        table: The table in it.
        min_height: What is lower is table, m.
        opening: The gripper's, m.
        roi: (H, W) where grasps may lie besides; None = everywhere.

    Raises:
        NoGraspFound: NO_OBJECT, there is nothing.
    """
    intrinsics = frame.intrinsics
    coarse = frame.depth[::_STEP, ::_STEP]
    x = ((np.arange(0, intrinsics.width, _STEP) - intrinsics.cx) / intrinsics.fx).astype(np.float32)
    y = ((np.arange(0, intrinsics.height, _STEP) - intrinsics.cy) / intrinsics.fy).astype(np.float32)
    nx, ny, nz = table.normal.astype(np.float32)
    slope = (nx * x)[None, :] + (ny * y + nz)[:, None]  # of the height, for each metre of depth
    seen = (coarse * slope + np.float32(table.offset) > min_height).astype(np.uint8)  # NaN is not
    if roi is not None:
        seen &= roi[::_STEP, ::_STEP]
    seen = cv2.morphologyEx(seen, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
    focal = float(np.sqrt(intrinsics.fx * intrinsics.fy))
    distance = float(np.median(coarse[seen > 0])) if len(rows) else table.offset
    pixel = _STEP * distance / focal
    if np.count_nonzero(seen) * pixel**2 < _MIN_AREA:
        where = "" if roi is None else " in the region of interest"
        raise NoGraspFound(
            Outcome.NO_OBJECT, f"nothing stands more than {min_height * 1e3:.0f} mm above the table{where}"
        )
    size = max(1, round(opening / pixel)) | 1
    gaps = cv2.morphologyEx(
        cv2.copyMakeBorder(seen, size, size, size, size, cv2.BORDER_CONSTANT),
        cv2.MORPH_CLOSE,
        cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)),
    )[size:-size, size:-size]
    mask = cv2.resize(gaps, frame.depth.shape[::-1], interpolation=cv2.INTER_NEAREST) > 0
    if roi is not None:
        mask &= roi
    middle = ((rows[0] + rows[-1]) // 2, (columns[0] + columns[-1]) // 2)
    box = (_STEP * columns[0], _STEP * rows[0], _STEP * columns[-1], _STEP * rows[-1])
    return Standing(mask, tuple(float(edge) for edge in box), float(-table.offset / slope[middle]))  # type: ignore[arg-type]


def _middles(low: float, high: float, side: int | None) -> list[float]:
    """Middles of as few intervals as cover one from low to high."""
    extent = high - low + 1
    count = 1 if side is None else int(np.ceil(extent / side))
    if count == 1:
        return [(low + high) / 2]
    first, last = low + (side or 0) / 2, high - (side or 0) / 2
    return np.linspace(first, last, count).tolist()
