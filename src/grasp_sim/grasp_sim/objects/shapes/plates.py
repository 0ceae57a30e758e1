"""Plates with holes: washers, slotted plates, brackets."""

from __future__ import annotations

import numpy as np
from manifold3d import CrossSection

from grasp_sim.objects.shapes.blocks import chosen, turn
from grasp_sim.objects.shapes.outlines import disc, prism, rectangle, rounded, slot
from grasp_sim.objects.shapes.part import Part, join
from grasp_sim.objects.shapes.revolving import shell
from grasp_sim.objects.shapes.sections import polygon


def washer(rng: np.random.Generator) -> Part:
    """A disc or a nut with a hole in it."""
    hole, height = rng.uniform(0.3, 0.75), rng.uniform(0.12, 0.9)
    if rng.random() < 0.5:
        outer, inner = np.array([(1.0, 0.0), (1.0, height)]), np.array([(hole, 0.0), (hole, height)])
        return shell(outer, inner, False, 16)
    sides = chosen(rng, (3, 4, 5, 6, 8))
    hole *= 0.5 if sides == 3 else 0.8

    def outline(corners: int) -> CrossSection:
        return CrossSection([polygon(sides)]) - disc(hole, max(corners, 10))

    return prism(outline, height)


def slotted_plate(rng: np.random.Generator) -> Part:
    """A rectangle with one to three holes or slots."""
    length, width, height = 2.0, rng.uniform(0.6, 1.8), rng.uniform(0.1, 0.4)
    count = chosen(rng, (1, 2, 2, 3))
    room = length / count
    corner = rng.uniform(0.05, 0.3) * width if rng.random() < 0.6 else 0.0
    kinds = rng.random(count)
    sizes = rng.uniform(0.35, 0.7, (count, 2)) * (room, width)
    shifts = rng.uniform(-0.1, 0.1, count) * width
    straight = rng.integers(2, size=count)

    def outline(corners: int) -> CrossSection:
        plate = rectangle(length, width)
        if corner:
            plate = rounded(plate, corner, corners)
        for k in range(count):
            long, narrow = sizes[k]
            if kinds[k] < 0.4:
                hole = disc(min(long, narrow) / 2, corners)
            elif kinds[k] < 0.7:
                hole = rectangle(long, narrow)
            else:
                hole = slot(max(long, narrow), min(long, narrow) * 0.6, corners)
                hole = hole if long > narrow else hole.rotate(90)
            plate = plate - hole.translate((-length / 2 + room * (k + 0.5), shifts[k] * straight[k]))
        return plate

    return prism(outline, height)


def bracket(rng: np.random.Generator) -> Part:
    """Two plates at an angle, with holes, and a rib at times."""
    width, thick = rng.uniform(0.4, 1.2), rng.uniform(0.1, 0.22)
    lengths = rng.uniform(0.7, 1.6, 2)
    angle = rng.uniform(1.1, 2.2) if rng.random() < 0.4 else np.pi / 2
    holes = rng.uniform(0.15, 0.3, 2) * width * (rng.random(2) < 0.7)

    def leg(length: float, hole: float) -> Part:
        def outline(corners: int) -> CrossSection:
            plate = rectangle(length, width).translate((length / 2 - thick / 2, 0.0))
            return plate - disc(hole, corners, 0.58 * length) if hole else plate

        return prism(outline, thick)

    first, second = (leg(float(length), float(hole)) for length, hole in zip(lengths, holes))
    parts = [first, second.moved(rotation=turn(-angle, axes="y"))]
    if rng.random() < 0.4:  # a rib in the corner, in the plane of both legs
        reach, rib = rng.uniform(0.4, 0.8) * lengths.min(), rng.uniform(0.6, 1.2) * thick
        corners = np.array([(0.0, 0.0), (reach, 0.0), (reach * np.cos(angle), reach * np.sin(angle))])
        parts.append(prism(lambda _: CrossSection([corners]), rib).moved(rotation=turn(np.pi / 2, axes="x")))
    return join(*parts)
