"""All checks in their order."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from grasp_perception.camera import CameraIntrinsics
from grasp_perception.doctor.color import check_color
from grasp_perception.doctor.depth_image import check_grain, check_holes, check_range, check_units
from grasp_perception.doctor.finding import Finding, Level
from grasp_perception.doctor.geometry import check_intrinsics, check_table
from grasp_perception.frame import RGBDFrame
from grasp_perception.transform import Transform


def diagnose(
    image: RGBDFrame | NDArray,
    intrinsics: CameraIntrinsics | None = None,
    *,
    color: NDArray[np.uint8] | None = None,
    base_from_camera: Transform | None = None,
    table_height: float = 0.0,
    seed: int = 0,
) -> list[Finding]:
    """Examine one look of a camera that is meant to see a table from above.

    Args:
        image: A frame; or a depth image as it was stored (H, W): uint16 in millimetres, or floating in
            metres, which is checked too.
        intrinsics: Of a depth image that is no frame; without them nothing is said about angles and sizes.
        color: (H, W, 3) RGB that belongs to a depth image that is no frame.
        base_from_camera: Where the camera is mounted; then the table is checked against it.
        table_height: z of the table's surface in the base frame, metres; only used with `base_from_camera`.
        seed: Of the random draws of the plane fit.

    Returns:
        Findings in the order of the checks; at least one for each check that could be made.
    """
    raw: NDArray = np.asarray(image.depth if isinstance(image, RGBDFrame) else image)
    if isinstance(image, RGBDFrame):
        intrinsics, color = image.intrinsics, image.color
    findings, depth = check_units(raw, stored=not isinstance(image, RGBDFrame))
    if depth is not None:
        findings += check_holes(depth)
        if np.isfinite(depth).any():
            findings += check_range(depth)
            findings += check_grain(depth)
    if intrinsics is None:
        findings.append(
            Finding(
                Level.WARNING,
                "intrinsics",
                "no intrinsics were given: angles, sizes and the table were not checked",
                "give the camera's intrinsics",
            )
        )
    else:
        size = raw.shape if raw.ndim == 2 else None
        findings += check_intrinsics(intrinsics, size)
        if depth is not None and depth.shape == (intrinsics.height, intrinsics.width):
            findings += check_table(
                intrinsics.deproject_image(depth), np.random.default_rng(seed), base_from_camera, table_height
            )
    if color is not None:
        findings += check_color(color, raw.shape[:2])
    return findings
