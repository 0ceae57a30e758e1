"""What a client asks of a trajectory controller: the fields of a FollowJointTrajectory goal."""

from __future__ import annotations

from dataclasses import dataclass

from grasp_sim.control.trajectory_following import TrajectoryError


class TrajectoryRefused(ValueError):
    """A goal cannot be executed.

    Attributes:
        code: The error code for the client.
    """

    def __init__(self, code: TrajectoryError, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class PointFields:
    """A ``trajectory_msgs/JointTrajectoryPoint`` as it came."""

    time: float
    """Seconds from the start."""
    positions: tuple[float, ...]
    velocities: tuple[float, ...] = ()
    accelerations: tuple[float, ...] = ()
    effort: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class ToleranceFields:
    """A ``control_msgs/JointTolerance`` as it came: 0 = the default, -1 = unrestricted."""

    name: str
    position: float = 0.0
    velocity: float = 0.0
    acceleration: float = 0.0


@dataclass(frozen=True, slots=True)
class TrajectoryGoal:
    """A FollowJointTrajectory goal as it came."""

    joint_names: tuple[str, ...]
    points: tuple[PointFields, ...]
    stamp: float = 0.0
    """When to start, seconds; 0 = at once."""
    path_tolerance: tuple[ToleranceFields, ...] = ()
    goal_tolerance: tuple[ToleranceFields, ...] = ()
    goal_time: float = 0.0
    """Seconds; 0 = the default, negative = unrestricted."""
    other_dofs: bool = False
    """Whether it also names multi-DoF joints or tolerances of components."""


@dataclass(frozen=True, slots=True)
class FollowingDefaults:
    """What holds where a goal says nothing. rad, rad/s, seconds."""

    path_position: float = 0.2
    goal_position: float = 0.02
    goal_velocity: float = 0.05
    goal_time: float = 2.0
    start_position: float = 0.05
    """How far the first point, if its time is 0, may be from where the joints are."""
