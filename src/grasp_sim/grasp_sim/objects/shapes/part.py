"""A solid under construction: how it looks, and the convex pieces that stand in for it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from manifold3d import Manifold, OpType
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import ConvexHull, QhullError

Points = NDArray[np.float64]
"""(N, 3), or (N, 2) in a plane."""
SLIVER = 1e-6
"""Volume of a piece that is not worth keeping, as a share of its box."""


class Unsuitable(Exception):
    """These numbers do not make a good shape: others are to be drawn."""


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A solid and its convex pieces."""

    solid: Manifold
    pieces: tuple[Points, ...]
    """(N, 3) each: its hull is one of the convex pieces."""

    def moved(self, translation: ArrayLike = (0.0, 0.0, 0.0), rotation: ArrayLike | None = None) -> Part:
        """The part, turned about the origin by a (3, 3) matrix and then shifted; the matrix may also stretch."""
        matrix = np.eye(3) if rotation is None else np.asarray(rotation, dtype=np.float64)
        shift = np.asarray(translation, dtype=np.float64)
        solid = self.solid.transform(np.column_stack([matrix, shift]))
        return Part(solid, tuple(piece @ matrix.T + shift for piece in self.pieces))

    def stretched(self, x: float, y: float, z: float) -> Part:
        """The part, scaled along each axis."""
        return self.moved(rotation=np.diag([x, y, z]))

    def without(self, cutter: Part, keep_pieces: bool = False) -> Part:
        """The part with another one cut out of it; the cutter's pieces should have few faces.

        Args:
            cutter: What is cut out.
            keep_pieces: The pieces have the cut in them already.
        """
        pieces: Iterable[Points] = self.pieces
        if not keep_pieces:
            for solid in cutter.pieces:
                planes = faces(solid)
                pieces = [rest for piece in pieces for rest in _cut(piece, planes)]
        return Part(self.solid - cutter.solid, tuple(pieces))


def join(*parts: Part) -> Part:
    """The union of parts."""
    solid = Manifold.batch_boolean([part.solid for part in parts], OpType.Add)
    return Part(solid, tuple(piece for part in parts for piece in part.pieces))


def faces(points: Points) -> NDArray[np.float64]:
    """(F, 4) planes of a hull: n . x + d <= 0 inside, each once."""
    equations = ConvexHull(points).equations
    _, first = np.unique(np.round(equations, 6), axis=0, return_index=True)
    return equations[np.sort(first)]


def clip(points: Points, plane: NDArray[np.float64]) -> Points | None:
    """The part of a hull where n . x + d <= 0 (4,); None if next to nothing is left."""
    heights = points @ plane[:3] + plane[3]
    tolerance = 1e-9 * max(1.0, float(np.abs(points).max()))
    if (heights <= tolerance).all():
        return points
    if (heights >= -tolerance).all():
        return None
    edges = ConvexHull(points).simplices[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2)
    edges = np.concatenate([edges, edges[:, ::-1]])
    edges = edges[(heights[edges[:, 0]] < 0) & (heights[edges[:, 1]] > 0)]
    share = heights[edges[:, :1]] / (heights[edges[:, :1]] - heights[edges[:, 1:]])
    crossings = points[edges[:, 0]] * (1 - share) + points[edges[:, 1]] * share
    rest = np.concatenate([points[heights <= 0], crossings])
    try:
        hull = ConvexHull(rest)
    except QhullError:
        return None
    return rest[hull.vertices] if hull.volume > SLIVER * float(np.prod(np.ptp(points, axis=0))) else None


def _cut(piece: Points, planes: NDArray[np.float64]) -> list[Points]:
    """Convex pieces of a hull outside a convex solid."""
    outside: list[Points] = []
    rest: Points | None = piece
    for plane in planes:
        assert rest is not None
        beyond = clip(rest, -plane)
        if beyond is not None:
            outside.append(beyond)
        rest = clip(rest, plane)
        if rest is None:  # nothing of the piece is inside
            return [piece]
    return outside
