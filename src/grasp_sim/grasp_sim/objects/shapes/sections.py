"""Outlines across a way: circles, superellipses, polygons.

Solids are made twice of them: finely for the eye, and coarsely for the pieces. Coarse ones are a little larger, so that
both hold the same volume.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np

from grasp_sim.objects.shapes.part import Points

FINE = 44
"""Corners of a round section for the eye; like the others it has one at 45 degrees."""
TUBE = 20
"""Corners of a tube's section for the eye."""
COARSE = 12
"""Corners of a round section of a piece; three such rings make one."""
FINEST = 2**7
"""Corners to measure the area of a curve by."""

Section = Callable[[float, int], Points]
"""(share of the way, corners) -> (corners, 2) in the plane across the way."""


@lru_cache
def ring(corners: int, exponent: float = 2.0) -> Points:
    """(corners, 2) points of a superellipse with half axes of 1: an ellipse (2), nearly a rectangle (8).

    The polygon has the area of the curve.
    """
    points = _superellipse(corners, exponent)
    return points * np.sqrt(_area(_superellipse(FINEST, exponent)) / _area(points))


def polygon(corners: int) -> Points:
    """(corners, 2) of a regular polygon within the unit circle."""
    angles = 2 * np.pi * (np.arange(corners) + 0.5) / corners
    return np.column_stack([np.cos(angles), np.sin(angles)])


def tapered(exponent: float, *radii: tuple[float, float, float]) -> Section:
    """A section with half axes that change along the way: (share of the way, one half axis, the other), ascending."""
    table = np.array(radii)

    def section(share: float, corners: int) -> Points:
        axes = [np.interp(share, table[:, 0], table[:, k]) for k in (1, 2)]
        return ring(corners, exponent) * np.array(axes)

    return section


def _superellipse(corners: int, exponent: float) -> Points:
    unit = polygon(corners)
    return np.sign(unit) * np.abs(unit) ** (2 / exponent)


def _area(points: Points) -> float:
    x, y = points.T
    return 0.5 * float(np.sum(x * np.roll(y, -1) - y * np.roll(x, -1)))
