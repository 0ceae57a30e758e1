"""Solids through rings of points."""

from __future__ import annotations

import numpy as np
from manifold3d import Manifold, Mesh64
from numpy.typing import NDArray

from grasp_sim.objects.shapes.part import Unsuitable


def loft(rings: NDArray[np.float64], closed: bool = False) -> Manifold:
    """The solid through rings (M, K, 3), counter-clockwise about the way from one to the next.

    Its ends are flat, or points where all of a ring is one; or the last ring is followed by the first.

    Raises:
        Unsuitable: The surface is no closed one.
    """
    first = 0 if closed or np.ptp(rings[0], axis=0).any() else 1
    last = len(rings) if closed or np.ptp(rings[-1], axis=0).any() else len(rings) - 1
    body = rings[first:last]
    count, corners = body.shape[:2]
    index = np.arange(count * corners).reshape(count, corners)
    ahead = np.roll(index, -1, axis=1)
    below, above = (index, np.roll(index, -1, axis=0)) if closed else (index[:-1], index[1:])
    below_ahead, above_ahead = (ahead, np.roll(ahead, -1, axis=0)) if closed else (ahead[:-1], ahead[1:])
    faces: list[NDArray[np.intp]] = [
        np.stack([below, below_ahead, above_ahead], axis=-1).reshape(-1, 3),
        np.stack([below, above_ahead, above], axis=-1).reshape(-1, 3),
    ]
    vertices = body.reshape(-1, 3)
    if not closed:
        start, end = len(vertices), len(vertices) + 1
        vertices = np.concatenate([vertices, rings[[0, -1]].mean(axis=1)])
        faces.append(np.column_stack([ahead[0], index[0], np.full(corners, start)]))
        faces.append(np.column_stack([index[-1], ahead[-1], np.full(corners, end)]))
    solid = Manifold(Mesh64(np.ascontiguousarray(vertices), np.concatenate(faces).astype(np.uint64)))
    if solid.is_empty() or solid.volume() <= 0:
        raise Unsuitable("a surface that is no closed one")
    return solid
