"""Extruded outlines: gears, stars, letters, rounded polygons, cookies."""

from __future__ import annotations

import numpy as np
from manifold3d import CrossSection

from grasp_sim.objects.shapes.blocks import chosen
from grasp_sim.objects.shapes.outlines import disc, prism, rounded, stroke
from grasp_sim.objects.shapes.part import Part, Points, Unsuitable, join
from grasp_sim.objects.shapes.sections import polygon

LETTERS = {  # strokes on a grid of 2 x 4
    "A": ((0, 0, 1, 4), (1, 4, 2, 0), (0.5, 1.6, 1.5, 1.6)),
    "C": ((2, 0, 0, 0), (0, 0, 0, 4), (0, 4, 2, 4)),
    "E": ((0, 0, 0, 4), (0, 0, 2, 0), (0, 2, 1.6, 2), (0, 4, 2, 4)),
    "F": ((0, 0, 0, 4), (0, 2, 1.6, 2), (0, 4, 2, 4)),
    "H": ((0, 0, 0, 4), (2, 0, 2, 4), (0, 2, 2, 2)),
    "K": ((0, 0, 0, 4), (0, 2, 2, 4), (0, 2, 2, 0)),
    "L": ((0, 0, 0, 4), (0, 0, 2, 0)),
    "M": ((0, 0, 0, 4), (0, 4, 1, 2), (1, 2, 2, 4), (2, 4, 2, 0)),
    "N": ((0, 0, 0, 4), (0, 4, 2, 0), (2, 0, 2, 4)),
    "P": ((0, 0, 0, 4), (0, 4, 2, 4), (2, 4, 2, 2), (2, 2, 0, 2)),
    "S": ((0, 0, 2, 0), (2, 0, 2, 2), (2, 2, 0, 2), (0, 2, 0, 4), (0, 4, 2, 4)),
    "T": ((1, 0, 1, 4), (0, 4, 2, 4)),
    "U": ((0, 4, 0, 0), (0, 0, 2, 0), (2, 0, 2, 4)),
    "V": ((0, 4, 1, 0), (1, 0, 2, 4)),
    "X": ((0, 0, 2, 4), (0, 4, 2, 0)),
    "Y": ((1, 0, 1, 2), (1, 2, 0, 4), (1, 2, 2, 4)),
    "Z": ((0, 0, 2, 0), (0, 0, 2, 4), (0, 4, 2, 4)),
    "+": ((0, 2, 2, 2), (1, 1, 1, 3)),
}


def gear(rng: np.random.Generator) -> Part:
    """A wheel with teeth, with a bore or without one, with a hub at times."""
    teeth = int(rng.integers(5, 13))
    root, height = rng.uniform(0.65, 0.82), rng.uniform(0.15, 0.8)
    share, tip = rng.uniform(0.4, 0.6), rng.uniform(0.4, 0.9)
    bore = rng.uniform(0.2, 0.45) if rng.random() < 0.4 and teeth <= 10 else 0.0
    pitch = 2 * np.pi / teeth
    half = share * pitch / 2
    tooth = np.array([(root, -half), (1.0, -half * tip), (1.0, half * tip), (root, half)])
    profile = np.concatenate([[(r, a + k * pitch) for r, a in tooth] for k in range(teeth)])
    points = _polar(profile)

    def outline(corners: int) -> CrossSection:
        wheel = CrossSection([points])
        return wheel - disc(bore, max(corners, 10)) if bore else wheel

    part = prism(outline, height)
    if rng.random() < 0.3 and not bore:
        hub = rng.uniform(0.25, 0.5)
        part = join(part, prism(lambda n: disc(hub, n + 4), height * rng.uniform(1.4, 2.5)))
    return part


def star(rng: np.random.Generator) -> Part:
    """Spikes about a middle; it may narrow upwards."""
    spikes, inner = int(rng.integers(3, 9)), rng.uniform(0.3, 0.7)
    angles = np.pi * np.arange(2 * spikes) / spikes
    points = _polar(np.column_stack([np.where(np.arange(2 * spikes) % 2, inner, 1.0), angles]))
    corner = rng.uniform(0.02, 0.06) if rng.random() < 0.5 else 0.0

    def outline(corners: int) -> CrossSection:
        region = CrossSection([points])
        return rounded(region, corner, corners) if corner else region

    top = rng.uniform(0.4, 0.9) if rng.random() < 0.3 else 1.0
    return prism(outline, rng.uniform(0.2, 0.9), top)


def letter(rng: np.random.Generator) -> Part:
    """A block letter of straight strokes."""
    strokes = LETTERS[sorted(LETTERS)[rng.integers(len(LETTERS))]]
    width, wide, height = rng.uniform(0.4, 0.8), rng.uniform(0.8, 1.6), rng.uniform(0.4, 1.6)
    ends = ((np.array([x0 * wide, y0]), np.array([x1 * wide, y1])) for x0, y0, x1, y1 in strokes)
    return join(*(stroke(start, end, width, height) for start, end in ends))


def rounded_polygon(rng: np.random.Generator) -> Part:
    """A convex prism with rounded edges, that may narrow upwards: tiles, soap, boxes, pyramids."""
    sides = int(rng.integers(3, 9))
    angles = 2 * np.pi * (np.arange(sides) + rng.uniform(-0.25, 0.25, sides)) / sides
    stretch = np.array([1.0, rng.uniform(0.5, 1.0)])
    points = _polar(np.column_stack([np.ones(sides), angles])) * stretch
    corner = rng.uniform(0.05, 0.2) if rng.random() < 0.7 else 0.0

    def outline(corners: int) -> CrossSection:
        region = CrossSection([points])
        return rounded(region, corner, corners) if corner else region

    return prism(outline, rng.uniform(0.2, 2.5), rng.uniform(0.3, 0.9) if rng.random() < 0.4 else 1.0)


def cookie(rng: np.random.Generator) -> Part:
    """A smooth outline with random lobes."""
    angles = np.linspace(0.0, 2 * np.pi, 48, endpoint=False)
    radius = np.ones_like(angles)
    for order in range(2, 6):
        radius += rng.uniform(0.0, 0.8 / order) * np.cos(order * angles + rng.uniform(0, 2 * np.pi))
    if radius.min() < 0.25:
        raise Unsuitable("next to nothing in the middle")
    points = _polar(np.column_stack([radius, angles]))
    return prism(lambda corners: CrossSection([points[:: 1 if corners > 8 else 2]]), rng.uniform(0.25, 1.2))


def bolt(rng: np.random.Generator) -> Part:
    """A bolt: a head with flat sides and a shank."""
    sides, shank, length = chosen(rng, (4, 6, 6, 8)), rng.uniform(0.4, 0.7), rng.uniform(0.8, 4.0)
    head = rng.uniform(0.4, 1.0)
    return join(
        prism(lambda _: CrossSection([polygon(sides)]), head),
        prism(lambda n: disc(shank, n + n // 2), length).moved((0.0, 0.0, (head + length) / 2 - 0.05)),
    )


def _polar(points: Points) -> Points:
    """(N, 2) of radius and angle, as x and y."""
    return np.column_stack([points[:, 0] * np.cos(points[:, 1]), points[:, 0] * np.sin(points[:, 1])])
