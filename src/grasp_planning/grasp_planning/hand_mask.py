"""Where a camera sees the robot's own hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from grasp_perception.camera import CameraIntrinsics
from grasp_perception.frame import RGBDFrame
from grasp_perception.transform import Transform
from grasp_planning.gripper import Gripper

SLACK = 0.004
"""By which the hand is taken to be larger than its boxes, metres: calibration, noise, mixed pixels at its edges."""
BEHIND = 0.15
"""What lies this far behind the fingers' roots, as broad as the palm, is the arm, metres."""


def without_hand(frame: RGBDFrame, camera_from_tool: Transform, gripper: Gripper) -> RGBDFrame:
    """The frame with unknown depth (NaN) where the gripper is seen, its fingers open.

    What is between open fingers stays; an object that nearly fills them may lose its edges.

    Args:
        frame: What the camera saw.
        camera_from_tool: Where the tool frame was then.
        gripper: Its geometry.
    """
    boxes = _boxes(gripper)
    corners = np.concatenate([_corners(low, high) for low, high in boxes])
    window = _window(camera_from_tool.apply(corners), frame.intrinsics)
    if window is None:
        return frame
    rows, columns = window
    depth = frame.depth[rows, columns]
    k, tool_from_camera = frame.intrinsics, camera_from_tool.inverse()
    column = ((np.arange(columns.start, columns.stop) - k.cx) / k.fx).astype(np.float32)
    row = ((np.arange(rows.start, rows.stop) - k.cy) / k.fy).astype(np.float32)
    points = [
        depth * (axis[0] * column[None, :] + (axis[1] * row + axis[2])[:, None]) + np.float32(offset)
        for axis, offset in zip(tool_from_camera.rotation.astype(np.float32), tool_from_camera.translation)
    ]
    hand = np.zeros(depth.shape, bool)
    for low, high in boxes:
        inside = np.ones(depth.shape, bool)
        for value, least, greatest in zip(points, low, high):
            inside &= (value >= least) & (value <= greatest)
        hand |= inside
    if not hand.any():
        return frame
    cleared = frame.depth.copy()
    cleared[rows, columns][hand] = np.nan
    return replace(frame, depth=cleared)


def _boxes(gripper: Gripper) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Least and greatest corners of the fingers and of what is behind them, in the tool frame."""
    inner, outer = gripper.max_opening / 2, gripper.max_opening / 2 + gripper.finger_thickness
    half, root = gripper.finger_width / 2, -gripper.finger_length
    palm = np.array(gripper.palm_size) / 2
    boxes = [
        ([-outer, -half, root], [-inner, half, 0.0]),
        ([inner, -half, root], [outer, half, 0.0]),
        ([-palm[0], -palm[1], root - BEHIND], [palm[0], palm[1], root]),
    ]
    return [(np.array(low) - SLACK, np.array(high) + SLACK) for low, high in boxes]


def _corners(low: NDArray[np.float64], high: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.array([[x, y, z] for x in (low[0], high[0]) for y in (low[1], high[1]) for z in (low[2], high[2])])


def _window(corners: NDArray[np.float64], intrinsics: CameraIntrinsics) -> tuple[slice, slice] | None:
    """Rows and columns in which points (N, 3) of the camera frame may be seen; None if nowhere."""
    whole = slice(0, intrinsics.height), slice(0, intrinsics.width)
    in_front = corners[:, 2] > 0.01
    if not in_front.any():
        return None
    if not in_front.all():
        return whole
    pixels = intrinsics.project(corners)
    first = np.floor(pixels.min(axis=0)).astype(int).clip(0, None)
    last = np.ceil(pixels.max(axis=0)).astype(int) + 1
    columns = slice(first[0], min(int(last[0]), intrinsics.width))
    rows = slice(first[1], min(int(last[1]), intrinsics.height))
    return (rows, columns) if rows.start < rows.stop and columns.start < columns.stop else None
