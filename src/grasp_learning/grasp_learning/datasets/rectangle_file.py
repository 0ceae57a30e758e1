"""Cornell's annotation files: four corners a rectangle, a line ``x y`` for each."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from grasp_learning.datasets.errors import DatasetError
from grasp_learning.rectangles import GraspRectangles


class LabelledRectangles(NamedTuple):
    """What an annotation file holds."""

    grasps: GraspRectangles
    skipped: int
    """Rectangles with a corner that is NaN, which some of the original's files have."""
    lines: list[int]
    """Where each of the grasps begins, counted from 1."""


def read_rectangles(path: Path) -> LabelledRectangles:
    """Read an annotation file.

    The edge from the first corner to the second runs along the opening of the gripper, the next along a
    jaw. Of hand-drawn ones that are no exact rectangles, opposite edges are averaged.

    Raises:
        DatasetError: The file is missing, a line is no pair of numbers, or a rectangle is not complete.
    """
    try:
        lines = path.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError as error:
        raise DatasetError(f"{path}: {error.strerror}") from error
    corners: list[list[float]] = []
    numbers: list[int] = []
    for number, line in enumerate(lines, 1):
        words = line.split()
        if not words:
            continue
        try:
            values = [float(word) for word in words]
        except ValueError as error:
            raise DatasetError(f"{path}:{number}: a corner is two numbers 'x y': {error}") from error
        if len(values) != 2:
            raise DatasetError(f"{path}:{number}: a corner is two numbers 'x y', got {len(values)}")
        corners.append(values)
        numbers.append(number)
    if len(corners) % 4:
        begin = numbers[len(corners) // 4 * 4]
        raise DatasetError(f"{path}:{begin}: a rectangle has 4 corners, the last one has {len(corners) % 4}")
    quads = np.array(corners).reshape(-1, 4, 2)
    whole = np.isfinite(quads).all(axis=(1, 2))
    p0, p1, p2, p3 = quads[whole].transpose(1, 0, 2)
    along = (p1 - p0 + p2 - p3) / 2
    across = (p2 - p1 + p3 - p0) / 2
    rows = np.column_stack(
        [
            quads[whole].mean(axis=1),
            np.arctan2(along[:, 1], along[:, 0]),
            np.linalg.norm(along, axis=1),
            np.linalg.norm(across, axis=1),
        ]
    )
    begins = [numbers[4 * index] for index in np.flatnonzero(whole)]
    return LabelledRectangles(GraspRectangles(rows), int((~whole).sum()), begins)
