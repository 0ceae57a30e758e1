"""Objects of simple shape, in three sizes relative to the gripper.

The width that a gripper takes them at is 0.4, 0.6 or 0.8 of its greatest opening.
"""

from __future__ import annotations

import itertools
import math

import numpy as np
import trimesh
from numpy.typing import NDArray

from grasp_perception.transform import Transform
from grasp_planning.gripper import Gripper
from grasp_sim.physics.urdf import Shape

SIZES = {"small": 0.4, "medium": 0.6, "large": 0.8}
KINDS = ("bar", "box", "capsule", "cube", "cylinder", "sphere")
NAMES = tuple(f"{kind}_{size}" for kind in KINDS for size in SIZES)


def primitive(name: str, gripper: Gripper) -> tuple[tuple[Shape, ...], tuple[float, float, float]]:
    """Shapes of a primitive about its centre, and its extents along its own axes, longest first."""
    kind, size = name.split("_")
    w = SIZES[size] * gripper.max_opening
    along_x = (0.0, math.pi / 2, 0.0)
    if kind == "cube":
        return (Shape("box", (w, w, w)),), (w, w, w)
    if kind == "box":
        extents = (2.2 * w, 1.5 * w, w)
        return (Shape("box", extents),), extents
    if kind == "bar":
        extents = (4.0 * w, w, w)
        return (Shape("box", extents),), extents
    if kind == "sphere":
        return (Shape("sphere", (w / 2,)),), (w, w, w)
    if kind == "cylinder":
        return (Shape("cylinder", (w / 2, 1.8 * w), rpy=along_x),), (1.8 * w, w, w)
    if kind == "capsule":
        ends = (Shape("sphere", (w / 2,), (side * 0.6 * w, 0.0, 0.0)) for side in (-1, 1))
        return (Shape("cylinder", (w / 2, 1.2 * w), rpy=along_x), *ends), (2.2 * w, w, w)
    raise KeyError(name)


def outline(shapes: tuple[Shape, ...]) -> NDArray[np.float64]:
    """(N, 3) points whose hull is that of the shapes; round ones as fine polyhedra around them."""
    return np.concatenate([Transform.from_rpy(s.rpy, s.xyz).apply(_outline(s)) for s in shapes])


def _outline(shape: Shape) -> NDArray[np.float64]:
    if shape.kind == "box":
        return np.array(list(itertools.product((-0.5, 0.5), repeat=3))) * shape.size
    if shape.kind == "sphere":
        return np.array(trimesh.creation.icosphere(subdivisions=3, radius=shape.size[0]).vertices)
    return np.array(trimesh.creation.cylinder(*shape.size, sections=64).vertices)
