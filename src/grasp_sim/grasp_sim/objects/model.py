"""An object of the simulated world: its shapes, its size and its weight."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from grasp_perception.transform import Transform
from grasp_sim.objects.meshes import load_mesh_body
from grasp_sim.physics.bodies import Body
from grasp_sim.physics.sources import Source
from grasp_sim.physics.urdf import Inertial, Link, Robot, Shape

Color = tuple[float, float, float]


@dataclass(frozen=True, slots=True, eq=False)
class ObjectModel:
    """An object: its frame stands at the centre of mass, along the axes of its oriented bounding box."""

    name: str
    shapes: tuple[Shape, ...]
    """In the frame of its body: at the centre of mass, for meshes along the principal axes."""
    body_from_object: Transform
    """A rotation from the object's axes to the body's."""
    extents: NDArray[np.float64]
    """(3,) of the bounding box along the object's axes, longest first, m."""
    mass: float
    inertia: NDArray[np.float64]
    """(3, 3) about the centre of mass, along the body's axes, kg m^2."""
    outline: NDArray[np.float64]
    """(N, 3) points whose convex hull holds the object, in its frame, m."""

    def bounds(self, pose: Transform) -> NDArray[np.float64]:
        """(2, 3) least and greatest coordinates of the object at a pose; Bullet's own are a centimetre off."""
        points = pose.apply(self.outline)
        return np.array([points.min(axis=0), points.max(axis=0)])

    def pose(self, body: Body) -> Transform:
        """base_from_object of a body of this model."""
        return body.pose @ self.body_from_object

    def body_pose(self, pose: Transform) -> Transform:
        """Pose of the body that puts the object at `pose` (base_from_object)."""
        return pose @ self.body_from_object.inverse()

    def source(self, color: Color) -> Source:
        """The object, painted."""
        painted = tuple(replace(shape, color=color) for shape in self.shapes)
        link = Link(self.name, self.mass, painted, Inertial(np.zeros(3), self.inertia))
        return Source.from_robot(Robot(self.name, (link,), ()))


def object_from_mesh(name: str, path: Path, *, scale: float, mass: float) -> ObjectModel:
    """The object that a mesh file describes.

    Args:
        name: Of the object.
        path: The mesh file.
        scale: Metres of one unit of the file (0.001 for millimetres).
        mass: kg, spread evenly over the volume.

    Raises:
        MeshError: The file is broken.
        ValueError: The scale or the mass is not a positive number.
    """
    for what, value in (("scale", scale), ("mass", mass)):
        if not (np.isfinite(value) and value > 0):
            raise ValueError(f"the {what} of '{name}' is {value}; it must be positive")
    body = load_mesh_body(path)
    size = (scale, scale, scale)
    body_from_mesh = body.mesh_from_body.inverse()
    x, y, z = scale * body_from_mesh.translation
    roll, pitch, yaw = body_from_mesh.rpy()
    look, feel = str(body.visual.resolve()), str(body.collision.resolve())
    shapes = (
        Shape("mesh", size, (x, y, z), (roll, pitch, yaw), collides=False, file=look),
        Shape("mesh", size, visible=False, file=feel),
    )
    inertia = np.diag(body.moments) * (mass / body.volume) * scale**2
    turn = Transform(body.box_axes, np.zeros(3))
    outline = scale * body.outline @ body.box_axes
    return ObjectModel(name, shapes, turn, scale * body.box_extents, mass, inertia, outline)
