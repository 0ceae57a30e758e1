"""The objects of the simulated world, by name."""

from __future__ import annotations

import difflib
from pathlib import Path

import numpy as np
import pybullet_data
from numpy.typing import NDArray

from grasp_perception.transform import Transform
from grasp_planning.gripper import Gripper
from grasp_sim.objects import primitives
from grasp_sim.objects.meshes import SUFFIXES, MeshError, load_mesh_body
from grasp_sim.objects.model import Color, ObjectModel, object_from_mesh
from grasp_sim.physics.urdf import Link

__all__ = ["Color", "MeshError", "ObjectCatalogue", "ObjectModel", "UnknownObjectError", "random_object_names"]

DENSITY = 1000.0
"""kg/m^3: plastic and wood."""
MASS_RANGE = (0.020, 0.150)
"""kg. Lighter ones than 20 g between fingers of 60 g are more than Bullet's solver can take."""
WIDTH_SHARE = 0.8
"""A mesh's middle extent, as a share of the gripper's opening: the gripper closes across the object
as it lies, on its smallest extent. (EGAD takes 0.8 too, for the smallest extent.)"""
LENGTH_SHARE = 3.0
"""A mesh's greatest extent, at most, in openings."""
LEAST_FLATNESS = 0.2
"""Smallest extent over the middle one, at least: a sheet cannot be picked up from a table."""

SHEET = "it is a sheet, at most a tenth as thick as it is wide"
UNUSABLE = {168: "every vertex is NaN", 295: SHEET, 297: SHEET, 602: SHEET, 824: SHEET}
"""Of pybullet_data's 1000 random shapes."""


RANDOM_NAMES = tuple(f"random_{index:03d}" for index in range(1000) if index not in UNUSABLE)


class UnknownObjectError(ValueError):
    """There is no object of that name; the message lists close ones."""


class ObjectCatalogue:
    """Every object by name, in a size that suits a gripper.

    - ``<kind>_<size>``: bar, box, capsule, cube, cylinder, sphere; small, medium, large.
    - ``random_000`` .. ``random_999``: the shapes of pybullet_data, except `UNUSABLE`.
    - a path to an .obj, .stl or .ply file, whatever its unit.

    Attributes:
        names: All but the paths, sorted.
    """

    def __init__(self, gripper: Gripper) -> None:
        self.gripper = gripper
        self.names: tuple[str, ...] = (*primitives.NAMES, *RANDOM_NAMES)
        self._loaded: dict[str, ObjectModel] = {}

    def load(self, name: str) -> ObjectModel:
        """The object of a name.

        Raises:
            UnknownObjectError: There is none.
            MeshError: Its mesh file is broken.
        """
        if name not in self._loaded:
            self._loaded[name] = self._load(name)
        return self._loaded[name]

    def _load(self, name: str) -> ObjectModel:
        if name in primitives.NAMES:
            return self._primitive(name)
        if name.lower().endswith(SUFFIXES):
            return self._mesh(Path(name).stem, Path(name))
        if name in self.names:
            index = name.removeprefix("random_")
            return self._mesh(name, Path(pybullet_data.getDataPath(), "random_urdfs", index, f"{index}.obj"))
        if name.startswith("random_") and name[7:].isdigit() and int(name[7:]) in UNUSABLE:
            raise UnknownObjectError(f"'{name}' is left out of the catalogue: {UNUSABLE[int(name[7:])]}")
        close = difflib.get_close_matches(name, self.names, n=5, cutoff=0.5)
        hint = f"close names are: {', '.join(close)}" if close else "there are: " + ", ".join(primitives.NAMES[:4])
        raise UnknownObjectError(
            f"there is no object '{name}'; {hint}; also random_000 to random_999, and paths to "
            f"{', '.join(SUFFIXES)} files"
        )

    def _primitive(self, name: str) -> ObjectModel:
        shapes, extents = primitives.primitive(name, self.gripper)
        mass = _mass(sum(shape.volume for shape in shapes))
        inertia = Link(name, mass, shapes).inertia
        return ObjectModel(
            name, shapes, Transform.identity(), np.array(extents), mass, inertia, primitives.outline(shapes)
        )

    def _mesh(self, name: str, path: Path) -> ObjectModel:
        body = load_mesh_body(path)
        if body.box_extents[2] < LEAST_FLATNESS * body.box_extents[1]:
            raise MeshError(path, "is a sheet, which cannot be picked up from a table: give it thickness")
        scale = scale_to_gripper(body.box_extents, self.gripper)
        return object_from_mesh(name, path, scale=scale, mass=_mass(body.volume * scale**3))


def random_object_names(count: int, rng: np.random.Generator) -> list[str]:
    """Distinct names of pybullet_data's random shapes.

    Raises:
        ValueError: There are not so many.
    """
    if not 0 <= count <= len(RANDOM_NAMES):
        raise ValueError(f"there are {len(RANDOM_NAMES)} random shapes to draw from, {count} were asked for")
    return [str(name) for name in rng.choice(RANDOM_NAMES, count, replace=False)]


def scale_to_gripper(extents: NDArray[np.float64], gripper: Gripper) -> float:
    """Factor that makes a mesh of these extents (3,), longest first, fit a gripper."""
    return float(min(WIDTH_SHARE * gripper.max_opening / extents[1], LENGTH_SHARE * gripper.max_opening / extents[0]))


def _mass(volume: float) -> float:
    return float(np.clip(DENSITY * volume, *MASS_RANGE))
