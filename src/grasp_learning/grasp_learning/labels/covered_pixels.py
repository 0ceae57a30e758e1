"""Which pixels lie in the middle of which rectangle, for all rectangles of an image at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from grasp_learning.rectangles import GraspRectangles


@dataclass(frozen=True, slots=True, eq=False)
class CoveredPixels:
    """Pairs of a rectangle and a pixel in its middle, (P,) each."""

    grasp: NDArray[np.intp]
    """Index of the rectangle."""
    row: NDArray[np.intp]
    column: NDArray[np.intp]
    offset: NDArray[np.float64]
    """(P, 2) from the rectangle's centre, px (x, y)."""
    box: NDArray[np.float64]
    """(P, 2) place (x, y) in the axis-aligned box of the rectangle's pixels, from -1 at its first to 1 at its last."""


def covered_pixels(grasps: GraspRectangles, shape: tuple[int, ...], share: float) -> CoveredPixels:
    """Pixels whose centres lie in the middle of rectangles.

    Args:
        grasps: px; whole numbers are centres of pixels.
        shape: (H, W) of the image.
        share: Of the opening, about the centre; across it the whole jaw size counts.
    """
    half = np.stack([share * grasps.widths / 2, grasps.heights / 2], axis=1)
    c, s = np.abs(grasps.axes).T
    reach = np.stack([c * half[:, 0] + s * half[:, 1], s * half[:, 0] + c * half[:, 1]], axis=1)
    last = np.array([shape[1], shape[0]]) - 1
    low = np.clip(np.ceil(grasps.centers - reach), 0, last + 1).astype(np.intp)
    high = np.clip(np.floor(grasps.centers + reach), -1, last).astype(np.intp)
    size = np.maximum(high - low + 1, 0)

    grasp = np.repeat(np.arange(len(grasps)), size.prod(axis=1))
    within = np.arange(len(grasp)) - np.repeat(np.cumsum(size.prod(axis=1)) - size.prod(axis=1), size.prod(axis=1))
    row, column = np.divmod(within, np.maximum(size[grasp, 0], 1))
    column, row = column + low[grasp, 0], row + low[grasp, 1]

    offset = np.stack([column, row], axis=1) - grasps.centers[grasp]
    axis = grasps.axes[grasp]
    along = (offset * axis).sum(axis=1)
    across = offset[:, 1] * axis[:, 0] - offset[:, 0] * axis[:, 1]
    tolerance = 1e-9
    inside = (np.abs(along) <= half[grasp, 0] + tolerance) & (np.abs(across) <= half[grasp, 1] + tolerance)
    grasp, row, column, offset = grasp[inside], row[inside], column[inside], offset[inside]
    return CoveredPixels(grasp, row, column, offset, _place_in_box(grasp, row, column, len(grasps)))


def _place_in_box(
    grasp: NDArray[np.intp], row: NDArray[np.intp], column: NDArray[np.intp], count: int
) -> NDArray[np.float64]:
    """(P, 2) of each pixel in the box of those of its rectangle; 0 where that is one pixel wide."""
    places = []
    for values in (column, row):
        first, last = np.full(count, np.iinfo(np.intp).max), np.full(count, -1)
        np.minimum.at(first, grasp, values)
        np.maximum.at(last, grasp, values)
        extent = (last - first)[grasp]
        places.append(np.where(extent > 0, 2 * (values - first[grasp]) / np.maximum(extent, 1) - 1, 0.0))
    return np.stack(places, axis=1)
