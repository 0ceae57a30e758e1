"""Holes in depth images, as a grasp planner should take them."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from grasp_perception.depth import inpaint_depth

SHADOW, MAX_HOLE = 4, 400


def fill_holes(depth: NDArray[np.float32], shadow: int = SHADOW, max_hole: int = MAX_HOLE) -> NDArray[np.float32]:
    """Fill what is likely to be known.

    Cameras with two eyes, or a projector, are blind in a thin rim beside each object, where only one of them sees
    the table: from f b (1/z_object - 1/z_table), 3 px for a thing of 3 cm in 0.6 m. Each pixel there takes the
    farthest depth beside it, so that the object keeps its edge. What is left of wider holes is interpolated if it is
    small, and stays unknown if it is not.

    Args:
        depth: (H, W) metres, NaN where invalid.
        shadow: Greatest distance of a pixel in a shadow from the next valid one, px.
        max_hole: Largest remaining hole that is interpolated, px of area.

    Returns:
        (H, W) metres, a new array.
    """
    invalid = ~np.isfinite(depth)
    if not invalid.any():
        return depth.copy()
    filled = np.where(invalid, np.float32(0), depth)
    for _ in range(shadow):
        filled = np.where(filled > 0, filled, cv2.dilate(filled, np.ones((3, 3), np.uint8)))
    filled[filled == 0] = np.nan
    return inpaint_depth(filled, max_hole)
