"""A picture of many scenes with some of their grasps, to see at a glance what a dataset holds."""

from __future__ import annotations

import colorsys
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from grasp_learning.rectangles import GraspRectangles

TILE = 220
"""px; side of a scene in the sheet."""
COLUMNS = 6
MOST_SCENES = 24
MOST_GRASPS = 6
"""Drawn in a scene."""
GAP, CAPTION = 6, 22
LONGEST_NAME = 25
"""Characters for which there is room in a caption."""
PAPER, INK = (255, 255, 255), (50, 50, 50)
SHIFT = 4
"""Bits of OpenCV's fixed-point coordinates after the point."""

Image = NDArray[np.uint8]


def contact_sheet(tiles: Sequence[tuple[Image, str]]) -> Image:
    """A grid of tiles with captions.

    Args:
        tiles: Pictures (`TILE`, `TILE`, 3) RGB, and what is written below each.
    """
    columns = min(COLUMNS, len(tiles))
    rows = -(-len(tiles) // columns)
    step, high = TILE + GAP, TILE + CAPTION
    sheet = np.full((rows * high + GAP, columns * step + GAP, 3), PAPER, dtype=np.uint8)
    for number, (tile, caption) in enumerate(tiles):
        row, column = divmod(number, columns)
        top, left = GAP + row * high, GAP + column * step
        sheet[top : top + TILE, left : left + TILE] = tile
        place = (left + 1, top + TILE + 14)
        cv2.putText(sheet, caption, place, cv2.FONT_HERSHEY_SIMPLEX, 0.38, INK, 1, cv2.LINE_AA)
    return sheet


def short(name: str) -> str:
    """A name that fits into a caption; its end, which tells it from others of its kind, stays."""
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 10]}..{name[-8:]}"


def tile(color: Image, mask: NDArray[np.bool_], grasps: GraspRectangles) -> Image:
    """The part of a scene where the object is, with some of its grasps.

    Args:
        color: (H, W, 3) RGB.
        mask: (H, W) where the object is.
        grasps: Its annotations; sizes of jaw of one grasp follow each other.
    """
    drawn = some(distinct(grasps), MOST_GRASPS)
    window = _window(mask, drawn)
    scale = TILE / window[2]
    left, top, side = window
    move = np.array([[scale, 0.0, 0.5 * scale - 0.5 - scale * left], [0.0, scale, 0.5 * scale - 0.5 - scale * top]])
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    padded = cv2.copyMakeBorder(color, side, side, side, side, cv2.BORDER_REFLECT)
    part = padded[top + side : top + 2 * side, left + side : left + 2 * side]
    picture = np.ascontiguousarray(cv2.resize(part, (TILE, TILE), interpolation=method))
    for index, corners in enumerate(drawn.corners):
        hue = (index * 0.618034) % 1.0
        draw_grasp(picture, corners @ move[:, :2].T + move[:, 2], hue)
    return picture


def draw_grasp(picture: Image, corners: NDArray[np.float64], hue: float) -> None:
    """Draw a grasp in place: thin along the opening, thick and dark where the jaws are.

    Args:
        picture: (H, W, 3) RGB.
        corners: (4, 2) px; the first edge runs along the closing axis.
        hue: Of its colour, in [0, 1].
    """
    light = tuple(round(255 * value) for value in colorsys.hsv_to_rgb(hue, 0.55, 1.0))
    dark = tuple(round(255 * value) for value in colorsys.hsv_to_rgb(hue, 1.0, 0.55))
    points = np.rint(corners * (1 << SHIFT)).astype(int).tolist()
    for first, second, color, width in ((0, 1, light, 1), (2, 3, light, 1), (1, 2, dark, 2), (3, 0, dark, 2)):
        cv2.line(picture, points[first], points[second], color, width, cv2.LINE_AA, SHIFT)


def distinct(grasps: GraspRectangles) -> GraspRectangles:
    """Each grasp once, with the largest jaw that worked."""
    values = grasps.values
    if not len(values):
        return grasps
    last = np.append((values[1:, :4] != values[:-1, :4]).any(axis=1), True)
    return grasps[last]


def some(grasps: GraspRectangles, most: int) -> GraspRectangles:
    """At most so many of them, evenly chosen."""
    if len(grasps) <= most:
        return grasps
    return grasps[np.rint(np.linspace(0, len(grasps) - 1, most)).astype(np.intp)]


def _window(mask: NDArray[np.bool_], grasps: GraspRectangles) -> tuple[int, int, int]:
    """Left, top and side of a square around the object and the grasps."""
    rows, columns = np.nonzero(mask)
    points: list[NDArray[np.float64]] = [grasps.corners.reshape(-1, 2)]
    if len(rows):
        points.append(np.array([[columns.min(), rows.min()], [columns.max(), rows.max()]], dtype=np.float64))
    corners = np.concatenate(points)
    if not len(corners):
        corners = np.array([[0.0, 0.0], [mask.shape[1], mask.shape[0]]])
    low, high = corners.min(axis=0), corners.max(axis=0)
    side = int(np.ceil(min(max(1.15 * (high - low).max(), min(mask.shape) / 6), min(mask.shape))))
    middle = (low + high) / 2
    place = np.clip(np.rint(middle - side / 2), 0, np.array(mask.shape[::-1]) - side).astype(int)
    return int(place[0]), int(place[1]), side
