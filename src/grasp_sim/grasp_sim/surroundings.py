"""What stands still around the arm: table, bin, floor."""

from __future__ import annotations

import numpy as np

from grasp_perception.transform import Transform
from grasp_planning.workcell import WorkCell
from grasp_sim.bodies import Body, Source
from grasp_sim.surfaces import BIN, TABLE
from grasp_sim.urdf import Link, Robot, Shape
from grasp_sim.world import World

TABLE_NAME, BIN_NAME, FLOOR_NAME = "table", "bin", "floor"
FLOOR_DEPTH = 0.7
"""Below the table's surface, m; catches what falls off."""
BIN_COLOR = (0.35, 0.47, 0.58)
TABLE_COLOR = (0.93, 0.92, 0.90)


def add_surroundings(world: World, workcell: WorkCell) -> list[Body]:
    """Add the table, the bin and the floor of a work cell to a world."""
    table = workcell.table
    center = [(low + high) / 2 for low, high in zip(table.min, table.max)]
    size = tuple(high - low for low, high in zip(table.min, table.max))
    foot = [*workcell.bin.center, workcell.table_height]
    floor = [center[0], center[1], workcell.table_height - FLOOR_DEPTH - 0.05]
    parts = (
        (TABLE_NAME, (Shape("box", size, color=TABLE_COLOR),), center),
        (BIN_NAME, bin_walls(workcell), foot),
        (FLOOR_NAME, (Shape("box", (4.0, 4.0, 0.1), visible=False),), floor),
    )
    bodies = [world.add(name, _source(name, shapes), _at(place), fixed=True) for name, shapes, place in parts]
    for body, surface in zip(bodies, (TABLE, BIN, TABLE)):
        body.set_surface(surface)
    return bodies


def bin_walls(workcell: WorkCell) -> tuple[Shape, ...]:
    """Floor and four walls about the middle of the bin's foot."""
    (x, y, z), wall = workcell.bin.size, workcell.bin.wall
    return (
        Shape("box", (x, y, wall), (0.0, 0.0, wall / 2), color=BIN_COLOR),
        *(Shape("box", (wall, y, z), (side * (x - wall) / 2, 0.0, z / 2), color=BIN_COLOR) for side in (-1, 1)),
        *(Shape("box", (x, wall, z), (0.0, side * (y - wall) / 2, z / 2), color=BIN_COLOR) for side in (-1, 1)),
    )


def _at(position: list[float]) -> Transform:
    return Transform(np.eye(3), np.array(position))


def _source(name: str, shapes: tuple[Shape, ...]) -> Source:
    return Source.from_robot(Robot(name, (Link(name, 1.0, shapes),), ()))
