"""Solids through rings of points: revolved and swept ones.

Each is made twice: finely for the eye, and coarsely for the pieces. The coarse rings are a little larger, so that both
hold the same volume.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from functools import lru_cache

import numpy as np
from manifold3d import CrossSection, Manifold, Mesh64
from numpy.typing import ArrayLike, NDArray

from grasp_sim.objects.shapes.part import Part, Points, Unsuitable

FINE = 44
"""Corners of a round section for the eye; like `COARSE` it has one at 45 degrees."""
COARSE = 12
"""Corners of a round section of a piece; three such rings make one."""
TUBE = 20
"""Corners of a tube's section for the eye."""
FINEST = 2**7
"""Corners to measure the area of a curve by."""
TOUCH = 1.05
"""Clearance between the turns of a tube, in diameters."""

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
    faces = [
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


def revolved(profile: Points, section: Callable[[int], Points] = ring, pieces: int = 20) -> Part:
    """A solid of revolution about the z axis, or of another convex section whose size follows the profile.

    Args:
        profile: (N, 2) radius and height, upwards; steps (equal heights) are allowed.
        section: Its outline for radius 1 with so many corners, (corners, 2).
        pieces: At most so many.
    """
    solid = loft(_rings(profile, section(FINE)))
    tolerance = 0.01 * float(np.ptp(profile, axis=0).max())
    while True:
        coarse = _simplified(profile, tolerance)
        runs = _concave_runs(coarse)
        if len(runs) <= pieces:
            break
        tolerance *= 1.4
    corners = section(COARSE)
    return Part(solid, tuple(_rings(run, corners).reshape(-1, 3) for run in runs))


def shell(
    outer: Points, inner: Points, floor: bool, sectors: int = 12, segments: int = 1, section: int | None = None
) -> Part:
    """A revolved shell about the z axis, open at the top.

    Args:
        outer: (N, 2) radius and height of the outside of the wall, upwards.
        inner: (N, 2) the same of the inside.
        floor: There is a floor, between the first points of both; otherwise a hole.
        sectors: Pieces around.
        segments: Pieces from the bottom to the top.
        section: As many flat sides in place of a round section; there are as many sectors then.
    """
    sectors = section or sectors
    loop = [outer, inner[::-1]]
    if floor:
        loop = [np.array([[0.0, outer[0, 1]]]), *loop, np.array([[0.0, inner[0, 1]]])]
    solid = CrossSection([np.concatenate(loop)]).revolve(section or FINE)
    turn = 2 * np.pi / sectors
    angles = np.array([0.0, turn]) if section else np.array([0.0, turn / 2, turn])
    # Of equal area: the outside has a corner at each of the angles, the inside one at the first and the last.
    outside, inside = (1.0, 1.0) if section else (np.sqrt(a / np.sin(a)) for a in (turn / 2, turn))
    knots = np.round(np.linspace(0, len(outer) - 1, segments + 1)).astype(int)
    pieces: list[Points] = []
    for a, b in itertools.pairwise(knots):
        rows = sorted({a, (a + b) // 2, b})
        points = [_turned(outer[rows] * (outside, 1.0), angle) for angle in angles]
        edge = _sunk(inner[a : b + 1]) * (inside, 1.0)
        points += [_turned(edge, angle) for angle in angles[[0, -1]]]
        wedge = np.concatenate(points)
        pieces += [_spun(wedge, turn * i) for i in range(sectors)]
    if floor:
        corners = polygon(section) if section else ring(COARSE)
        base = np.array([[*(corner * outer[0, 0]), z] for corner in corners for z in (outer[0, 1], inner[0, 1])])
        pieces.append(_spun(base, -turn / 2) if section else base)
    return Part(solid, tuple(pieces))


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
        end_points: The start, the end is a point.

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


def _rings(profile: Points, section: Points) -> NDArray[np.float64]:
    heights = np.broadcast_to(profile[:, None, 1:], (len(profile), len(section), 1))
    return np.concatenate([profile[:, None, :1] * section, heights], axis=2)


def _turned(points: Points, angle: float) -> Points:
    """(N, 3) of radii and heights (N, 2), at an angle about z."""
    return np.column_stack([points[:, 0] * np.cos(angle), points[:, 0] * np.sin(angle), points[:, 1]])


def _sunk(line: Points) -> Points:
    """The ends (2, 2) of a line, moved across so that the chord between them has as much on either side."""
    along = line[-1] - line[0]
    across = np.array([-along[1], along[0]]) / np.linalg.norm(along)
    return line[[0, -1]] + across * ((line - line[0]) @ across).mean()


def _spun(points: Points, angle: float) -> Points:
    c, s = np.cos(angle), np.sin(angle)
    return points @ np.array([[c, s, 0.0], [-s, c, 0.0], [0.0, 0.0, 1.0]])


def _simplified(line: Points, tolerance: float) -> Points:
    """Fewer points of a polyline, none of the others further off than a tolerance (Douglas and Peucker)."""
    keep = np.zeros(len(line), dtype=bool)
    keep[[0, -1]] = True
    stack = [(0, len(line) - 1)]
    while stack:
        a, b = stack.pop()
        if b - a < 2:
            continue
        along = line[b] - line[a]
        between = line[a + 1 : b] - line[a]
        length = max(float(np.hypot(*along)), 1e-12)
        off = np.abs(along[0] * between[:, 1] - along[1] * between[:, 0]) / length
        if off.max() > tolerance:
            middle = a + 1 + int(off.argmax())
            keep[middle] = True
            stack += [(a, middle), (middle, b)]
    return line[keep]


def _concave_runs(profile: Points) -> list[Points]:
    """Runs of up to three points that bulge outwards: a solid of revolution over each of them is convex."""
    runs: list[list[int]] = []
    for k in range(len(profile) - 1):
        if profile[k + 1, 1] - profile[k, 1] < 1e-9:  # a step has no volume, and whatever it joins is not convex
            continue
        if runs and runs[-1][-1] == k and len(runs[-1]) < 3:
            (r0, z0), (r1, z1), (r2, z2) = profile[[runs[-1][-2], k, k + 1]]
            if (r1 - r0) * (z2 - z1) >= (r2 - r1) * (z1 - z0):
                runs[-1].append(k + 1)
                continue
        runs.append([k, k + 1])
    return [profile[run] for run in runs]


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
