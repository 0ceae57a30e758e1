"""Tools: hammers, screwdrivers, wrenches, dumb-bells."""

from __future__ import annotations

import numpy as np
from manifold3d import CrossSection

from grasp_sim.objects.shapes.blocks import box, chosen, cylinder, limb, turn, wedge
from grasp_sim.objects.shapes.outlines import disc, prism, rectangle
from grasp_sim.objects.shapes.part import Part, join
from grasp_sim.objects.shapes.revolving import revolved
from grasp_sim.objects.shapes.sections import tapered
from grasp_sim.objects.shapes.sweeping import swept

LYING = turn(np.pi / 2, axes="y")


def hammer(rng: np.random.Generator) -> Part:
    """A shaft with a head across it: hammers, mallets, axes, rakes."""
    length, head = rng.uniform(2.0, 4.0), rng.uniform(0.9, 1.8)
    wide, flat = rng.uniform(0.12, 0.2), rng.uniform(0.6, 1.0)
    path = np.column_stack([np.zeros(7), np.zeros(7), np.linspace(0.0, length, 7)])
    sizes = (
        (0.0, wide * 1.2, wide * flat * 1.2),
        (0.5, wide * rng.uniform(0.8, 1.1), wide * flat),
        (1.0, wide, wide * flat),
    )
    shaft = swept(path, tapered(chosen(rng, (2, 3, 5)), *sizes), 3)
    thick = rng.uniform(0.2, 0.4)
    kind = rng.integers(4)
    if kind == 0:
        heads = [box(head, 2 * thick, 2 * thick)]
    elif kind == 1:
        heads = [cylinder(thick, head, thick * rng.uniform(0.7, 1.0)).moved(rotation=LYING)]
    elif kind == 2:  # a face and a pick
        face = cylinder(thick, head / 2).moved((-head / 4, 0.0, 0.0), LYING)
        pick = cylinder(thick * 0.9, head * 0.7, 0.06).moved((head * 0.3, 0.0, 0.0), LYING)
        heads = [face, pick]
    else:  # an axe
        heads = [wedge(thick * 1.6, head, 0.35, 2.2).moved((0.0, 0.3 * head, 0.0), turn(-np.pi / 2, axes="x"))]
        heads = [heads[0].stretched(1.0, 1.0, 0.3), box(0.5, 0.45, 0.5)]
    return join(shaft, *(part.moved((0.0, 0.0, length - 0.15)) for part in heads))


def screwdriver(rng: np.random.Generator) -> Part:
    """A thick grip, a thin shank and a tip: screwdrivers, brushes, torches, plugs."""
    grip, grip_length = 1.0, rng.uniform(2.0, 4.5)
    shank, length = rng.uniform(0.25, 0.5), rng.uniform(1.5, 4.5)
    waist = rng.uniform(0.6, 0.95)
    tip = rng.uniform(0.3, 1.6)
    profile = [(0.0, 0.0), (0.7 * grip, 0.0), (grip, 0.12 * grip_length), (waist, 0.75 * grip_length)]
    profile += [(rng.uniform(waist, 1.1), 0.9 * grip_length), (shank, grip_length), (shank, grip_length + length)]
    end = grip_length + length
    profile += [(shank * tip, end), (shank * tip, end + 0.3), (0.0, end + rng.uniform(0.35, 0.8))]
    return revolved(np.array(profile))


def wrench(rng: np.random.Generator) -> Part:
    """A flat shaft with an open jaw at one end and a ring or a jaw at the other."""
    length, wide = rng.uniform(2.5, 4.5), rng.uniform(0.25, 0.4)
    sizes = rng.uniform(0.45, 0.7, 2)
    gaps = sizes * rng.uniform(0.9, 1.15, 2)
    ring = rng.random() < 0.5
    tilt = rng.uniform(-20.0, 20.0)

    def end(size: float, gap: float, closed: bool, corners: int) -> tuple[CrossSection, CrossSection]:
        if closed:
            return disc(size, corners + 2), disc(0.55 * size, max(6, corners - 2))
        return disc(size, corners + 2), rectangle(2 * size, gap).translate((1.15 * size, 0.0)).rotate(tilt)

    def outline(corners: int) -> CrossSection:
        first, cut = end(sizes[0], gaps[0], False, corners)
        second, other = end(sizes[1], gaps[1], ring, corners)
        whole = rectangle(length, wide) + first.translate((length / 2, 0.0)) + second.translate((-length / 2, 0.0))
        return whole - cut.translate((length / 2, 0.0)) - other.rotate(180).translate((-length / 2, 0.0))

    return prism(outline, rng.uniform(0.15, 0.35))


def dumbbell(rng: np.random.Generator) -> Part:
    """Two weights on a bar, of any kind: balls, discs, prisms, boxes."""
    length, bar = rng.uniform(1.2, 3.5), rng.uniform(0.12, 0.3)
    parts = [cylinder(bar, length)]
    sizes = np.array([1.0, 1.0 if rng.random() < 0.6 else rng.uniform(0.4, 0.8)]) * rng.uniform(0.4, 0.8)
    kind, thick = rng.integers(4), rng.uniform(0.2, 0.9)
    for side, size in zip((-1, 1), sizes):
        if kind == 0:
            weight = limb((0, 0, 0), (0, 0, 0.01), size, size)
        elif kind == 1:
            weight = cylinder(size, thick)
        elif kind == 2:
            weight = cylinder(size, thick, sides=6)
        else:
            weight = box(1.5 * size, 1.5 * size, thick)
        parts.append(weight.moved((0.0, 0.0, side * length / 2)))
    return join(*parts)
