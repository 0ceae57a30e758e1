"""The ground that a scene of a dataset lies on."""

from __future__ import annotations

import numpy as np

from grasp_perception.transform import Transform
from grasp_sim.physics.bodies import Body
from grasp_sim.physics.sources import Source
from grasp_sim.physics.surfaces import TABLE
from grasp_sim.physics.urdf import Link, Robot, Shape
from grasp_sim.physics.world import World

NAME = "ground"
SIZE = 6.0
THICKNESS = 0.2


def add_ground(world: World) -> Body:
    """Add a wide floor whose surface is z = 0."""
    link = Link(NAME, 1.0, (Shape("box", (SIZE, SIZE, THICKNESS)),))
    place = Transform(np.eye(3), np.array([0.0, 0.0, -THICKNESS / 2]))
    body = world.add(NAME, Source.from_robot(Robot(NAME, (link,), ())), place, fixed=True)
    body.set_surface(TABLE)
    return body
