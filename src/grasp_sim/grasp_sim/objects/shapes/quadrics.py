"""Superquadrics: convex ones, and tapered and bent ones."""

from __future__ import annotations

import numpy as np

from grasp_sim.objects.shapes.blocks import hull
from grasp_sim.objects.shapes.part import Part
from grasp_sim.objects.shapes.sections import ring, tapered
from grasp_sim.objects.shapes.sweeping import swept


def superquadric(rng: np.random.Generator) -> Part:
    """Everything between balls, cylinders, boxes and octahedra; tapered along its length at times."""
    upright, around = rng.uniform(1.2, 6.0, 2)
    axes = rng.uniform(0.3, 1.0, 3)
    taper = rng.uniform(0.4, 1.0) if rng.random() < 0.5 else 1.0
    clouds = []
    for levels, corners in ((17, 36), (5, 12)):
        angles = np.linspace(-np.pi / 2, np.pi / 2, levels)
        radius, z = np.abs(np.cos(angles)) ** (2 / upright), np.sign(angles) * np.abs(np.sin(angles)) ** (2 / upright)
        radius *= 1 + (taper - 1) * (z + 1) / 2
        section = ring(corners, around)
        clouds.append(np.array([[*(r * point), h] for r, h in zip(radius, z) for point in section]) * axes)
    return hull(clouds[0], clouds[0])


def bent_superquadric(rng: np.random.Generator) -> Part:
    """A superquadric along an arc: beans, sausages, bricks that gave way."""
    bend, length = rng.uniform(0.5, 2.6), 1.0
    width, thick = rng.uniform(0.12, 0.3), rng.uniform(0.12, 0.3)
    end = rng.uniform(2.0, 8.0)
    last = rng.uniform(0.4, 1.0)
    s = np.sin(np.linspace(-np.pi / 2, np.pi / 2, 25) * 0.97)
    full = (1 - np.abs(s) ** end) ** (1 / end) * (1 + (last - 1) * (s + 1) / 2)
    angles = bend * s / 2
    path = (length / bend) * np.column_stack([np.sin(angles), np.cos(angles), np.zeros_like(angles)])
    share = np.linspace(0.0, 1.0, len(s))
    section = tapered(rng.uniform(2.0, 6.0), *zip(share, thick * full, width * full))
    return swept(path, section, 10, up=(0.0, 0.0, 1.0))
