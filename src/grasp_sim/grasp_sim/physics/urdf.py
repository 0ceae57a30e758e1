"""Writing URDFs, with masses given and inertias computed.

A link is a rigid set of boxes, cylinders and spheres of one density, so its centre of mass and its
inertia follow from the shapes; nothing is copied from a data sheet that nobody can check. A link
with meshes brings its own centre and inertia, computed from the meshes.
"""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from grasp_perception.transform import Transform

Vector = tuple[float, float, float]
ORIGIN: Vector = (0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Shape:
    """A primitive or a mesh, placed in the frame of its link. Cylinders stand along their own z."""

    kind: Literal["box", "cylinder", "sphere", "mesh"]
    size: tuple[float, ...]
    """box: extents x, y, z; cylinder: radius, length; sphere: radius; metres. mesh: scale along x, y, z."""
    xyz: Vector = ORIGIN
    rpy: Vector = ORIGIN
    color: tuple[float, float, float] = (0.2, 0.2, 0.22)
    """RGB in [0, 1]."""
    collides: bool = True
    visible: bool = True
    file: str = ""
    """Absolute path, of a mesh."""

    @property
    def volume(self) -> float:
        """Cubic metres; primitives only."""
        if self.kind == "mesh":
            raise ValueError(f"the volume of {self.file} is not known here: give its link an inertial")
        if self.kind == "box":
            return float(np.prod(self.size))
        if self.kind == "cylinder":
            return float(np.pi * self.size[0] ** 2 * self.size[1])
        return float(4.0 / 3.0 * np.pi * self.size[0] ** 3)

    def inertia(self, mass: float) -> NDArray[np.float64]:
        """(3, 3) inertia of the solid about its own centre, along the axes of the link, kg m^2."""
        if self.kind == "box":
            x, y, z = np.square(self.size)
            own = np.array([y + z, x + z, x + y]) / 12.0
        elif self.kind == "cylinder":
            radius, length = np.square(self.size)
            own = np.array([3 * radius + length, 3 * radius + length, 6 * radius]) / 12.0
        else:
            own = np.full(3, 0.4 * self.size[0] ** 2)
        rotation = Transform.from_rpy(self.rpy).rotation
        return mass * rotation @ np.diag(own) @ rotation.T


@dataclass(frozen=True, slots=True, eq=False)
class Inertial:
    """Centre of mass and inertia of a link whose shapes do not tell."""

    center: NDArray[np.float64]
    """(3,) in the link's frame, metres."""
    inertia: NDArray[np.float64]
    """(3, 3) about the centre, along the axes of the link, kg m^2."""


@dataclass(frozen=True, slots=True)
class Link:
    """A rigid body of one density."""

    name: str
    mass: float
    """kg, shared by the shapes in proportion to their volumes; 0 for what never moves."""
    shapes: tuple[Shape, ...]
    inertial: Inertial | None = None
    """Needed with meshes; computed from the shapes otherwise."""

    @property
    def center(self) -> NDArray[np.float64]:
        """(3,) centre of mass in the link's frame, metres."""
        if self.inertial is not None:
            return self.inertial.center
        volumes = np.array([shape.volume for shape in self.shapes])
        return volumes @ np.array([shape.xyz for shape in self.shapes]) / volumes.sum()

    @property
    def inertia(self) -> NDArray[np.float64]:
        """(3, 3) inertia about the centre of mass, along the axes of the link, kg m^2."""
        if self.inertial is not None:
            return self.inertial.inertia
        density = self.mass / sum(shape.volume for shape in self.shapes)
        total = np.zeros((3, 3))
        for shape in self.shapes:
            mass = density * shape.volume
            offset = np.asarray(shape.xyz) - self.center
            total += shape.inertia(mass) + mass * (offset @ offset * np.eye(3) - np.outer(offset, offset))
        return total


@dataclass(frozen=True, slots=True)
class Joint:
    """A joint between two links; revolute and prismatic ones have limits."""

    name: str
    kind: Literal["fixed", "revolute", "prismatic"]
    parent: str
    child: str
    xyz: Vector = ORIGIN
    rpy: Vector = ORIGIN
    axis: Vector = (0.0, 0.0, 1.0)
    lower: float = 0.0
    upper: float = 0.0
    velocity: float = 0.0
    """rad/s or m/s."""
    effort: float = 0.0
    """Nm or N."""


@dataclass(frozen=True, slots=True)
class Robot:
    """Links and joints, the root link first."""

    name: str
    links: tuple[Link, ...]
    joints: tuple[Joint, ...]
    comment: str = field(default="")


def to_xml(robot: Robot) -> str:
    """The URDF, indented, with at most nine significant digits so that it is the same everywhere."""
    root = ElementTree.Element("robot", name=robot.name)
    if robot.comment:
        root.append(ElementTree.Comment(f" {robot.comment} "))
    for link in robot.links:
        root.append(_link_element(link))
    for joint in robot.joints:
        root.append(_joint_element(joint))
    ElementTree.indent(root)
    return '<?xml version="1.0"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _link_element(link: Link) -> ElementTree.Element:
    element = ElementTree.Element("link", name=link.name)
    inertial = ElementTree.SubElement(element, "inertial")
    ElementTree.SubElement(inertial, "origin", xyz=_numbers(link.center), rpy=_numbers(ORIGIN))
    ElementTree.SubElement(inertial, "mass", value=_numbers([link.mass]))
    inertia = link.inertia
    ElementTree.SubElement(
        inertial,
        "inertia",
        {f"i{'xyz'[i]}{'xyz'[j]}": _numbers([inertia[i, j]]) for i in range(3) for j in range(i, 3)},
    )
    for index, shape in enumerate(link.shapes):
        if shape.visible:
            visual = _geometry_element("visual", shape)
            material = ElementTree.SubElement(visual, "material", name=f"{link.name}_{index}")
            ElementTree.SubElement(material, "color", rgba=_numbers([*shape.color, 1.0]))
            element.append(visual)
        if shape.collides:
            element.append(_geometry_element("collision", shape))
    return element


def _geometry_element(tag: str, shape: Shape) -> ElementTree.Element:
    element = ElementTree.Element(tag)
    ElementTree.SubElement(element, "origin", xyz=_numbers(shape.xyz), rpy=_numbers(shape.rpy))
    geometry = ElementTree.SubElement(element, "geometry")
    if shape.kind == "mesh":
        ElementTree.SubElement(geometry, "mesh", filename=shape.file, scale=_numbers(shape.size))
    elif shape.kind == "box":
        ElementTree.SubElement(geometry, "box", size=_numbers(shape.size))
    elif shape.kind == "cylinder":
        radius, length = shape.size
        ElementTree.SubElement(geometry, "cylinder", radius=_numbers([radius]), length=_numbers([length]))
    else:
        ElementTree.SubElement(geometry, "sphere", radius=_numbers([shape.size[0]]))
    return element


def _joint_element(joint: Joint) -> ElementTree.Element:
    element = ElementTree.Element("joint", name=joint.name, type=joint.kind)
    ElementTree.SubElement(element, "parent", link=joint.parent)
    ElementTree.SubElement(element, "child", link=joint.child)
    ElementTree.SubElement(element, "origin", xyz=_numbers(joint.xyz), rpy=_numbers(joint.rpy))
    if joint.kind != "fixed":
        ElementTree.SubElement(element, "axis", xyz=_numbers(joint.axis))
        limits = {name: _numbers([getattr(joint, name)]) for name in ("lower", "upper", "velocity", "effort")}
        ElementTree.SubElement(element, "limit", limits)
    return element


def _numbers(values: NDArray[np.float64] | tuple[float, ...] | list[float]) -> str:
    return " ".join(f"{value + 0.0:.9g}" if abs(value) > 1e-15 else "0" for value in values)
