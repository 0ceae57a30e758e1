"""Tubes along curves: hooks, rings, springs, bananas, worms."""

from __future__ import annotations

import numpy as np
from scipy.interpolate import CubicSpline

from grasp_sim.objects.shapes.blocks import chosen
from grasp_sim.objects.shapes.part import Part, Points
from grasp_sim.objects.shapes.sections import Section, tapered
from grasp_sim.objects.shapes.sweeping import swept

UP = (0.0, 0.0, 1.0)


def hook(rng: np.random.Generator) -> Part:
    """A shank and a bow: coat hooks, canes, J and U bends."""
    shank, radius, opening = rng.uniform(0.3, 2.5), rng.uniform(0.4, 0.8), rng.uniform(0.6, 1.35) * np.pi
    other = rng.uniform(0.0, 0.8)
    bow = np.linspace(0.0, opening, 24)[1:-1]
    line = [(radius, y) for y in np.linspace(-shank, 0.0, 8)]
    line += [(radius * np.cos(a), radius * np.sin(a)) for a in bow]
    tip, ahead = np.array(line[-1]), np.array([-np.sin(opening), np.cos(opening)])
    line += [tuple(tip + ahead * step) for step in np.linspace(0.08, 0.08 + other, 6)]
    path = _evenly(np.column_stack([np.array(line), np.zeros(len(line))]), 40)
    return swept(path, _section(rng, 0.1, 0.22), 20, up=UP)


def ring(rng: np.random.Generator) -> Part:
    """A closed ring: round, oval, nearly square, wavy, flat or thick."""
    corners = chosen(rng, (2, 2, 3, 4, 5))
    wave = rng.uniform(0.0, 0.18) if corners > 2 else 0.0
    angles = np.linspace(0.0, 2 * np.pi, 60, endpoint=False)
    radius = 1 + wave * np.cos(corners * angles)
    path = np.column_stack([radius * np.cos(angles), rng.uniform(0.5, 1.0) * radius * np.sin(angles), 0 * angles])
    a, b = rng.uniform(0.09, 0.3, 2)
    exponent = chosen(rng, (2, 2, 4, 8))
    return swept(path, tapered(exponent, (0.0, a, b), (1.0, a, b)), 20, closed=True, up=UP)


def spring(rng: np.random.Generator) -> Part:
    """A coil of one to two turns, cylindrical or conical."""
    turns, wire = rng.uniform(1.0, 2.1), rng.uniform(0.12, 0.2)
    rise = rng.uniform(2.6, 4.5) * wire
    last = rng.uniform(0.5, 1.2)
    angles = np.linspace(0.0, 2 * np.pi * turns, 73)
    radius = np.linspace(1.0, last, len(angles))
    path = np.column_stack([radius * np.cos(angles), radius * np.sin(angles), rise * angles / (2 * np.pi)])
    return swept(path, _even(rng, wire, 1.0), 24, up=UP)


def banana(rng: np.random.Generator) -> Part:
    """A bent body, thick in the middle: bananas, horns, boomerangs, chillies."""
    bend = rng.uniform(0.6, 2.2)
    angles = np.linspace(-bend / 2, bend / 2, 29)
    path = np.column_stack([np.cos(angles), np.sin(angles), rng.uniform(-0.15, 0.15) * angles**2]) / bend
    thick, peak = rng.uniform(0.1, 0.2), rng.uniform(0.25, 0.75)
    first, last = thick * rng.uniform(0.15, 0.8, 2)
    share = np.linspace(0.0, 1.0, 15)
    up, down = np.clip(share / peak, 0, 1), np.clip((1 - share) / (1 - peak), 0, 1)
    size = np.where(share < peak, first + (thick - first) * up**0.6, last + (thick - last) * down**0.6)
    flat = rng.uniform(0.6, 1.0)
    return swept(path, tapered(chosen(rng, (2, 2, 3, 5)), *zip(share, size, size * flat)), 12, up=UP)


def worm(rng: np.random.Generator) -> Part:
    """A tube through random points in space: handles, branches, crazy straws."""
    count = chosen(rng, (3, 4, 5))
    points = np.cumsum(rng.normal(size=(count, 3)) * (0.35, 0.35, 0.2) + (0.6, 0.0, 0.0), axis=0)
    path = _evenly(CubicSpline(np.arange(count), points)(np.linspace(0, count - 1, 60)), 40)
    length = float(np.linalg.norm(np.diff(path, axis=0), axis=1).sum())
    return swept(path, _section(rng, 0.04 * length, 0.09 * length), 18)


def _evenly(path: Points, count: int) -> Points:
    way = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1))])
    steps = np.linspace(0.0, way[-1], count)
    return np.column_stack([np.interp(steps, way, path[:, k]) for k in range(3)])


def _section(rng: np.random.Generator, least: float, most: float) -> Section:
    return _even(rng, rng.uniform(least, most), rng.uniform(0.5, 1.0))


def _even(rng: np.random.Generator, thick: float, last: float) -> Section:
    """Round or rectangular, tapering to a share of itself."""
    flat = rng.uniform(0.6, 1.0)
    exponent = chosen(rng, (2, 2, 3, 8))
    return tapered(exponent, (0.0, thick, thick * flat), (1.0, thick * last, thick * last * flat))
