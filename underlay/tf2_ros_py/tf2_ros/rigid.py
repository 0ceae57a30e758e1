"""Rigid transforms as plain tuples.

A lookup composes a handful of them; at that size Python floats are several times faster than arrays.
"""

from __future__ import annotations

import math
from typing import NamedTuple

Vector = tuple[float, float, float]
Quaternion = tuple[float, float, float, float]  # x, y, z, w


class Rigid(NamedTuple):
    """Takes points from a child frame to its parent: ``parent_from_child``."""

    translation: Vector
    rotation: Quaternion

    def __matmul__(self, other: Rigid) -> Rigid:
        x, y, z = rotate(self.rotation, other.translation)
        a, b, c = self.translation
        return Rigid((a + x, b + y, c + z), multiply(self.rotation, other.rotation))

    def inverse(self) -> Rigid:
        """``child_from_parent``."""
        x, y, z, w = self.rotation
        back = (-x, -y, -z, w)
        a, b, c = rotate(back, self.translation)
        return Rigid((-a, -b, -c), back)


IDENTITY = Rigid((0.0, 0.0, 0.0), (0.0, 0.0, 0.0, 1.0))


def multiply(p: Quaternion, q: Quaternion) -> Quaternion:
    """Hamilton product: the rotation q followed by the rotation p."""
    a, b, c, d = p
    x, y, z, w = q
    return (
        d * x + a * w + b * z - c * y,
        d * y - a * z + b * w + c * x,
        d * z + a * y - b * x + c * w,
        d * w - a * x - b * y - c * z,
    )


def rotate(q: Quaternion, v: Vector) -> Vector:
    """Rotate a vector by a unit quaternion: v + 2w(u x v) + 2u x (u x v), with q = (u, w)."""
    a, b, c, w = q
    x, y, z = v
    s, t, u = 2 * (b * z - c * y), 2 * (c * x - a * z), 2 * (a * y - b * x)
    return (
        x + w * s + b * u - c * t,
        y + w * t + c * s - a * u,
        z + w * u + a * t - b * s,
    )


def interpolate(start: Rigid, end: Rigid, fraction: float) -> Rigid:
    """Between two transforms: linear in the translation, along the shorter arc in the rotation (slerp)."""
    translation = tuple(p + fraction * (q - p) for p, q in zip(start.translation, end.translation))
    cosine = sum(p * q for p, q in zip(start.rotation, end.rotation))
    sign = -1.0 if cosine < 0 else 1.0
    angle = math.acos(min(1.0, abs(cosine)))
    if angle < 1e-9:
        weights = (1.0, 0.0)
    else:
        weights = (math.sin((1 - fraction) * angle) / math.sin(angle), math.sin(fraction * angle) / math.sin(angle))
    rotation = tuple(weights[0] * p + sign * weights[1] * q for p, q in zip(start.rotation, end.rotation))
    return Rigid(translation, rotation)
