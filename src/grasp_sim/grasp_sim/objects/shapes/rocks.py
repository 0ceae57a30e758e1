"""Stones and lumps: hulls of random points, clusters of them, and dented balls."""

from __future__ import annotations

import numpy as np
import trimesh
from manifold3d import Manifold, Mesh64
from numpy.typing import NDArray

from grasp_sim.objects.shapes.blocks import hull
from grasp_sim.objects.shapes.finished import MOST_CORNERS, directions
from grasp_sim.objects.shapes.part import Part, join

GRID = np.array([(i, j, 4 - i - j) for i in range(5) for j in range(5 - i)]) / 4
"""(15, 3) places in a triangle, by the shares of its corners."""


def rock(rng: np.random.Generator) -> Part:
    """The hull of random points: crystals, pebbles, cut stones."""
    return hull(_points(rng, int(rng.integers(8, MOST_CORNERS))))


def cluster(rng: np.random.Generator) -> Part:
    """Three to six stones, grown together."""
    parts: list[Part] = []
    center: NDArray[np.float64] = np.zeros(3)
    for _ in range(rng.integers(3, 7)):
        size = rng.uniform(0.35, 0.8)
        parts.append(hull(size * _points(rng, int(rng.integers(10, 24))) + center))
        direction = rng.normal(size=3) * (1.0, 1.0, 0.6)
        center = center + direction / np.linalg.norm(direction) * size * rng.uniform(0.5, 0.9)
    return join(*parts)


def boulder(rng: np.random.Generator) -> Part:
    """A ball with bumps and dents: potatoes, ginger, putty."""
    ball = trimesh.creation.icosphere(subdivisions=0)
    fine = trimesh.creation.icosphere(subdivisions=3)
    axes = rng.uniform(0.5, 1.0, 3)
    centers = directions(200)[rng.choice(200, int(rng.integers(5, 12)), replace=False)]
    heights, widths = rng.uniform(-0.35, 0.6, len(centers)), rng.uniform(0.3, 0.8, len(centers))
    away = np.arccos(np.clip(fine.vertices @ centers.T, -1.0, 1.0))
    radius = 1.0 + (heights * np.exp(-((away / widths) ** 2))).sum(axis=1)
    vertices = fine.vertices * np.maximum(radius, 0.35)[:, None] * axes
    solid = Manifold(Mesh64(np.ascontiguousarray(vertices), fine.faces.astype(np.uint64)))
    # Each triangle of the icosahedron, with the centre, is a piece.
    pieces = []
    for corners in ball.vertices[ball.faces]:
        samples = GRID @ corners
        samples /= np.linalg.norm(samples, axis=1, keepdims=True)
        nearest = (fine.vertices @ samples.T).argmax(axis=0)
        pieces.append(np.concatenate([vertices[nearest], np.zeros((1, 3))]))
    return Part(solid, tuple(pieces))


def _points(rng: np.random.Generator, count: int) -> np.ndarray:
    """(count, 3) about a ball, no two of them close to each other."""
    points = directions(count) + rng.normal(size=(count, 3)) * 0.25
    return points * rng.uniform(0.35, 1.0, 3)
