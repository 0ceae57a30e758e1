"""Tubes along paths."""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import ArrayLike, NDArray

from grasp_sim.objects.shapes.lofts import loft
from grasp_sim.objects.shapes.part import Part, Points, Unsuitable
from grasp_sim.objects.shapes.sections import COARSE, TUBE, Section

TOUCH = 1.05
"""Clearance between the turns of a tube, in diameters."""


def swept(
    path: Points,
    section: Section,
    pieces: int = 20,
    closed: bool = False,
    up: ArrayLike | None = None,
) -> Part:
    """A tube along a path.

    Args:
        path: (N, 3) points, finely; of a closed one the first is not repeated.
        section: Its outline at a share of the way; the first axis is the one that `up` becomes.
        pieces: At most so many.
        closed: The last point is followed by the first; the path should lie in a plane.
        up: (3,) a direction that is not along the path's start.

    Raises:
        Unsuitable: The tube touches itself.
    """
    steps = np.linspace(0.0, 1.0, len(path), endpoint=not closed)
    frames = _frames(path, closed, up)
    fine = _placed(path, frames, np.array([section(t, TUBE) for t in steps]))
    half = 0.5 * np.ptp(fine, axis=1).max()
    _refuse_touching(path, fine, closed, 2 * half * TOUCH)
    solid = loft(fine, closed)
    coarse = _placed(path, frames, np.array([section(t, COARSE) for t in steps]))
    wanted = min(pieces, len(path) // 2)
    knots = np.unique(np.round(np.linspace(0, len(path) - (0 if closed else 1), wanted + 1)).astype(int))
    groups = [(a, (a + b) // 2, b % len(path)) for a, b in itertools.pairwise(knots)]
    return Part(solid, tuple(coarse[list(group)].reshape(-1, 3) for group in groups))


def _frames(path: Points, closed: bool, up: ArrayLike | None) -> NDArray[np.float64]:
    """(N, 3, 2) columns across the path that turn as little as they can (double reflection, Wang et al. 2008)."""
    if closed:
        tangents = np.roll(path, -1, axis=0) - np.roll(path, 1, axis=0)
    else:
        tangents = np.gradient(path, axis=0)
    tangents = tangents / np.linalg.norm(tangents, axis=1, keepdims=True)
    start = np.asarray(up, dtype=np.float64) if up is not None else np.eye(3)[np.abs(tangents[0]).argmin()]
    start = start - (start @ tangents[0]) * tangents[0]
    axis = start / np.linalg.norm(start)
    frames = np.empty((len(path), 3, 2))
    for k in range(len(path)):
        if k:
            v = path[k] - path[k - 1]
            reflected = axis - 2 / (v @ v) * (v @ axis) * v
            tangent = tangents[k - 1] - 2 / (v @ v) * (v @ tangents[k - 1]) * v
            w = tangents[k] - tangent
            if w @ w > 1e-18:
                reflected = reflected - 2 / (w @ w) * (w @ reflected) * w
            axis = reflected
        frames[k, :, 0] = axis
        frames[k, :, 1] = np.cross(tangents[k], axis)
    return frames


def _placed(path: Points, frames: NDArray[np.float64], sections: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N, K, 3) of sections (N, K, 2)."""
    return path[:, None, :] + np.einsum("nij,nkj->nki", frames, sections)


def _refuse_touching(path: Points, rings: NDArray[np.float64], closed: bool, clearance: float) -> None:
    steps = np.linalg.norm(np.diff(path, axis=0, append=path[:1]), axis=1)
    way = np.concatenate([[0.0], np.cumsum(steps[:-1])])
    apart = np.abs(way[:, None] - way)
    if closed:
        apart = np.minimum(apart, steps.sum() - apart)
    gaps = np.linalg.norm(path[:, None] - path, axis=2)
    if (gaps[apart > 1.8 * clearance] < clearance).any():
        raise Unsuitable("a tube that touches itself")
    ahead = np.roll(rings, -1, axis=0) - rings
    forward = np.roll(path, -1, axis=0) - path
    dots = np.einsum("nki,ni->nk", ahead, forward)
    if (dots[: None if closed else -1] <= 0).any():  # the inside of a bend that is too tight runs backwards
        raise Unsuitable("a bend that is tighter than the tube is wide")
