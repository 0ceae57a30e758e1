"""The families of shapes by name."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from grasp_sim.objects.shapes import (
    bowls,
    compounds,
    figures,
    handled,
    plates,
    prisms,
    quadrics,
    rocks,
    tools,
    tubes,
    turned,
    walls,
)
from grasp_sim.objects.shapes.finished import GeneratedShape, finish
from grasp_sim.objects.shapes.part import Part, Unsuitable

MAKERS: dict[str, Callable[[np.random.Generator], Part]] = {
    maker.__name__: maker
    for maker in (
        *(turned.bottle, turned.vase, turned.knob, turned.spindle),
        *(bowls.bowl, bowls.cup, bowls.funnel),
        *(quadrics.superquadric, quadrics.bent_superquadric),
        *(tubes.hook, tubes.ring, tubes.spring, tubes.banana, tubes.worm),
        *(plates.washer, plates.slotted_plate, plates.bracket),
        *(prisms.gear, prisms.star, prisms.letter, prisms.rounded_polygon, prisms.cookie, prisms.bolt),
        *(walls.tray, walls.open_box, walls.channel, walls.half_pipe),
        *(handled.mug, handled.pan, handled.kettle),
        *(tools.hammer, tools.screwdriver, tools.wrench, tools.dumbbell),
        *(compounds.union, compounds.cut),
        *(rocks.rock, rocks.cluster, rocks.boulder),
        *(figures.animal, figures.jack, figures.table, figures.chair, figures.shelf),
    )
}
FAMILIES = tuple(MAKERS)
TRIES = 100
"""Draws until one is suitable; most are at once."""


def generate(family: str, rng: np.random.Generator) -> GeneratedShape:
    """A shape of a family.

    Args:
        family: One of `FAMILIES`.
        rng: The same state gives the same shape.

    Raises:
        KeyError: There is no such family.
    """
    make = MAKERS[family]
    for _ in range(TRIES):
        try:
            return finish(make(rng))
        except Unsuitable:
            continue
    raise RuntimeError(f"{TRIES} draws of '{family}' made nothing suitable")
