"""From a frame to the grasps that the robot may try: mask, plan, lift, filter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from grasp_perception.frame import RGBDFrame
from grasp_perception.outcomes import Outcome
from grasp_perception.transform import Transform
from grasp_planning.filters import keep_feasible
from grasp_planning.gaps import close_gaps
from grasp_planning.grasps import Grasp
from grasp_planning.gripper import Gripper
from grasp_planning.lifting import to_base
from grasp_planning.planner import GraspPlanner, NoGraspFound
from grasp_planning.workcell import WorkCell

MARGIN = 0.01
"""The mask reaches this far beyond the workspace, metres: what is just outside is refused with that reason."""
_ABOVE = 0.003
"""Points less than this above the table are table, metres."""
_FLOOR = 0.05
"""Points more than this below the table are no table, metres."""


def workspace_mask(
    frame: RGBDFrame,
    base_from_camera: Transform,
    workcell: WorkCell,
    gripper: Gripper,
    roi: NDArray[np.bool_] | None = None,
) -> NDArray[np.bool_]:
    """Pixels at which a grasp may lie: of things that stand on the table inside the workspace.

    Holes in things, narrower than the gripper's opening, belong to them: the centre of a grasp may lie there.

    Returns:
        (H, W) True where the point seen is above the table and inside the workspace box, and in `roi` (H, W) if given.
    """
    x, y, z = (_coordinate(frame, base_from_camera, axis) for axis in range(3))
    low, high = np.array(workcell.workspace.min) - MARGIN, np.array(workcell.workspace.max) + MARGIN
    inside = (x >= low[0]) & (x <= high[0]) & (y >= low[1]) & (y <= high[1])  # False for NaN
    above = inside & (z > workcell.table_height + _ABOVE)
    focal = float(np.sqrt(frame.intrinsics.fx * frame.intrinsics.fy))
    distance = float(np.median(frame.depth[above])) if above.any() else 1.0
    allowed = inside if roi is None else inside & roi
    return close_gaps(above, gripper.max_opening * focal / distance) & allowed


def near_mask(
    frame: RGBDFrame, base_from_camera: Transform, point: tuple[float, float], radius: float
) -> NDArray[np.bool_]:
    """(H, W) True where what is seen lies within a radius of a point of the base frame, seen from above, metres."""
    x, y = (_coordinate(frame, base_from_camera, axis) - np.float32(point[axis]) for axis in range(2))
    return x * x + y * y <= radius * radius  # False for NaN


def without_floor(frame: RGBDFrame, base_from_camera: Transform, workcell: WorkCell) -> RGBDFrame:
    """The frame with unknown depth (NaN) where it shows what lies far below the table.

    Planners take the plane that fills most of an image for the table; beside a small one, that is the floor.
    """
    below = _coordinate(frame, base_from_camera, 2) < workcell.table_height - _FLOOR  # False for NaN
    return replace(frame, depth=np.where(below, np.float32(np.nan), frame.depth)) if below.any() else frame


def _coordinate(frame: RGBDFrame, base_from_camera: Transform, axis: int) -> NDArray[np.float32]:
    """(H, W) x, y or z in the base frame of what each pixel shows, m; NaN where that is not known."""
    intrinsics = frame.intrinsics
    column = ((np.arange(intrinsics.width) - intrinsics.cx) / intrinsics.fx).astype(np.float32)
    row = ((np.arange(intrinsics.height) - intrinsics.cy) / intrinsics.fy).astype(np.float32)
    # It is the depth times the sum of a term of the column and one of the row.
    x, y, z = base_from_camera.rotation[axis].astype(np.float32)
    return frame.depth * (x * column[None, :] + (y * row + z)[:, None]) + np.float32(base_from_camera.translation[axis])


def plan_in_base(
    planner: GraspPlanner,
    name: str,
    frame: RGBDFrame,
    base_from_camera: Transform,
    workcell: WorkCell,
    *,
    roi: NDArray[np.bool_] | None = None,
    max_grasps: int = 1,
    candidates: int = 20,
    tracked: bool = False,
    reachable: Callable[[Grasp], bool] | None = None,
) -> list[Grasp]:
    """Grasps in the base frame that the robot may try, best first.

    Args:
        planner: Proposes candidates.
        name: Its name.
        frame: What the camera saw.
        base_from_camera: Where the camera was.
        workcell: Workspace, table, reach.
        roi: (H, W) where grasps may lie besides; None = everywhere.
        max_grasps: At most so many are returned.
        candidates: So many are asked of the planner, at least, because the filters refuse some.
        tracked: See `GraspPlanner.plan`.
        reachable: See `filters.keep_feasible`.

    Raises:
        NoGraspFound: The planner's reason; NO_OBJECT, nothing stands in the workspace; or NO_GRASP, no candidate can
            be made one from above.
        OutcomeError: OUTSIDE_WORKSPACE, BELOW_TABLE, OUT_OF_REACH: no candidate passes the filters.
    """
    planner.quality_map = None  # that of an earlier frame must not pass for this one's
    mask = None
    if frame.valid.any():  # otherwise the planner says what is wrong
        mask = workspace_mask(frame, base_from_camera, workcell, planner.gripper, roi)
        if not mask.any():
            where = "the workspace" if roi is None else "the part of the workspace that was asked for"
            raise NoGraspFound(Outcome.NO_OBJECT, f"nothing stands on the table in {where}")
        frame = without_floor(frame, base_from_camera, workcell)
    proposed = planner.plan(frame, roi=mask, max_grasps=max(max_grasps, candidates), tracked=tracked)
    grasps: list[Grasp] = []
    steep: ValueError | None = None
    for candidate in proposed:
        try:
            grasps.append(to_base(candidate, base_from_camera, name))
        except ValueError as error:
            steep = error
    if steep is not None and not grasps:
        raise NoGraspFound(Outcome.NO_GRASP, f"none of {len(proposed)} grasps is one from above: {steep}")
    return keep_feasible(grasps, workcell, planner.gripper, reachable)[:max_grasps]
