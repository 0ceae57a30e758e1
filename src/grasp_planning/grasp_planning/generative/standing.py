"""Where things stand on a table, for planners that would otherwise see grasps on an empty one."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from grasp_perception.frame import RGBDFrame
from grasp_perception.outcomes import Outcome
from grasp_perception.table import TablePlane
from grasp_planning.cut_objects import cut_by_border
from grasp_planning.gaps import close_gaps
from grasp_planning.planner import NoGraspFound

_MIN_AREA = 4e-5
"""m², of all that stands together; less is noise."""


@dataclass(frozen=True, slots=True)
class Square:
    """One of those that are shown to a network."""

    center: tuple[float, float]
    """x, y, px."""
    own: tuple[float, float, float, float]
    """Left, top, right, bottom of what is nearer to its centre than to another's, px: grasps there are its own, as
    other squares may cut off the thing under them. Infinite where there is no other."""


@dataclass(frozen=True, slots=True, eq=False)
class Standing:
    """What stands on the table in a frame."""

    mask: NDArray[np.bool_]
    """(H, W) where the centre of a grasp may lie: on things, and in gaps that the gripper spans."""
    box: tuple[float, float, float, float]
    """Around the things: left, top, right, bottom, px."""
    ground: NDArray[np.float32]
    """(H, W) depth of the empty table along the optical axis, m."""
    table_depth: float
    """Of it, behind the middle of the things."""
    overlap: float
    """Of squares that lie side by side, px: what the gripper can hold, and as much beside it, is whole in one."""

    def squares(self, side: int) -> list[Square]:
        """As few as cover the things and overlap, evenly spread.

        Args:
            side: Of a square, px.
        """
        left, top, right, bottom = self.box
        overlap = min(self.overlap, side / 2)
        across, down = _middles(left, right, side, overlap), _middles(top, bottom, side, overlap)
        return [
            Square((x, y), (first, above, last, below))
            for y, above, below in _nearest(down)
            for x, first, last in _nearest(across)
        ]


def find_standing(
    frame: RGBDFrame,
    table: TablePlane,
    *,
    min_height: float,
    opening: float,
    skip_cut: bool = True,
    roi: NDArray[np.bool_] | None = None,
) -> Standing:
    """What stands on a table.

    Args:
        frame: What the camera saw.
        table: The table in it.
        min_height: What is lower is table, m.
        opening: The gripper's, m.
        skip_cut: Leave alone what the image's border cuts off, in the roi or outside it.
        roi: (H, W) where grasps may lie besides; None = everywhere.

    Raises:
        NoGraspFound: NO_OBJECT, there is nothing.
    """
    intrinsics = frame.intrinsics
    ground = table.depth_image(intrinsics)
    seen = (np.float32(table.offset) * (1 - frame.depth / ground) > min_height).astype(np.uint8)  # NaN is not
    seen = cv2.morphologyEx(seen, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    focal = float(np.sqrt(intrinsics.fx * intrinsics.fy))
    left_alone = 0
    if skip_cut:
        seen, left_alone = _whole(seen, roi, table.offset / focal)
    if roi is not None:
        seen &= roi
    distance = float(np.median(frame.depth[seen > 0])) if seen.any() else table.offset
    pixel = distance / focal
    if np.count_nonzero(seen) * pixel**2 < _MIN_AREA:
        where = "" if roi is None else " in the region of interest"
        but = f", but for {left_alone} things that the image's border cuts off" if left_alone else ""
        raise NoGraspFound(
            Outcome.NO_OBJECT, f"nothing stands more than {min_height * 1e3:.0f} mm above the table{where}{but}"
        )
    rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
    mask = close_gaps(seen > 0, opening / pixel)
    if roi is not None:
        mask &= roi
    middle = ((rows[0] + rows[-1]) // 2, (columns[0] + columns[-1]) // 2)
    box = float(columns[0]), float(rows[0]), float(columns[-1]), float(rows[-1])
    return Standing(mask, box, ground, float(ground[middle]), 2 * opening / pixel)


def _whole(seen: NDArray[np.uint8], roi: NDArray[np.bool_] | None, pixel: float) -> tuple[NDArray[np.uint8], int]:
    """What the border does not cut off of what is seen, and how many things in the roi it does.

    Args:
        seen: (H, W) not 0 where something stands, inside the roi and outside it.
        roi: (H, W); None = everywhere.
        pixel: Size of one on the table, m.
    """
    _, labels, stats, _ = cv2.connectedComponentsWithStats(seen)
    cut = cut_by_border(labels, stats, pixel)
    wanted = labels if roi is None else labels[roi]
    large = stats[:, cv2.CC_STAT_AREA] * pixel**2 >= _MIN_AREA
    return seen * ~cut[labels], int(np.count_nonzero((cut & large)[np.unique(wanted)]))


def _middles(low: float, high: float, side: int, overlap: float) -> list[float]:
    """Middles of as few intervals as cover one from low to high, and overlap."""
    length = high - low + 1
    if length <= side:
        return [(low + high) / 2]
    count = int(np.ceil((length - overlap) / (side - overlap)))
    return np.linspace(low + side / 2, high - side / 2, count).tolist()


def _nearest(middles: list[float]) -> list[tuple[float, float, float]]:
    """Each, and from where to where none of the others is nearer."""
    between = [-np.inf, *((np.array(middles[1:]) + middles[:-1]) / 2).tolist(), np.inf]
    return list(zip(middles, between, between[1:]))
