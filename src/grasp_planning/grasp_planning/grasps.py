"""Grasps: in an image, in the camera frame, and in the robot's base frame.

The tool frame is the same everywhere: +z approach, +x closing axis, origin between the finger tips.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grasp_perception.transform import Transform


def wrap_half_turn(angle: float) -> float:
    """The angle modulo pi, in [-pi/2, pi/2): a parallel jaw turned by pi is the same grasp."""
    return float((angle + np.pi / 2) % np.pi - np.pi / 2)


def half_turn(pose: Transform) -> Transform:
    """The same grasp with the fingers exchanged: turned by pi about the approach axis."""
    return Transform(pose.rotation @ np.diag([-1.0, -1.0, 1.0]), pose.translation)


@dataclass(frozen=True, slots=True)
class GraspRectangle:
    """A planar grasp in an image (Jiang et al. 2011), in pixels."""

    x: float
    """Column of the centre."""
    y: float
    """Row of the centre."""
    angle: float
    """Closing axis to the image's x axis, rad in [-pi/2, pi/2), positive from +x to +y (down)."""
    width: float
    """Opening of the jaws along the closing axis."""
    height: float
    """Size of a jaw across the closing axis."""
    quality: float = 1.0
    """As the planner ranks it; higher is better."""

    @property
    def axis(self) -> NDArray[np.float64]:
        """(2,) unit vector (x, y) of the closing axis."""
        return np.array([np.cos(self.angle), np.sin(self.angle)])

    @property
    def jaw_centers(self) -> NDArray[np.float64]:
        """(2, 2) pixels (x, y) of the two jaws."""
        offset = self.axis * self.width / 2
        return np.array([self.x, self.y]) + np.stack([-offset, offset])

    @property
    def corners(self) -> NDArray[np.float64]:
        """(4, 2) pixels (x, y); the first edge runs along the closing axis."""
        along = self.axis * self.width / 2
        across = np.array([-self.axis[1], self.axis[0]]) * self.height / 2
        center = np.array([self.x, self.y])
        return center + np.stack([-along - across, along - across, along + across, -along + across])


@dataclass(frozen=True, slots=True, eq=False)
class GraspCandidate:
    """A grasp in the frame of the camera that saw it."""

    pose: Transform
    """camera_from_tool."""
    width: float
    """Opening of the jaws before closing, metres."""
    quality: float
    """As the planner ranks it; higher is better."""
    rectangle: GraspRectangle | None = None
    """Where it was seen; None for planners that do not think in images."""
    insertion: float = 0.0
    """How far the tips reach past the object's surface along the approach, metres: the point of the
    surface is ``pose.apply([0, 0, -insertion])``. A grasp is tilted about this point."""
    source: dict[str, Any] = field(default_factory=dict)
    """What the planner knew about it, for analysis."""


@dataclass(frozen=True, slots=True, eq=False)
class Grasp:
    """A grasp in the robot's base frame."""

    pose: Transform
    """base_from_tool."""
    width: float
    """Opening of the jaws before closing, metres."""
    quality: float
    """As the planner ranks it; higher is better."""
    planner: str
    """Name of the planner that proposed it."""
    rectangle: GraspRectangle | None = None
    """Where it was seen."""
