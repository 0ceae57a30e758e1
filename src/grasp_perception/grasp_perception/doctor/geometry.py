"""What depth and intrinsics tell together: the lens, the table, and what stands on it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from grasp_perception.camera import CameraIntrinsics
from grasp_perception.doctor.finding import Finding, Level
from grasp_perception.table import NoTableError, TablePlane, fit_table
from grasp_perception.transform import Transform

_SMALLEST_OBJECT = 150
"""px of area, about 16 mm square at 0.7 m; smaller ones are often flakes of badly filled depth."""
_HIGHEST_OBJECT = 0.3
"""Metres above the table; what is higher is a robot or a person."""


def check_intrinsics(intrinsics: CameraIntrinsics, size: tuple[int, ...] | None) -> list[Finding]:
    """Whether the intrinsics can be those of a depth image of `size` (H, W)."""
    camera = f"{intrinsics.width}x{intrinsics.height}"
    findings = []
    if size is not None and size != (intrinsics.height, intrinsics.width):
        message = f"they are of {camera} images, the depth image is {size[1]}x{size[0]}"
        remedy = "give the intrinsics of this resolution, or scale them"
        findings.append(Finding(Level.ERROR, "intrinsics", message, remedy))
    off_x = (intrinsics.cx - (intrinsics.width - 1) / 2) / intrinsics.width
    off_y = (intrinsics.cy - (intrinsics.height - 1) / 2) / intrinsics.height
    if max(abs(off_x), abs(off_y)) > 0.08:
        message = (
            f"the principal point ({intrinsics.cx:.1f}, {intrinsics.cy:.1f}) lies {abs(off_x):.0%} of the width and "
            f"{abs(off_y):.0%} of the height away from the middle"
        )
        level = Level.ERROR if max(abs(off_x), abs(off_y)) > 0.25 else Level.WARNING
        remedy = "right for a crop; else they are of another resolution, or cx and cy are exchanged"
        findings.append(Finding(level, "intrinsics", message, remedy))
    ratio = intrinsics.fx / intrinsics.fy
    if not 0.95 < ratio < 1.05:
        message = f"fx {intrinsics.fx:.1f} and fy {intrinsics.fy:.1f} differ by {abs(ratio - 1):.0%}: pixels are square"
        level = Level.WARNING if 0.8 < ratio < 1.25 else Level.ERROR
        findings.append(Finding(level, "intrinsics", message, "was the image resized without keeping its proportions?"))
    across = np.degrees(2 * np.arctan(intrinsics.width / 2 / intrinsics.fx))
    down = np.degrees(2 * np.arctan(intrinsics.height / 2 / intrinsics.fy))
    view = f"the view is {across:.0f}° wide and {down:.0f}° high"
    if not 20 < across < 120:
        message = f"{view}; depth cameras see 40° to 95°"
        remedy = "the focal length is in pixels of this resolution, not in millimetres or of another resolution"
        level = Level.WARNING if 8 < across < 140 else Level.ERROR
        findings.append(Finding(level, "intrinsics", message, remedy))
    return findings or [Finding(Level.OK, "intrinsics", f"{view}, with the principal point near the middle")]


def check_table(
    points: NDArray[np.float64],
    rng: np.random.Generator,
    base_from_camera: Transform | None = None,
    table_height: float = 0.0,
) -> list[Finding]:
    """Find the table in (H, W, 3) points, and say how the camera looks at it and what stands on it."""
    if not np.isfinite(points).any():
        return []
    try:
        table = fit_table(points[::3, ::3], rng)
    except NoTableError as error:
        return [Finding(Level.ERROR, "table", str(error), "point the camera at the table; check units and intrinsics")]
    tilt = np.degrees(table.tilt)
    message = (
        f"the camera is {table.offset:.3f} m above the table and looks at it {tilt:.1f}° off the vertical; "
        f"{table.share:.0%} of the points lie on it, flat to {table.residual * 1e3:.1f} mm"
    )
    if tilt > 45:
        finding = Finding(Level.ERROR, "table", message, "mount the camera above the table, looking down")
    elif tilt > 20:
        remedy = "planners of vertical grasps assume a camera that looks down; mount it steeper if you can"
        finding = Finding(Level.WARNING, "table", message, remedy)
    elif table.residual > 0.0035:
        remedy = "the table is bent, or the depth is: calibrate the depth camera, or leave the borders out"
        finding = Finding(Level.WARNING, "table", message, remedy)
    else:
        finding = Finding(Level.OK, "table", message)
    findings = [finding]
    if base_from_camera is not None:
        findings.append(_check_mount(table, base_from_camera, table_height))
    findings.append(_check_scene(table.height(points), table))
    return findings


def _check_mount(table: TablePlane, base_from_camera: Transform, table_height: float) -> Finding:
    """Whether the table is level, and where it should be, by the camera's pose."""
    up = base_from_camera.rotation @ table.normal
    lean = np.degrees(np.arccos(np.clip(up[2], -1, 1)))
    # The table below the camera's optical axis.
    seen = base_from_camera.apply([0.0, 0.0, -table.offset / table.normal[2]])
    message = (
        f"by the camera's pose the table leans {lean:.1f}° and lies at z = {seen[2] * 1e3:.0f} mm of the base "
        f"(expected {table_height * 1e3:.0f} mm)"
    )
    low = abs(seen[2] - table_height)
    if lean > 10 or low > 0.05:
        return Finding(Level.ERROR, "mount", message, "the pose in the camera file is wrong: calibrate it")
    if lean > 2 or low > 0.008:
        return Finding(Level.WARNING, "mount", message, "calibrate the pose in the camera file")
    return Finding(Level.OK, "mount", message)


def _check_scene(heights: NDArray[np.float64], table: TablePlane) -> Finding:
    """What stands on the table, given each pixel's height above it; things that touch count as one."""
    least = max(0.006, 3 * table.residual)
    raised = (heights > least) & (heights < _HIGHEST_OBJECT)
    raised = cv2.morphologyEx(raised.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    _, labels, statistics, _ = cv2.connectedComponentsWithStats(raised, connectivity=8)
    boxes = statistics[:, : cv2.CC_STAT_AREA]
    size = np.array(heights.shape[::-1])
    reaching = ((boxes[:, :2] <= 0) | (boxes[:, :2] + boxes[:, 2:4] >= size)).any(axis=1)
    large = statistics[:, cv2.CC_STAT_AREA] >= _SMALLEST_OBJECT
    large[0] = False  # label 0 is the table
    inside = np.flatnonzero(large & ~reaching).tolist()
    tall = [label for label in np.flatnonzero(large & reaching).tolist() if _height(heights, labels, label) > 0.03]
    remarks = ""
    if tall:
        remarks += f"; {_things(len(tall), 'reach')} into the view from its borders (a robot, a bin?)"
    beyond = float(np.mean(heights[np.isfinite(heights)] < -0.02))
    if beyond > 0.05:
        remarks += f"; {beyond:.0%} of the view lies below the table: leave it out of the region"
    if not inside:
        message = f"nothing that is wholly in view stands higher than {least * 1e3:.0f} mm on the table{remarks}"
        remedy = "put an object into the middle of the view; thinner ones cannot be told from the table"
        return Finding(Level.WARNING, "scene", message, remedy)
    highest = max(_height(heights, labels, label) for label in inside)
    message = f"{_things(len(inside), 'stand')} on the table, up to {highest * 1e3:.0f} mm high{remarks}"
    return Finding(Level.OK, "scene", message)


def _height(heights: NDArray[np.float64], labels: NDArray[np.int32], label: int) -> float:
    """Height of a region, metres; the very highest pixels are noise."""
    return float(np.nanpercentile(heights[labels == label], 98))


def _things(count: int, verb: str) -> str:
    return (
        f"one thing {verb}{'es' if verb.endswith('ch') else 's'}" if count == 1 else f"{count} separate things {verb}"
    )
