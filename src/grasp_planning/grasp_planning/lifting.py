"""From a rectangle in an image to a pose in the camera frame, and on to the robot's base frame.

The rectangle lies on the object's surface: its centre is the point of the surface that the camera sees there, and
its closing axis and opening are those of the plane through this point that is square to the approach. The tips
go further, by the insertion. No step takes the camera to look straight down.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from grasp_perception.camera import CameraIntrinsics
from grasp_perception.frame import RGBDFrame
from grasp_perception.outcomes import Outcome, OutcomeError
from grasp_perception.table import TablePlane
from grasp_perception.transform import Transform
from grasp_planning.grasps import Grasp, GraspCandidate, GraspRectangle, wrap_half_turn
from grasp_planning.gripper import Gripper

DOWN = np.array([0.0, 0.0, -1.0])
"""Approach of a vertical grasp in the base frame."""


def surface_depth(frame: RGBDFrame, x: float, y: float, radius: float = 2.0) -> float:
    """Depth of the surface at a pixel: the median of the valid ones around it.

    Args:
        frame: What the camera saw.
        x: Column.
        y: Row.
        radius: Half the side of the window, px.

    Returns:
        Planar depth, metres.

    Raises:
        OutcomeError: BAD_DEPTH, the pixel lies outside the image or nothing around it was measured.
    """
    rows, columns = frame.depth.shape
    if not (-0.5 <= x < columns - 0.5 and -0.5 <= y < rows - 0.5):
        raise OutcomeError(
            Outcome.BAD_DEPTH, f"the grasp at pixel ({x:.1f}, {y:.1f}) lies outside the {columns}x{rows} image"
        )
    top, left = max(0, round(y - radius)), max(0, round(x - radius))
    window = frame.depth[top : round(y + radius) + 1, left : round(x + radius) + 1]
    valid = window[np.isfinite(window)]
    if not len(valid):
        raise OutcomeError(
            Outcome.BAD_DEPTH, f"no depth was measured within {radius:.0f} px of the grasp at pixel ({x:.1f}, {y:.1f})"
        )
    return float(np.median(valid))


def lift(
    rectangle: GraspRectangle,
    frame: RGBDFrame,
    gripper: Gripper,
    *,
    insertion: float = 0.010,
    approach: ArrayLike = (0.0, 0.0, 1.0),
    table: TablePlane | None = None,
    clearance: float = 0.003,
) -> GraspCandidate:
    """The grasp that a rectangle means.

    Args:
        rectangle: Where the grasp was seen.
        frame: The frame it was seen in.
        gripper: Its openings bound the grasp's width.
        insertion: How far the tips go past the surface, metres.
        approach: (3,) direction in the camera frame, of any length; the table's normal reversed makes a
            camera that is tilted irrelevant.
        table: If given, the tips stay `clearance` above it, with less insertion.
        clearance: Metres.

    Returns:
        The candidate, in the camera frame.

    Raises:
        OutcomeError: BAD_DEPTH, see `surface_depth`.
        ValueError: The approach does not point away from the camera.
    """
    toward = np.asarray(approach, dtype=np.float64)
    toward = toward / np.linalg.norm(toward)
    center = np.array([rectangle.x, rectangle.y])
    surface = frame.intrinsics.deproject(center, surface_depth(frame, rectangle.x, rectangle.y))
    if not toward @ surface > 0:
        raise ValueError(f"the approach {toward} does not point away from the camera at {surface}")

    # Rays through the jaws meet the plane through the surface point that is square to the approach.
    rays = frame.intrinsics.deproject(rectangle.jaw_centers, np.ones(2))
    jaws = rays * ((toward @ surface) / (rays @ toward))[:, None]
    closing = jaws[1] - jaws[0]
    width = float(np.linalg.norm(closing))
    x = closing / width
    if table is not None:
        # Along the approach the height falls by -normal.toward a metre.
        fall = float(-table.normal @ toward)
        if fall > 1e-6:
            insertion = min(insertion, (float(table.height(surface)) - clearance) / fall)
    pose = Transform.from_axes(x, toward, surface + insertion * toward)
    width = float(np.clip(width, gripper.min_opening, gripper.max_opening))
    return GraspCandidate(pose, width, rectangle.quality, rectangle, insertion)


def project(
    pose: Transform,
    width: float,
    insertion: float,
    intrinsics: CameraIntrinsics,
    *,
    jaw_width: float,
    quality: float = 1.0,
) -> GraspRectangle:
    """The rectangle as which a grasp is seen: the inverse of `lift`.

    Args:
        pose: camera_from_tool.
        width: Opening, metres.
        insertion: How far the tips are past the surface, metres.
        intrinsics: Of the image.
        jaw_width: Size of a finger across the closing axis, metres.
        quality: Of the grasp.
    """
    points = np.array(
        [[0, 0, 0], [-width / 2, 0, 0], [width / 2, 0, 0], [0, -jaw_width / 2, 0], [0, jaw_width / 2, 0]]
    ) - [0, 0, insertion]
    center, first, second, near, far = intrinsics.project(pose.apply(points))
    closing = second - first
    return GraspRectangle(
        x=float(center[0]),
        y=float(center[1]),
        angle=wrap_half_turn(float(np.arctan2(closing[1], closing[0]))),
        width=float(np.hypot(*closing)),
        height=float(np.hypot(*(far - near))),
        quality=quality,
    )


def to_base(candidate: GraspCandidate, base_from_camera: Transform, planner_name: str, vertical: bool = True) -> Grasp:
    """A candidate in the robot's base frame.

    Args:
        candidate: In the camera frame.
        base_from_camera: Pose of the camera.
        planner_name: Who proposed it.
        vertical: Turn the tool so that it comes straight down: the closing axis is projected onto the horizontal
            plane and the tool is tilted about the point where it meets the surface, so the tips end straight
            below that point, as deep as before.

    Raises:
        ValueError: `vertical`, and the closing axis itself is within 30° of vertical.
    """
    pose = base_from_camera @ candidate.pose
    if vertical:
        pose = _upright(pose, candidate.insertion)
    return Grasp(pose, candidate.width, candidate.quality, planner_name, candidate.rectangle)


def _upright(pose: Transform, insertion: float) -> Transform:
    closing: NDArray[np.float64] = pose.rotation[:, 0] * [1.0, 1.0, 0.0]
    length = float(np.linalg.norm(closing))
    if length < 0.5:
        steep = np.round(pose.rotation[:, 0], 3).tolist()
        raise ValueError(f"the closing axis {steep} is too near the vertical for a grasp from above")
    x = closing / length
    surface = pose.apply([0.0, 0.0, -insertion])
    return Transform.from_axes(x, DOWN, surface + insertion * DOWN)
