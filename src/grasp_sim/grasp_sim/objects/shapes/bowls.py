"""Revolved shells: bowls, cups, funnels."""

from __future__ import annotations

import numpy as np

from grasp_sim.objects.shapes.blocks import chosen
from grasp_sim.objects.shapes.part import Part
from grasp_sim.objects.shapes.revolving import shell


def bowl(rng: np.random.Generator) -> Part:
    """A curved wall, from a flat dish to a deep bowl."""
    depth, foot, thick = rng.uniform(0.25, 1.1), rng.uniform(0.3, 0.6), rng.uniform(0.09, 0.17)
    bend = rng.uniform(1.4, 2.6)
    angles = np.linspace(0.0, np.pi / 2, 9)
    r = foot + (1 - foot) * np.sin(angles) ** (2 / bend)
    z = depth * (1 - np.cos(angles) ** (2 / bend))
    outer = np.column_stack([r, z])
    slope = np.gradient(outer, axis=0)
    across = np.column_stack([slope[:, 1], -slope[:, 0]]) / np.linalg.norm(slope, axis=1, keepdims=True)
    inner = outer - thick * across
    inner[0] = (foot, thick)
    inner[:, 1] = np.maximum.accumulate(np.maximum(inner[:, 1], thick))
    inner[-1, 1] = outer[-1, 1]
    return _sides(rng, outer, inner, True, 2, (6, 8, 10)).stretched(1.0, _oval(rng), 1.0)


def cup(rng: np.random.Generator) -> Part:
    """A straight or flaring wall about a floor: cups, buckets, pots, ash trays."""
    height, bottom = rng.uniform(0.4, 2.8), rng.uniform(0.55, 1.0)
    thick = rng.uniform(0.08, 0.18)
    if rng.random() < 0.25:
        bottom = 1 / bottom
    outer = np.array([(bottom, 0.0), (1.0, height)])
    inner = np.array([(bottom - thick, thick * rng.uniform(0.8, 1.6)), (1.0 - thick, height)])
    return _sides(rng, outer, inner, True, 1, (4, 5, 6, 8)).stretched(1.0, _oval(rng), 1.0)


def funnel(rng: np.random.Generator) -> Part:
    """A wall without a floor: funnels, sleeves, lamp shades, rings."""
    thick = rng.uniform(0.1, 0.2)
    if rng.random() < 0.5:  # a cone and a spout
        spout, cone, length = rng.uniform(0.25, 0.45), rng.uniform(0.4, 1.2), rng.uniform(0.3, 1.0)
        outer = np.array([(spout, 0.0), (spout, length), (1.0, length + cone)])
        segments = 2
    else:
        outer = np.array([(rng.uniform(0.4, 1.0), 0.0), (1.0, rng.uniform(0.3, 2.0))])
        segments = 1
    inner = outer - (thick, 0.0)
    return _sides(rng, outer, inner, False, segments, (4, 6, 8, 10))


def _sides(
    rng: np.random.Generator,
    outer: np.ndarray,
    inner: np.ndarray,
    floor: bool,
    segments: int,
    flat: tuple[int, ...],
) -> Part:
    """Round mostly, else with flat sides."""
    if rng.random() < 0.7:
        return shell(outer, inner, floor, 11 if segments == 2 else 14, segments)
    return shell(outer, inner, floor, segments=segments, section=chosen(rng, flat))


def _oval(rng: np.random.Generator) -> float:
    return rng.uniform(0.55, 1.0) if rng.random() < 0.3 else 1.0
