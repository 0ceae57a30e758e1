"""Thin walls: trays, boxes, channels, half pipes."""

from __future__ import annotations

import itertools

import numpy as np
from manifold3d import CrossSection

from grasp_sim.objects.shapes.blocks import box, hull
from grasp_sim.objects.shapes.outlines import stroke
from grasp_sim.objects.shapes.part import Part, Points, Unsuitable, join
from grasp_sim.objects.shapes.revolving import shell


def tray(rng: np.random.Generator) -> Part:
    """A floor and four walls, upright or leaning outwards."""
    return _open_box(rng.uniform(0.5, 1.0), rng.uniform(0.12, 0.35), rng.uniform(0.03, 0.06), rng.uniform(0.0, 0.15))


def open_box(rng: np.random.Generator) -> Part:
    """A deep box, with up to two partitions."""
    width, height, thick = rng.uniform(0.4, 1.0), rng.uniform(0.35, 1.0), rng.uniform(0.04, 0.08)
    part = _open_box(width, height, thick, 0.0)
    walls = [part]
    if rng.random() < 0.4:
        walls.append(box(thick, width - thick, height * 0.8).moved((rng.uniform(-0.2, 0.2), 0.0, 0.4 * height)))
    if rng.random() < 0.25:
        walls.append(box(1.0 - thick, thick, height * 0.7).moved((0.0, rng.uniform(-0.2, 0.2) * width, 0.35 * height)))
    return join(*walls)


def channel(rng: np.random.Generator) -> Part:
    """A bent strip, extruded: U, L, Z, V, W, C and I sections."""
    lines = {
        "U": [(-1, 1), (-1, 0), (1, 0), (1, 1)],
        "L": [(0, 1), (0, 0), (1.2, 0)],
        "Z": [(-1, 1), (0, 1), (0, -1), (1, -1)],
        "V": [(-1, 1), (0, 0), (1, 1)],
        "W": [(-1.5, 1), (-0.75, 0), (0, 1), (0.75, 0), (1.5, 1)],
        "C": [(0.6, 1), (1, 1), (1, 0), (-1, 0), (-1, 1), (-0.6, 1)],
        "S": [(-1, 1), (-0.5, 1), (0, 0), (0.5, 1), (1, 1)],
    }
    kind = sorted(lines)[rng.integers(len(lines))]
    line = np.array(lines[kind]) * (1.0, rng.uniform(0.5, 1.6))
    thick = rng.uniform(0.12, 0.25)
    length = rng.uniform(0.6, 5.0)
    return join(*(stroke(a, b, thick, length) for a, b in itertools.pairwise(line)))


def half_pipe(rng: np.random.Generator) -> Part:
    """A part of a pipe's wall: gutters, shells, arches; up to a C that nearly closes."""
    opening, wall, length = rng.uniform(0.5, 1.7) * np.pi, rng.uniform(0.1, 0.3), rng.uniform(0.3, 3.5)
    outer, inner = np.array([(1.0, 0.0), (1.0, length)]), np.array([(1.0 - wall, 0.0), (1.0 - wall, length)])
    sectors = 16
    whole = shell(outer, inner, False, sectors)
    used = max(4, round(opening / (2 * np.pi) * sectors))
    solid = CrossSection([np.concatenate([outer, inner[::-1]])]).revolve(6 * sectors, 360 * used / sectors)
    return Part(solid, whole.pieces[:used])


def _open_box(width: float, height: float, thick: float, lean: float) -> Part:
    """Of length 1 at the floor; `lean` is how far each wall leans outwards."""
    if thick * 4 > min(width, height * 4):
        raise Unsuitable("walls that fill the box")
    low, high = _rectangle(1.0, width, 0.0), _rectangle(1.0 + 2 * lean, width + 2 * lean, height)
    low_in = _rectangle(1.0 - 2 * thick, width - 2 * thick, 0.0)
    high_in = _rectangle(1.0 + 2 * lean - 2 * thick, width + 2 * lean - 2 * thick, height)
    pieces = []
    for k in range(4):
        pair = [k, (k + 1) % 4]
        pieces.append(np.concatenate([low[pair], high[pair], low_in[pair], high_in[pair]]))
    share = thick / height
    lifted = low_in + (high_in - low_in) * share
    pieces.append(np.concatenate([low_in, lifted]))
    beyond = low_in + (high_in - low_in) * 1.01
    solid = hull(np.concatenate([low, high])).solid - hull(np.concatenate([lifted, beyond])).solid
    return Part(solid, tuple(pieces))


def _rectangle(x: float, y: float, z: float) -> Points:
    return np.array([(-x, -y, 2 * z), (x, -y, 2 * z), (x, y, 2 * z), (-x, y, 2 * z)]) / 2
