"""Unions and differences of convex solids at random poses."""

from __future__ import annotations

import numpy as np

from grasp_sim.objects.shapes.blocks import any_turn, ball, box, chosen, cylinder, drill, scoop, turn
from grasp_sim.objects.shapes.part import Part, join


def union(rng: np.random.Generator) -> Part:
    """Two or three solids stuck into each other."""
    parts = [_solid(rng)]
    for _ in range(chosen(rng, (1, 2, 2))):
        direction = rng.normal(size=3)
        shift = direction / np.linalg.norm(direction) * rng.uniform(0.3, 0.75)
        turned = any_turn(rng) if rng.random() < 0.5 else np.eye(3)
        parts.append(_solid(rng).moved(shift, turned))
    return join(*parts)


def cut(rng: np.random.Generator) -> Part:
    """A solid with a notch, a bore, a scoop or a slanted slice taken from it, or two of them."""
    kind = rng.integers(3)
    if kind == 0:
        part = box(*rng.uniform(0.5, 1.0, 3))
    elif kind == 1:
        part = cylinder(rng.uniform(0.35, 0.5), rng.uniform(0.4, 1.2), rng.uniform(0.25, 0.5))
    else:
        x, y, z = rng.uniform(0.35, 0.5, 3)
        part = ball(x, y, z, rng.uniform(2.0, 6.0))
    low, high = np.array(part.solid.bounding_box()).reshape(2, 3)
    size = high - low
    for _ in range(chosen(rng, (1, 1, 2))):
        axis = rng.integers(3)
        facing = (turn(np.pi / 2, axes="y"), turn(np.pi / 2, axes="x"), np.eye(3))[axis]
        other = np.delete(size, axis).min()
        place = rng.uniform(-0.5, 0.5, 3) * size
        which = rng.integers(4)
        if which == 0:  # a notch through an edge or a side
            place[axis] = 0.0
            cutter = drill(rng.uniform(0.2, 0.45) * other, 3.0)
        elif which == 1:  # a bore
            place *= 0.15
            cutter = drill(rng.uniform(0.2, 0.36) * other, 3.0 if rng.random() < 0.6 else size[axis])
            if rng.random() < 0.5:
                place[axis] = size[axis] * 0.5
        elif which == 2:  # a scoop
            place[axis] = np.sign(place[axis]) * 0.5 * size[axis]
            cutter = scoop(rng.uniform(0.25, 0.5) * other)
        else:  # a slot or a slice
            place[axis] = 0.5 * size[axis]
            cutter = box(3.0, rng.uniform(0.2, 0.5) * other, rng.uniform(0.4, 1.2) * size[axis])
            cutter = cutter.moved(rotation=turn(rng.uniform(-0.5, 0.5), rng.uniform(-0.5, 0.5), 0.0))
        part = part.without(cutter.moved(place, facing))
    return part


def _solid(rng: np.random.Generator) -> Part:
    kind = rng.integers(5)
    if kind == 0:
        return box(*rng.uniform(0.25, 1.0, 3))
    if kind == 1:
        return cylinder(rng.uniform(0.15, 0.5), rng.uniform(0.2, 1.2))
    if kind == 2:
        return cylinder(rng.uniform(0.2, 0.5), rng.uniform(0.4, 1.2), rng.uniform(0.02, 0.5))
    if kind == 3:
        return ball(*rng.uniform(0.2, 0.5, 3))
    return cylinder(rng.uniform(0.2, 0.5), rng.uniform(0.3, 1.2), sides=chosen(rng, (3, 5, 6)))
