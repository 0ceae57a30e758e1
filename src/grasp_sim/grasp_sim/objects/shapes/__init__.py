"""A generator of everyday and not so everyday solids, each with the convex pieces it is made of.

The pieces come from the construction itself, so that no decomposition is searched for: a shape takes milliseconds.
"""

from __future__ import annotations

import zlib

import numpy as np

from grasp_sim.objects.shapes.families import FAMILIES, generate
from grasp_sim.objects.shapes.finished import GeneratedShape

__all__ = ["FAMILIES", "VERSION", "GeneratedShape", "generate", "generator"]

VERSION = 1
"""Of the shapes: another number, and a seed gives other ones."""


def generator(family: str, seed: int, number: int) -> np.random.Generator:
    """The random numbers of one shape, whatever others there are."""
    return np.random.default_rng([zlib.crc32(family.encode()), seed, number])
