"""What stands still around the arm: table, bin, floor."""

from __future__ import annotations

import functools
from pathlib import Path

import cv2
import numpy as np

from grasp_perception.cache import cache_folder
from grasp_perception.files import write_atomically
from grasp_perception.transform import Transform
from grasp_planning.workcell import WorkCell
from grasp_sim.physics.bodies import Body
from grasp_sim.physics.sources import Source
from grasp_sim.physics.surfaces import BIN, TABLE
from grasp_sim.physics.urdf import Link, Robot, Shape
from grasp_sim.physics.world import World

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
    bodies = [
        world.add(name, _source(name, shapes, table_texture() if name == TABLE_NAME else None), _at(place), fixed=True)
        for name, shapes, place in parts
    ]
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


def _source(name: str, shapes: tuple[Shape, ...], texture: Path | None) -> Source:
    return Source.from_robot(Robot(name, (Link(name, 1.0, shapes),), ()), texture)


@functools.cache
def table_texture() -> Path:
    """An image of a matte, slightly blotched surface, in the user's cache."""
    rng = np.random.default_rng(0)
    blotches = cv2.resize(rng.normal(0.0, 1.0, (24, 24)).astype(np.float32), (512, 512), interpolation=cv2.INTER_CUBIC)
    shade = 247.0 + 2.0 * blotches + rng.normal(0.0, 2.0, (512, 512))
    image = np.clip(shade[..., None] * np.array([0.985, 0.99, 1.0]), 0, 255).astype(np.uint8)  # BGR
    path = cache_folder("textures") / "table.png"
    write_atomically(path, cv2.imencode(".png", image)[1].tobytes())
    return path
