"""What every motion planner takes and gives.

A request names a goal, the start, what stands around besides the work cell, and how fast to move.
A planner answers with a :class:`~grasp_execution.trajectory.Trajectory` or raises ``OutcomeError``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

from grasp_execution.trajectory import Trajectory
from grasp_perception.transform import Transform


@dataclass(frozen=True, slots=True)
class Box:
    """A box, centred."""

    size: tuple[float, float, float]
    """Extents along x, y, z, m."""

    @property
    def sizes(self) -> tuple[float, ...]:
        """All that must be positive."""
        return self.size


@dataclass(frozen=True, slots=True)
class Sphere:
    """A sphere, centred."""

    radius: float

    @property
    def sizes(self) -> tuple[float, ...]:
        """All that must be positive."""
        return (self.radius,)


@dataclass(frozen=True, slots=True)
class Cylinder:
    """A cylinder along z, centred."""

    radius: float
    length: float

    @property
    def sizes(self) -> tuple[float, ...]:
        """All that must be positive."""
        return (self.radius, self.length)


Shape = Box | Sphere | Cylinder


@dataclass(frozen=True, slots=True, eq=False)
class SceneObject:
    """A solid that motion must not touch, or that moves along with the tool."""

    name: str
    """As in messages and in `allow_contact`; the parts of one obstacle share it."""
    shape: Shape
    pose: Transform
    """base_from_object; tool_from_object when `attached`."""
    attached: bool = False
    """Held by the gripper: moves with it and may touch the hand."""


@dataclass(frozen=True, slots=True)
class JointGoal:
    """Joint positions, reached by a collision-free path."""

    positions: Mapping[str, float]
    """Position of every joint of the arm, rad or m."""


@dataclass(frozen=True, slots=True, eq=False)
class PoseGoal:
    """A pose of the tool, reached by a collision-free path."""

    pose: Transform
    """base_from_tool."""
    symmetric: bool = False
    """Whether the tool turned by pi about its approach axis will do as well; the nearer one is taken."""


@dataclass(frozen=True, slots=True, eq=False)
class LineGoal:
    """A pose of the tool, reached on a straight line: position linear, orientation by slerp."""

    pose: Transform
    """base_from_tool."""
    symmetric: bool = False
    """As in :class:`PoseGoal`."""


Goal = JointGoal | PoseGoal | LineGoal


@dataclass(frozen=True, slots=True, eq=False)
class MotionRequest:
    """One motion to plan."""

    goal: Goal
    start: Mapping[str, float]
    """Position of every joint of the arm, rad or m; those of the gripper may be there too."""
    scene: tuple[SceneObject, ...] = ()
    """Objects besides those of the work cell."""
    allow_contact: tuple[str, ...] = ()
    """Objects of the scene or the work cell that fingers and attached objects may touch."""
    velocity_scaling: float | None = None
    """Share of the joints' velocity limits and of the tool's speed, (0, 1]; None: the arm's default."""
    acceleration_scaling: float | None = None
    """Share of the joints' acceleration limits, (0, 1]; None: the arm's default."""
    timeout: float | None = None
    """Seconds of planning; None: the planner's default."""


class MotionPlanner(ABC):
    """Plans motions of one arm in one work cell."""

    @abstractmethod
    def plan(self, request: MotionRequest) -> Trajectory:
        """Plan one motion; nothing moves.

        Returns:
            The arm's joints from the start to the goal, at rest at both ends, within the limits.

        Raises:
            OutcomeError: INVALID_MOTION_REQUEST, START_IN_COLLISION, GOAL_IN_COLLISION, OUT_OF_REACH or
                NO_MOTION_PLAN, with what is wrong.
        """
