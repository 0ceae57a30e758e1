"""What stands on the table."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from grasp_perception.outcomes import Outcome
from grasp_planning.antipodal.height_map import HeightMap, Surface
from grasp_planning.antipodal.options import AntipodalOptions
from grasp_planning.cut_objects import cut_by_border
from grasp_planning.planner import NoGraspFound


def target_pixels(surface: Surface, roi: NDArray[np.bool_] | None, options: AntipodalOptions) -> NDArray[np.bool_]:
    """Pixels of the objects that may be grasped.

    Args:
        surface: What the camera saw.
        roi: (H, W) an object must have a pixel here; None = everywhere.
        options: The thresholds.

    Returns:
        (H, W) True on whole objects (connected regions above the table).

    Raises:
        NoGraspFound: NO_OBJECT.
    """
    above = (surface.height > options.min_object_height).view(np.uint8)  # False for NaN
    above = cv2.morphologyEx(above, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(above, connectivity=8)
    wanted = stats[:, cv2.CC_STAT_AREA] * surface.pixel**2 >= options.min_object_area
    wanted[0] = False  # label 0 is the table
    where = "in the image"
    if roi is not None:
        inside = np.zeros(count, bool)
        inside[np.unique(labels[roi])] = True
        wanted &= inside
        where = "in the region asked for"
    height = f"nothing {where} stands more than {options.min_object_height * 1e3:.0f} mm above the table"
    if not wanted.any():
        raise NoGraspFound(Outcome.NO_OBJECT, height)
    if options.skip_cut_objects:
        cut = cut_by_border(labels, stats, surface.pixel)
        if not (wanted & ~cut).any():
            raise NoGraspFound(
                Outcome.NO_OBJECT, f"{height}, but for {int(wanted.sum())} things that the image's border cuts off"
            )
        wanted &= ~cut
    return wanted[labels]


@dataclass(frozen=True, slots=True, eq=False)
class Objects:
    """The objects in a height map; arrays are indexed by label, label 0 is the table."""

    labels: NDArray[np.int32]
    """(R, C) of each cell; 0 = table, or something that is not to be grasped."""
    centroid: NDArray[np.float64]
    """(L, 2) cell (column, row) of the centre of the volume between the visible surface and the table."""
    size: NDArray[np.float64]
    """(L,) side of the square of equal area, metres."""
    narrowest: NDArray[np.float64]
    """(L,) shorter side of the least rectangle around it, metres."""
    tallest: NDArray[np.float64]
    """(L,) greatest height above the table, metres."""


def find_objects(
    height_map: HeightMap, surface: Surface, targets: NDArray[np.bool_], options: AntipodalOptions
) -> Objects:
    """Label the objects of a height map.

    Args:
        height_map: The heights.
        surface: The points it was made from.
        targets: (H, W) pixels of the objects that may be grasped; others get no label.
        options: The thresholds.
    """
    above = ((height_map.height > options.min_object_height) & height_map.known).view(np.uint8)
    count, labels = cv2.connectedComponents(above, connectivity=8)
    hits = np.bincount(labels[height_map.index(surface.x[targets], surface.y[targets])], minlength=count)
    kept = np.flatnonzero(hits * surface.pixel**2 >= options.min_object_area / 2)
    kept = kept[kept > 0]
    renumber = np.zeros(count, np.int32)
    renumber[kept] = np.arange(1, len(kept) + 1)
    labels = renumber[labels]

    flat = labels.ravel()
    weight = np.where(flat > 0, height_map.height.ravel(), 0.0)
    rows, columns = (i.ravel() for i in np.indices(labels.shape, np.float32, sparse=False))
    volume = np.maximum(np.bincount(flat, weight), 1e-12)
    centroid = np.stack([np.bincount(flat, weight * i) / volume for i in (columns, rows)], axis=-1)
    size = np.sqrt(np.bincount(flat)) * height_map.cell
    narrowest, tallest = np.zeros(len(size)), np.zeros(len(size))
    for label in range(1, len(size)):
        mask = labels == label
        points = cv2.findNonZero(mask.view(np.uint8))
        narrowest[label] = (min(cv2.minAreaRect(points)[1]) + 1) * height_map.cell
        tallest[label] = height_map.height[mask].max()
    return Objects(labels, centroid, size, narrowest, tallest)
