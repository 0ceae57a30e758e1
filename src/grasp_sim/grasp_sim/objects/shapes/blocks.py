"""Convex building blocks, each one piece."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from manifold3d import Manifold
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.transform import Rotation

from grasp_sim.objects.shapes.finished import directions
from grasp_sim.objects.shapes.part import Part, Points
from grasp_sim.objects.shapes.sections import COARSE, FINE, polygon, ring

BALL = 400
"""Corners of a ball for the eye."""
PIECE_BALL = 36
CUTTER = 8
"""Corners of a round cutter: each side of it makes a piece."""


def hull(points: Points, piece: Points | None = None) -> Part:
    """The hull of points (N, 3); `piece` has fewer of them."""
    solid = Manifold.hull_points(np.ascontiguousarray(points))
    return Part(solid, (points if piece is None else piece,))


def box(x: float, y: float, z: float) -> Part:
    """A box about the origin."""
    return hull(np.array(list(itertools.product((-0.5, 0.5), repeat=3))) * (x, y, z))


def wedge(x: float, y: float, z: float, top: float) -> Part:
    """A box whose top is as long (along x) as a share of its bottom."""
    corners = np.array(list(itertools.product((-0.5, 0.5), repeat=3))) * (x, y, z)
    return hull(corners * np.where(corners[:, 2:] > 0, (top, 1.0, 1.0), 1.0))


def cylinder(radius: float, height: float, top: float | None = None, sides: int | None = None) -> Part:
    """A cylinder or frustum about the z axis, or a prism with so many sides."""
    ends = ((-height / 2, radius), (height / 2, radius if top is None else top))

    def rings(section: Points) -> Points:
        return np.concatenate([np.column_stack([section * r, np.full(len(section), z)]) for z, r in ends])

    return hull(rings(polygon(sides))) if sides else hull(rings(ring(FINE)), rings(ring(COARSE)))


def ball(x: float, y: float, z: float, exponent: float = 2.0) -> Part:
    """An ellipsoid of these half axes, or a superellipsoid between it and a box."""
    if exponent == 2.0:
        return hull(sphere(BALL) * (x, y, z), sphere(PIECE_BALL) * (x, y, z))
    fine, coarse = (
        d / (np.abs(d) ** exponent).sum(axis=1, keepdims=True) ** (1 / exponent)
        for d in (directions(count) for count in (BALL, PIECE_BALL))
    )
    grow = (_volume(fine) / _volume(coarse)) ** (1 / 3)
    return hull(fine * (x, y, z), coarse * grow * np.array([x, y, z]))


def limb(start: ArrayLike, end: ArrayLike, first: float, last: float) -> Part:
    """The hull of two balls: a tapered capsule."""
    ends = ((np.asarray(start, dtype=np.float64), first), (np.asarray(end, dtype=np.float64), last))
    fine, coarse = (
        np.concatenate([center + radius * sphere(count) for center, radius in ends])
        for count in (BALL // 4, PIECE_BALL * 2 // 3)
    )
    return hull(fine, coarse)


@lru_cache
def sphere(count: int) -> Points:
    """(count, 3) corners of a polyhedron with the volume of the unit ball."""
    points = directions(count)
    return points * (4 / 3 * np.pi / _volume(points)) ** (1 / 3)


def drill(radius: float, height: float) -> Part:
    """A cylinder about z to cut with."""
    part = cylinder(radius, height)
    section = ring(CUTTER) * radius
    piece = np.concatenate([np.column_stack([section, np.full(CUTTER, z)]) for z in (-height / 2, height / 2)])
    return Part(part.solid, (piece,))


def scoop(radius: float) -> Part:
    """A ball to cut with."""
    golden = (1 + 5**0.5) / 2
    corners = [list(c) for c in itertools.product((-1.0, 1.0), repeat=3)]
    for a, b in itertools.product((-1 / golden, 1 / golden), (-golden, golden)):
        corners += [[0.0, a, b], [a, b, 0.0], [b, 0.0, a]]
    dodecahedron = np.array(corners) / 3**0.5  # twelve faces
    grow = (4 / 3 * np.pi / _volume(dodecahedron)) ** (1 / 3)
    return Part(ball(radius, radius, radius).solid, (dodecahedron * grow * radius,))


def turn(*angles: float, axes: str = "xyz") -> NDArray[np.float64]:
    """(3, 3) of turns about fixed axes, radians."""
    return np.asarray(Rotation.from_euler(axes, list(angles) if len(angles) > 1 else angles[0]).as_matrix())


def any_turn(rng: np.random.Generator) -> NDArray[np.float64]:
    """(3, 3) a rotation, all equally likely."""
    return np.asarray(Rotation.from_quat(rng.normal(size=4)).as_matrix())


def chosen(rng: np.random.Generator, options: Sequence[int]) -> int:
    """One of some numbers."""
    return int(options[int(rng.integers(len(options)))])


def _volume(points: Points) -> float:
    return float(Manifold.hull_points(np.ascontiguousarray(points)).volume())
