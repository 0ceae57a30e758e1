"""What stands around the arm, as solids."""

from __future__ import annotations

import numpy as np

from grasp_execution.motion.interface import Box, SceneObject
from grasp_perception.transform import Transform
from grasp_planning.workcell import BIN, TABLE, WorkCell


def workcell_objects(workcell: WorkCell) -> tuple[SceneObject, ...]:
    """The table, the bin's floor and four walls (all named "bin"), and what else there is, in the base frame."""
    low, high = np.array(workcell.table.min), np.array(workcell.table.max)
    parts = [_box(TABLE, low, high)]
    bin_, z = workcell.bin, workcell.table_height
    x0, y0 = np.array(bin_.center) - np.array(bin_.size[:2]) / 2
    x1, y1 = np.array(bin_.center) + np.array(bin_.size[:2]) / 2
    top, wall = z + bin_.size[2], bin_.wall
    parts.append(_box(BIN, (x0, y0, z), (x1, y1, z + wall)))
    for a, b in (
        ((x0, y0), (x0 + wall, y1)),
        ((x1 - wall, y0), (x1, y1)),
        ((x0, y0), (x1, y0 + wall)),
        ((x0, y1 - wall), (x1, y1)),
    ):
        parts.append(_box(BIN, (*a, z), (*b, top)))
    parts += [_box(obstacle.name, obstacle.min, obstacle.max) for obstacle in workcell.obstacles]
    return tuple(parts)


def _box(name: str, low: object, high: object) -> SceneObject:
    a, b = np.asarray(low, dtype=float), np.asarray(high, dtype=float)
    size = tuple(float(v) for v in b - a)
    return SceneObject(name, Box(size), Transform(np.eye(3), (a + b) / 2))  # type: ignore[arg-type]
