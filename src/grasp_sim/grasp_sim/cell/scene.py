"""The scene on the table: objects, where they are, and which of them the gripper or the bin has."""

from __future__ import annotations

import colorsys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from grasp_perception.transform import Transform
from grasp_planning.workcell import WorkCell
from grasp_sim.cell.placement import PlacementError, place
from grasp_sim.cell.surroundings import add_surroundings
from grasp_sim.objects.catalogue import (
    RANDOM_NAMES,
    ObjectCatalogue,
    ObjectModel,
    UnknownObjectError,
    random_object_names,
)
from grasp_sim.physics.bodies import Body
from grasp_sim.physics.surfaces import OBJECT
from grasp_sim.physics.world import World

__all__ = ["ObjectState", "PlacementError", "Scene", "SceneObject", "UnknownObjectError"]

GOLDEN_RATIO = 0.618033988749895


@dataclass(frozen=True, slots=True, eq=False)
class ObjectState:
    """An object as the simulator knows it, in the base frame."""

    name: str
    """Unique in the scene."""
    pose: Transform
    """base_from_object: at the centre of mass, along the axes of its bounding box."""
    linear: NDArray[np.float64]
    """(3,) m/s."""
    angular: NDArray[np.float64]
    """(3,) rad/s."""
    size: NDArray[np.float64]
    """(3,) extents along its own axes, longest first, m."""
    mass: float
    held: bool
    """Touched by both fingers."""
    in_bin: bool
    """Centre of mass between the bin's walls and below their rim."""
    fallen: bool = False
    """Off the table."""


@dataclass(frozen=True, slots=True, eq=False)
class SceneObject:
    """An object in a scene."""

    name: str
    model: ObjectModel
    body: Body
    color: tuple[float, float, float]

    @property
    def pose(self) -> Transform:
        """base_from_object."""
        return self.model.pose(self.body)


class Scene:
    """Table, bin and objects in a world.

    Attributes:
        workcell: Where they stand.
        objects: In the order of placing.
    """

    def __init__(self, world: World, workcell: WorkCell, catalogue: ObjectCatalogue) -> None:
        self._world = world
        self.workcell = workcell
        self.catalogue = catalogue
        self.surroundings = add_surroundings(world, workcell)
        self.objects: list[SceneObject] = []
        self.touching: Callable[[], set[str]] = set
        """Names of the bodies that both fingers touch; the cell puts its gripper's here."""

    def reset(self, objects: Sequence[str] = (), count: int = 0, seed: int = 0) -> list[ObjectState]:
        """Clear the table and put objects on it. Same objects and seed, same scene, bit for bit.

        Args:
            objects: Names from the catalogue; if empty, `count` distinct ones are drawn by the seed
                from the catalogue's random shapes.
            count: How many to draw.
            seed: At least 0.

        Returns:
            Where they came to rest.

        Raises:
            UnknownObjectError, MeshError: An object cannot be had.
            PlacementError: They do not fit on the table. In each case the old scene stays.
        """
        if seed < 0 or count < 0:
            raise PlacementError(f"seed and count must be at least 0, got {seed} and {count}")
        if not objects and count > len(RANDOM_NAMES):
            raise PlacementError(f"there are {len(RANDOM_NAMES)} random shapes to draw from, {count} were asked for")
        names = list(objects) or random_object_names(count, np.random.default_rng(seed))
        models = [self.catalogue.load(name) for name in names]
        poses = place(models, self.workcell, seed)
        self.clear()
        for model, pose, color in zip(models, poses, distinct_colors(len(models), seed)):
            self.add(model, pose, color)
        return self.states()

    def add(self, model: ObjectModel, pose: Transform, color: tuple[float, float, float] = (0.8, 0.3, 0.2)) -> str:
        """Add an object at a pose; returns its name, unique by a number where there is one already."""
        taken = {item.name for item in self.objects} | {body.name for body in self._world.bodies}
        name = model.name
        number = 2
        while name in taken:
            name = f"{model.name}_{number}"
            number += 1
        body = self._world.add(name, model.source(color), model.body_pose(pose))
        body.set_surface(OBJECT)
        self.objects.append(SceneObject(name, model, body, color))
        return name

    def clear(self) -> None:
        """Take all objects away."""
        for item in self.objects:
            self._world.remove(item.body)
        self.objects.clear()

    def states(self) -> list[ObjectState]:
        """Every object as it is now."""
        touched = self.touching()
        states = []
        for item in self.objects:
            pose = item.pose
            linear, angular = item.body.twist
            states.append(
                ObjectState(
                    item.name,
                    pose,
                    linear,
                    angular,
                    item.model.extents,
                    item.model.mass,
                    item.name in touched,
                    self.in_bin(pose.translation),
                    bool(pose.translation[2] < self.workcell.table_height - 0.02),
                )
            )
        return states

    def in_bin(self, point: NDArray[np.float64]) -> bool:
        """Whether a point (3,) lies between the bin's walls and below their rim."""
        box = self.workcell.bin
        inner = np.array(box.size[:2]) / 2 - box.wall
        above = point[2] - self.workcell.table_height
        return bool((np.abs(point[:2] - np.array(box.center)) < inner).all() and 0.0 < above < box.size[2])

    def copy_to(self, world: World) -> Scene:
        """The same surroundings and objects, at their present poses and at rest, in another world."""
        scene = Scene(world, self.workcell, self.catalogue)
        for item in self.objects:
            body = world.add(item.name, item.body.source, item.body.pose)
            body.set_surface(OBJECT)
            scene.objects.append(SceneObject(item.name, item.model, body, item.color))
        return scene


def distinct_colors(count: int, seed: int) -> list[tuple[float, float, float]]:
    """RGB colours in [0, 1] whose hues lie far apart."""
    start = np.random.default_rng(seed).uniform()
    return [colorsys.hsv_to_rgb((start + index * GOLDEN_RATIO) % 1.0, 0.62, 0.88) for index in range(count)]
