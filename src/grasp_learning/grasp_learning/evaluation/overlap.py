"""Intersection over union of grasp rectangles: exact, or counted in pixels as published evaluators do."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray
from skimage.draw import polygon

from grasp_learning.rectangles import GraspRectangles


def iou_matrix(predicted: GraspRectangles, annotated: GraspRectangles) -> NDArray[np.float64]:
    """(P, A) exact intersection over union of every pair."""
    one, other = (shapely.polygons(rectangles.corners) for rectangles in (predicted, annotated))
    shared = shapely.area(shapely.intersection(one[:, None], other[None, :]))
    together = shapely.area(one)[:, None] + shapely.area(other)[None, :] - shared
    return np.divide(shared, together, out=np.zeros_like(shared), where=together > 0)


def raster_iou_matrix(predicted: GraspRectangles, annotated: GraspRectangles) -> NDArray[np.float64]:
    """(P, A) intersection over union counted in pixels, as the evaluator of GG-CNN and all that came of it counts.

    Kept for comparison with published tables only. What lies above or left of the first pixel counts for neither of the
    two, so that near the upper and left border it finds more overlap than there is.
    """
    return np.array([[_raster_iou(p, a) for a in annotated.corners] for p in predicted.corners]).reshape(
        len(predicted), len(annotated)
    )


def _raster_iou(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Of two rectangles given by corners (4, 2)."""
    (columns, rows), (other_columns, other_rows) = one.T, other.T
    first, second = polygon(rows, columns), polygon(other_rows, other_columns)
    if not (first[0].size and second[0].size):
        return 0.0
    size = (max(first[0].max(), second[0].max()) + 1, max(first[1].max(), second[1].max()) + 1)
    canvas = np.zeros(size)
    canvas[first] += 1
    canvas[second] += 1
    union = int(np.sum(canvas > 0))
    return int(np.sum(canvas == 2)) / union if union else 0.0


def angle_differences(predicted: GraspRectangles, annotated: GraspRectangles) -> NDArray[np.float64]:
    """(P, A) between closing axes, rad in [0, pi/2]."""
    difference = np.abs(predicted.angles[:, None] - annotated.angles[None, :]) % np.pi
    return np.minimum(difference, np.pi - difference)
