"""What stands around the arm: table, workspace and bin, in the base frame."""

from __future__ import annotations

from pydantic import Field, model_validator

from grasp_perception.configuration import Configuration, Vector3

TABLE, BIN = "table", "bin"
"""Their names among what is in the way of an arm."""


class Box(Configuration):
    """An axis-aligned box in the base frame, metres."""

    min: Vector3
    max: Vector3

    @model_validator(mode="after")
    def _ordered(self) -> Box:
        if any(low >= high for low, high in zip(self.min, self.max)):
            raise ValueError(f"every coordinate of min {self.min} must be less than that of max {self.max}")
        return self

    def contains(self, point: Vector3) -> bool:
        """Whether a point of the base frame lies in the box or on its faces."""
        return all(low <= value <= high for low, value, high in zip(self.min, point, self.max))


class Bin(Configuration):
    """An open box that stands on the table, aligned with the base frame; objects are dropped into it."""

    center: tuple[float, float]
    """x, y of its middle."""
    size: Vector3
    """Outer extents along x, y, z."""
    wall: float = Field(gt=0)
    """Thickness of walls and floor."""
    drop_height: float = Field(gt=0)
    """Height of the finger tips above the table when they let go."""

    @model_validator(mode="after")
    def _hollow(self) -> Bin:
        if min(self.size) <= 0 or 2 * self.wall >= min(self.size[:2]) or self.wall >= self.size[2]:
            raise ValueError(f"walls of {self.wall} m leave no room inside a bin of {self.size} m")
        return self


class Obstacle(Box):
    """What else stands about and must not be touched, such as a camera's stand or a wall."""

    name: str = Field(pattern="^[a-z][a-z0-9_]*$")


class Reach(Configuration):
    """Where the arm gets with the tool pointing down: a ring around the base's z axis."""

    min_radius: float = Field(ge=0)
    """Least horizontal distance of the tool from the axis, metres."""
    max_radius: float = Field(gt=0)
    """Greatest one."""

    @model_validator(mode="after")
    def _ordered(self) -> Reach:
        if self.min_radius >= self.max_radius:
            raise ValueError(f"min_radius {self.min_radius} must be less than max_radius {self.max_radius}")
        return self


class WorkCell(Configuration):
    """Where the arm works."""

    base_frame: str
    """Frame in which everything here is given; the root of the arm."""
    table_height: float
    """z of the table's surface."""
    table: Box
    """The table as an obstacle; its top is at table_height."""
    workspace: Box
    """Where grasps are allowed: the origin of the tool frame at closing."""
    clearance: float = Field(ge=0)
    """Least height of the finger tips above the table."""
    reach: Reach | None = None
    """None: only inverse kinematics tells."""
    bin: Bin
    obstacles: tuple[Obstacle, ...] = ()
    """Motions go round them. Neither the grasp planner nor the simulation knows of them."""
    approach_distance: float = Field(gt=0)
    """Length of the straight approach before a grasp."""
    lift_height: float = Field(gt=0)
    """Length of the straight lift after a grasp."""

    @model_validator(mode="after")
    def _named_apart(self) -> WorkCell:
        names = [TABLE, BIN, *(obstacle.name for obstacle in self.obstacles)]
        if twice := [name for name in names if names.count(name) > 1]:
            raise ValueError(f"an obstacle may not be named '{twice[0]}', as something else is")
        return self

    @model_validator(mode="after")
    def _table_top(self) -> WorkCell:
        if abs(self.table.max[2] - self.table_height) > 1e-6:
            raise ValueError(f"the top of the table {self.table.max[2]} must be at table_height {self.table_height}")
        return self
