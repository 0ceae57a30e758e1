"""Things with limbs and legs: animals, tables, chairs, shelves."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from grasp_sim.objects.shapes.blocks import ball, box, chosen, cylinder, limb, turn
from grasp_sim.objects.shapes.part import Part, join


def animal(rng: np.random.Generator) -> Part:
    """A body with legs, a neck, a head and a tail; what walks on two legs has arms."""
    long, thick = rng.uniform(0.5, 0.9), rng.uniform(0.22, 0.4)
    body = ball(long, thick, thick * rng.uniform(0.8, 1.2))
    parts = [body]
    legs, width = rng.uniform(0.4, 1.0), rng.uniform(0.08, 0.15)
    for x in (-0.6, 0.6):
        for side in (-1, 1):
            top = np.array([x * long, side * thick * 0.5, 0.0])
            foot = top + _by(rng.uniform(-0.15, 0.15), side * rng.uniform(0.0, 0.25), -thick - legs)
            parts.append(limb(top, foot, width * 1.3, width))
    neck = np.array([0.7 * long, 0.0, 0.1])
    head = neck + _by(rng.uniform(0.1, 0.5), 0.0, rng.uniform(0.1, 0.8))
    parts.append(limb(neck, head, width * 1.6, width))
    size = rng.uniform(0.15, 0.3)
    parts.append(limb(head, head + _by(rng.uniform(0.05, 0.4), 0.0, rng.uniform(-0.2, 0.05)), size, size * 0.6))
    if rng.random() < 0.6:
        tail = np.array([-0.85 * long, 0.0, 0.0])
        parts.append(limb(tail, tail + _by(-rng.uniform(0.2, 0.7), 0.0, rng.uniform(-0.3, 0.5)), 0.12, 0.08))
    if rng.random() < 0.4:
        for side in (-1, 1):
            parts.append(limb(head, head + _by(0.0, side * size * 0.9, size * rng.uniform(0.8, 1.6)), 0.1, 0.06))
    return join(*parts)


def jack(rng: np.random.Generator) -> Part:
    """Arms from one middle in random directions: jacks, antlers, molecules, coral."""
    parts, count = [], int(rng.integers(3, 8))
    middle = rng.uniform(0.15, 0.4)
    parts.append(ball(middle, middle, middle))
    for _ in range(count):
        direction = rng.normal(size=3)
        end = direction / np.linalg.norm(direction) * rng.uniform(0.6, 1.0)
        first = rng.uniform(0.08, 0.16)
        parts.append(limb((0, 0, 0), end, first, first * rng.uniform(0.5, 1.6)))
    return join(*parts)


def table(rng: np.random.Generator) -> Part:
    """A top on legs, on a foot or on two sides: tables, stools, benches."""
    length, width, thick = 1.0, rng.uniform(0.35, 1.0), rng.uniform(0.05, 0.12)
    height, leg = rng.uniform(0.3, 1.0), rng.uniform(0.05, 0.1)
    round_top = rng.random() < 0.35
    top = cylinder(0.5, thick).stretched(1.0, width, 1.0) if round_top else box(length, width, thick)
    kind = rng.integers(3)
    parts = [top]
    if kind == 0:
        inset, spread = (0.6 if round_top else rng.uniform(0.75, 0.9)), rng.uniform(0.0, 0.15)
        for sx in (-1, 1):
            for sy in (-1, 1):
                x, y = inset * sx * (length - leg) / 2, inset * sy * (width - leg) / 2
                piece = cylinder(leg / 2, height, leg * 0.6) if round_top else box(leg, leg, height)
                slant = np.eye(3)
                slant[:2, 2] = -spread * sx, -spread * sy
                parts.append(piece.moved((x, y, -height / 2), slant))
    elif kind == 1:
        parts.append(cylinder(leg, height).moved((0.0, 0.0, -height / 2)))
        parts.append(cylinder(rng.uniform(0.2, 0.4), thick).moved((0.0, 0.0, -height)))
    else:
        inset = 0.3 if round_top else rng.uniform(0.35, 0.45)
        deep = 0.6 * width if round_top else 0.9 * width
        parts += [box(leg, deep, height).moved((side * inset, 0.0, -height / 2)) for side in (-1, 1)]
    return join(*parts)


def chair(rng: np.random.Generator) -> Part:
    """A seat, legs and a back; arms at times."""
    width, depth, thick = rng.uniform(0.4, 0.7), rng.uniform(0.4, 0.6), rng.uniform(0.05, 0.14)
    legs, back, leg = rng.uniform(0.25, 0.6), rng.uniform(0.35, 0.8), rng.uniform(0.05, 0.09)
    parts = [box(depth, width, thick)]
    if rng.random() < 0.7:
        for sx in (-1, 1):
            for sy in (-1, 1):
                parts.append(box(leg, leg, legs).moved((sx * (depth - leg) / 2, sy * (width - leg) / 2, -legs / 2)))
    else:  # an armchair
        parts.append(box(depth, width, legs * 0.6).moved((0.0, 0.0, -legs * 0.3)))
    lean = turn(-rng.uniform(0.0, 0.3), axes="y")
    shift = (-depth / 2 + leg / 2, 0.0, 0.0)
    if rng.random() < 0.6:
        parts.append(box(leg, width, back).moved((0.0, 0.0, back / 2)).moved(shift, lean))
    else:  # rails
        for y in np.linspace(-1, 1, chosen(rng, (2, 3, 4))) * (width - leg) / 2:
            parts.append(box(leg, leg, back).moved((0.0, float(y), back / 2)).moved(shift, lean))
        parts.append(box(leg, width, 0.25 * back).moved((0.0, 0.0, back)).moved(shift, lean))
    if rng.random() < 0.4:
        for side in (-1, 1):
            parts.append(box(depth, leg, 0.45 * back).moved((0.0, side * (width - leg) / 2, 0.2 * back)))
    return join(*parts)


def shelf(rng: np.random.Generator) -> Part:
    """Two sides, boards between them, and a back at times: shelves, stands, crates."""
    width, depth, height = rng.uniform(0.4, 1.0), rng.uniform(0.2, 0.5), rng.uniform(0.5, 1.0)
    thick = rng.uniform(0.04, 0.08)
    parts = [box(thick, depth, height).moved((side * width / 2, 0.0, 0.0)) for side in (-1, 1)]
    levels = np.linspace(-0.5, 0.5, chosen(rng, (2, 3, 4))) * (height - thick) * rng.uniform(0.85, 1.0)
    parts += [box(width, depth * rng.uniform(0.8, 0.98), thick).moved((0.0, 0.0, float(z))) for z in levels]
    if rng.random() < 0.4:
        parts.append(box(width, thick, height * 0.9).moved((0.0, depth / 2 - thick, 0.0)))
    return join(*parts)


def _by(x: float, y: float, z: float) -> NDArray[np.float64]:
    return np.array([x, y, z])
