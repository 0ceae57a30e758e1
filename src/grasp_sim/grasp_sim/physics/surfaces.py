"""Contact parameters, all in one place.

Bullet multiplies the lateral friction of the two bodies in contact, and combines the others as
``spinning_a * lateral_b + spinning_b * lateral_a`` (rolling likewise), in metres: the torque it
resists is the coefficient times the normal force.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Surface:
    """How a body touches others."""

    lateral_friction: float
    """Coulomb's coefficient, a factor of the product."""
    spinning_friction: float = 0.0
    """Resistance to turning about the contact normal, m. Stands for the patch that a point contact lacks."""
    rolling_friction: float = 0.0
    """Resistance to rolling, m."""


FINGER = Surface(1.0, spinning_friction=0.005)
"""Rubber pads. Without spinning friction objects swing about the closing axis; 5 mm is about the
radius of the patch that a pad of 18 mm makes, so an object of 50 g held 2 cm off its centre at 5 N
(0.01 Nm against 0.025 Nm) stays where it is, and a badly held one still turns."""

OBJECT = Surface(0.5, rolling_friction=0.0003)
"""Plastic and cardboard; the rolling friction lets spheres and cylinders come to rest on the table."""

TABLE = Surface(1.0, spinning_friction=0.001, rolling_friction=0.0003)
BIN = Surface(1.0, spinning_friction=0.001, rolling_friction=0.001)
ARM = Surface(0.5)

MESH_MARGIN = 0.0002
"""m by which Bullet thickens the convex pieces of a mesh, on every side. Its own choice is 1 mm, too much
for objects of 2 cm and a gripper that opens 3."""
