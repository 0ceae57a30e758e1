"""Where the tool goes during a pick, and where it must never go."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from grasp_execution.motion.interface import Box, SceneObject
from grasp_perception.outcomes import Outcome, OutcomeError
from grasp_perception.transform import Transform
from grasp_planning.grasps import Grasp
from grasp_planning.gripper import Gripper
from grasp_planning.workcell import WorkCell

_SLACK = 1e-6
_HELD_CLEARANCE = 0.005


def approach_pose(grasp: Transform, workcell: WorkCell) -> Transform:
    """base_from_tool before the straight descent: backed off along the approach axis."""
    return Transform(grasp.rotation, grasp.translation - workcell.approach_distance * grasp.rotation[:, 2])


def lift_pose(grasp: Transform, workcell: WorkCell) -> Transform:
    """base_from_tool after the straight lift: above the grasp."""
    return Transform(grasp.rotation, grasp.translation + np.array([0.0, 0.0, workcell.lift_height]))


def release_poses(grasp: Transform, workcell: WorkCell) -> list[Transform]:
    """base_from_tool above the middle of the bin, pointing down; the ways to turn there, best first.

    The first keeps the angle between the closing axis and the direction to the base: an arm whose first
    joint is vertical then only turns that joint. The others are for arms that cannot.
    """
    center = np.array([*workcell.bin.center, workcell.table_height + workcell.bin.drop_height])
    turn = np.arctan2(center[1], center[0]) - np.arctan2(grasp.translation[1], grasp.translation[0])
    closing = grasp.rotation[:, 0]
    first = np.arctan2(closing[1], closing[0]) + turn
    radial = np.arctan2(center[1], center[0])
    return [_pointing_down(angle, center) for angle in (first, radial + np.pi / 2, radial)]


def _pointing_down(angle: float, position: np.ndarray) -> Transform:
    cos, sin = np.cos(angle), np.sin(angle)
    return Transform(np.array([[cos, sin, 0.0], [sin, -cos, 0.0], [0.0, 0.0, -1.0]]), position)


def held_object(grasp: Grasp, gripper: Gripper, workcell: WorkCell) -> SceneObject:
    """A box for what is between the fingers: as wide as the grasp, from the table to the palm.

    How far the object reaches along the fingers is not known; the box ends above the table that it
    is lifted from.
    """
    below = max(0.0, float(grasp.pose.translation[2]) - workcell.table_height - _HELD_CLEARANCE)
    above = gripper.finger_length - _HELD_CLEARANCE
    size = (min(grasp.width, gripper.max_opening), gripper.finger_width, above + below)
    center = Transform(np.eye(3), np.array([0.0, 0.0, (below - above) / 2]))
    return SceneObject("held object", Box(size), center, attached=True)


def check_width(grasp: Grasp, gripper: Gripper) -> None:
    """Check that the fingers open as wide as a grasp asks for.

    Raises:
        OutcomeError: NO_GRASP.
    """
    if not 0.0 < grasp.width <= gripper.max_opening + _SLACK:  # also refuses NaN
        raise OutcomeError(
            Outcome.NO_GRASP,
            f"the grasp of '{grasp.planner}' asks for an opening of {grasp.width * 1e3:.1f} mm, but the fingers open "
            f"by at most {gripper.max_opening * 1e3:.1f} mm; give the planner this gripper's file",
        )


def check_grasp(pose: Transform, workcell: WorkCell) -> None:
    """Check where the fingers close.

    Raises:
        OutcomeError: OUTSIDE_WORKSPACE or BELOW_TABLE.
    """
    check_height(pose, workcell, "the grasp")
    box = workcell.workspace
    x, y, z = map(float, pose.translation)
    if not box.contains((x, y, z)):
        raise OutcomeError(
            Outcome.OUTSIDE_WORKSPACE,
            f"the grasp at {_point(pose)} lies outside the workspace box from {box.min} to {box.max} m; move the "
            "object, or change `workspace` in the work cell's file",
        )


def check_around(pose: Transform, workcell: WorkCell, what: str) -> None:
    """Check a pose on the way to or from a grasp: over the workspace with a margin, or over the bin.

    Raises:
        OutcomeError: OUTSIDE_WORKSPACE or BELOW_TABLE.
    """
    check_height(pose, workcell, what)
    margin = workcell.approach_distance
    box, x, y = workcell.workspace, float(pose.translation[0]), float(pose.translation[1])
    over_workspace = box.min[0] - margin <= x <= box.max[0] + margin and box.min[1] - margin <= y <= box.max[1] + margin
    highest = box.max[2] + max(workcell.approach_distance, workcell.lift_height)
    if over_workspace and float(pose.translation[2]) <= highest + _SLACK:
        return
    if np.all(np.abs(pose.translation[:2] - workcell.bin.center) <= np.array(workcell.bin.size[:2]) / 2):
        return
    raise OutcomeError(
        Outcome.OUTSIDE_WORKSPACE, f"{what} at {_point(pose)} is neither over the workspace nor over the bin"
    )


def check_height(pose: Transform, workcell: WorkCell, what: str) -> None:
    """Check that the finger tips stay above the table.

    Raises:
        OutcomeError: BELOW_TABLE.
    """
    lowest = workcell.table_height + workcell.clearance
    if float(pose.translation[2]) < lowest - _SLACK:
        raise OutcomeError(
            Outcome.BELOW_TABLE,
            f"{what} at {_point(pose)} is less than the clearance of {workcell.clearance} m above the table at "
            f"{workcell.table_height} m",
        )


def describe(positions: Mapping[str, float]) -> str:
    """Joint positions in words."""
    return ", ".join(f"{name}={value:.3f}" for name, value in positions.items())


def _point(pose: Transform) -> str:
    x, y, z = pose.translation
    return f"({x:.3f}, {y:.3f}, {z:.3f})"
