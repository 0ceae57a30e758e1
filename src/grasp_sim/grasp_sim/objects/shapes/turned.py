"""Solids from a lathe: bottles, vases, knobs, spindles."""

from __future__ import annotations

from functools import partial

import numpy as np
from scipy.interpolate import PchipInterpolator

from grasp_sim.objects.shapes.blocks import chosen
from grasp_sim.objects.shapes.part import Part, Points
from grasp_sim.objects.shapes.revolving import revolved
from grasp_sim.objects.shapes.sections import polygon, ring


def bottle(rng: np.random.Generator) -> Part:
    """A body, a shoulder and a neck, with a cap or a lip; round, oval or nearly square."""
    radius, height = 1.0, rng.uniform(1.5, 5.0)
    neck, neck_height = rng.uniform(0.2, 0.6), rng.uniform(0.15, 0.5) * height
    shoulder = rng.uniform(0.1, 0.6) * height
    foot, waist = rng.uniform(0.8, 1.0), rng.uniform(0.75, 1.0)
    share = np.linspace(0.0, 1.0, 8)
    blend = 0.5 - 0.5 * np.cos(np.pi * share ** rng.uniform(0.6, 1.6))
    profile = [
        (0.0, 0.0),
        (foot * radius, 0.0),
        (radius, 0.06 * height),
        (waist * radius, height / 2),
        (radius, height),
    ]
    profile += [(radius + (neck - radius) * b, height + shoulder * s) for b, s in zip(blend[1:], share[1:])]
    top = height + shoulder + neck_height
    if rng.random() < 0.7:
        lip, thick = neck * rng.uniform(1.1, 1.5), rng.uniform(0.2, 0.9) * neck_height
        profile += [(neck, top - thick), (lip, top - thick), (lip, top)]
    else:
        profile += [(neck, top)]
    part = revolved(np.array([*profile, (0.0, top)]), _section(rng))
    return part.stretched(1.0, rng.uniform(0.45, 1.0), 1.0) if rng.random() < 0.4 else part


def vase(rng: np.random.Generator) -> Part:
    """A smooth outline through a few random radii."""
    knots = chosen(rng, (4, 5, 6))
    radii = rng.uniform(0.25, 1.0, knots)
    height = rng.uniform(1.0, 3.5)
    curve = PchipInterpolator(np.linspace(0.0, height, knots), radii)
    z = np.linspace(0.0, height, 22)
    return revolved(np.array([(0.0, 0.0), *zip(curve(z), z), (0.0, height)]), _section(rng))


def knob(rng: np.random.Generator) -> Part:
    """A flange, a stem and a head: door knobs, stamps, mushrooms, plugs."""
    head, stem = 1.0, rng.uniform(0.25, 0.7)
    stem_height, head_height = rng.uniform(0.3, 1.5), rng.uniform(0.5, 1.8)
    profile = [(0.0, 0.0)]
    if rng.random() < 0.6:
        flange, thick = rng.uniform(1.15, 2.2) * stem, rng.uniform(0.1, 0.3)
        profile += [(flange, 0.0), (flange, thick), (stem, thick)]
        stem_height += thick
    else:
        profile += [(stem, 0.0)]
    profile += [(stem, stem_height)]
    low = rng.uniform(-0.5 * np.pi, 0.0)
    angles = np.linspace(low, np.pi / 2, 10)
    start = np.sin(low)
    for angle in angles:
        r, z = head * np.cos(angle), stem_height + head_height * (np.sin(angle) - start) / (1 - start)
        if r > stem or angle > 0:
            profile.append((max(r, 0.0) if angle < np.pi / 2 else 0.0, z))
    return revolved(np.array(profile), _section(rng))


def spindle(rng: np.random.Generator) -> Part:
    """Beads, collars, cones and shafts, one upon the other: chessmen, balusters, skittles."""
    profile: list[tuple[float, float]] = [(0.0, 0.0)]
    z, radius = 0.0, rng.uniform(0.7, 1.0)
    profile.append((radius, 0.0))
    for _ in range(rng.integers(3, 6)):
        kind, height = rng.integers(4), rng.uniform(0.2, 1.0)
        if kind == 0:  # a shaft
            radius = rng.uniform(0.3, 0.9)
            profile += [(radius, z), (radius, z + height)]
        elif kind == 1:  # a cone
            profile.append((radius, z))
            radius = rng.uniform(0.25, 0.9)
            profile.append((radius, z + height))
        elif kind == 2:  # a bead
            bulge = rng.uniform(0.5, 1.0)
            angles = np.linspace(-1.1, 1.1, 7)
            profile += [(bulge * np.cos(a), z + height * (0.5 + 0.5 * np.sin(a) / np.sin(1.1))) for a in angles]
            radius = bulge * np.cos(1.1)
        else:  # a collar
            rim, height = rng.uniform(0.6, 1.0), 0.4 * height
            profile += [(rim, z), (rim, z + height)]
            radius = min(radius, rim)
        z += height
    if rng.random() < 0.5:  # a ball on top
        ball = rng.uniform(0.3, 0.6)
        angles = np.linspace(-1.0, np.pi / 2, 8)[:-1]
        profile += [(ball * np.cos(a), z + ball * (np.sin(a) + np.sin(1.0))) for a in angles]
        z += ball * (1 + np.sin(1.0))
    return revolved(np.array([*profile, (0.0, z)]), _section(rng))


def _section(rng: np.random.Generator) -> partial[Points]:
    """Round mostly."""
    kind = rng.random()
    if kind < 0.65:
        return partial(ring)
    if kind < 0.85:
        return partial(ring, exponent=rng.uniform(2.5, 6.0))
    return partial(_flat_sides, sides=chosen(rng, (5, 6, 8)))


def _flat_sides(corners: int, sides: int) -> Points:
    return polygon(sides)
