"""Solids and shells of revolution, from their profiles."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
from manifold3d import CrossSection
from numpy.typing import NDArray

from grasp_sim.objects.shapes.lofts import loft
from grasp_sim.objects.shapes.part import Part, Points
from grasp_sim.objects.shapes.sections import COARSE, FINE, polygon, ring


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
