"""Things with handles: mugs, pans, kettles."""

from __future__ import annotations

import numpy as np

from grasp_sim.objects.shapes.blocks import chosen, limb
from grasp_sim.objects.shapes.part import Part, join
from grasp_sim.objects.shapes.revolving import revolved, shell
from grasp_sim.objects.shapes.sections import tapered
from grasp_sim.objects.shapes.sweeping import swept

UP = (0.0, 1.0, 0.0)


def mug(rng: np.random.Generator) -> Part:
    """A cup with one handle at its side."""
    height, bottom, thick = rng.uniform(1.2, 2.8), rng.uniform(0.8, 1.1), rng.uniform(0.09, 0.16)
    outer = np.array([(bottom, 0.0), (1.0, height)])
    inner = np.array([(bottom - thick, thick * 1.2), (1.0 - thick, height)])
    low, high = sorted(rng.uniform(0.15, 0.45, 2) * height + (0.0, 0.45 * height))
    return join(shell(outer, inner, True, 13), _handle(rng, outer, thick, low, high, 9))


def pan(rng: np.random.Generator) -> Part:
    """A shallow dish with a long straight handle."""
    height, bottom, thick = rng.uniform(0.25, 0.7), rng.uniform(0.7, 0.95), rng.uniform(0.08, 0.14)
    outer = np.array([(bottom, 0.0), (1.0, height)])
    inner = np.array([(bottom - thick, thick), (1.0 - thick, height)])
    length, rise = rng.uniform(0.8, 2.2), rng.uniform(-0.1, 0.5)
    start = np.array([1.0 - 0.6 * thick, 0.0, height * 0.7])
    path = start + np.linspace(0.0, 1.0, 9)[:, None] * (length, 0.0, rise)
    path[:, 2] += rng.uniform(0.0, 0.15) * np.sin(np.linspace(0.0, np.pi, 9))
    width, flat = rng.uniform(0.08, 0.16), rng.uniform(0.5, 1.0)
    widths = ((0.0, width, width * flat), (1.0, width * rng.uniform(0.9, 1.5), width * flat))
    return join(shell(outer, inner, True, 14), swept(path, tapered(chosen(rng, (2, 4)), *widths), 3, up=UP))


def kettle(rng: np.random.Generator) -> Part:
    """A full body with a spout and a handle: kettles, jugs, watering cans."""
    height = rng.uniform(1.0, 2.0)
    bulge = np.linspace(0.0, 1.0, 10)
    foot, top, power = rng.uniform(0.6, 0.9), rng.uniform(0.4, 0.8), rng.uniform(0.7, 1.3)
    ends = foot + (top - foot) * bulge
    radius = ends + (1.0 - ends) * np.sin(np.pi * bulge**power)
    lid = rng.uniform(0.1, 0.2)
    knob = [(top, height), (lid, height + 0.08), (lid, height + 0.25), (0.0, height + 0.25)]
    body = revolved(np.array([(0.0, 0.0), *zip(radius, bulge * height), *knob[1:]]), pieces=10)
    reach = rng.uniform(1.3, 1.8)
    spout = limb(
        (-0.7, 0.0, 0.35 * height), (-reach, 0.0, height * rng.uniform(0.8, 1.1)), 0.22, rng.uniform(0.08, 0.16)
    )
    outer = np.column_stack([radius, bulge * height])
    return join(body, spout, _handle(rng, outer, 0.2, 0.25 * height, 0.8 * height, 10))


def _handle(rng: np.random.Generator, outer: np.ndarray, thick: float, low: float, high: float, pieces: int) -> Part:
    """A bow from one height of a wall to another, its ends within the wall."""
    depth, wide = rng.uniform(0.35, 0.7), rng.uniform(0.1, 0.16)
    power = rng.uniform(0.5, 1.0)
    angles = np.linspace(0.0, np.pi, 25)
    z = low + (high - low) * (1 - np.cos(angles)) / 2
    x = np.interp(z, outer[:, 1], outer[:, 0]) - 0.5 * thick + depth * np.sin(angles) ** power
    flat = rng.uniform(0.6, 1.0)
    section = tapered(chosen(rng, (2, 2, 4)), (0.0, wide, wide * flat), (1.0, wide, wide * flat))
    return swept(np.column_stack([x, 0 * x, z]), section, pieces, up=UP)
