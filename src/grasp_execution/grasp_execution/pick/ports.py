"""What a pick needs from the world, as interfaces: ROS clients serve them on a robot, fakes in tests.

Every method that waits takes a `watch` and calls it at least every 50 ms. What `watch` raises ends the
wait: the port first brings whatever it set in motion to a halt and lets it hold, then lets the
exception through. All failures are OutcomeErrors, and no method waits for ever.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from grasp_execution.motion.interface import MotionRequest
from grasp_execution.trajectory import Trajectory
from grasp_planning.grasps import Grasp

Watch = Callable[[], None]
"""Returns if waiting may go on, raises an OutcomeError if not."""


@dataclass(frozen=True, slots=True)
class ImageRegion:
    """A rectangle of pixels."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class GraspProposals:
    """The answer of a grasp source."""

    grasps: Sequence[Grasp]
    """At least one, best first, in the base frame."""
    capture_share: float
    """Part of the time that went into waiting for the image, 0 to 1."""
    stamp: float
    """When the image was taken, s of the robot's clock."""


@dataclass(frozen=True, slots=True)
class GripperState:
    """How a gripper command ended."""

    gap: float
    """Between the fingers, m."""
    stalled: bool
    """Something is in the way of the fingers."""
    reached: bool
    """The gap asked for is reached."""


@dataclass(frozen=True, slots=True)
class ObjectTruth:
    """An object as a simulator knows it."""

    name: str
    position: tuple[float, float, float]
    """In the base frame, m."""
    held: bool
    in_bin: bool


class GraspSource(Protocol):
    """Looks at the table and proposes grasps."""

    def plan(self, region: ImageRegion | None, max_grasps: int, not_before: float, watch: Watch) -> GraspProposals:
        """Grasps from an image taken at `not_before` (robot's clock, s) or later.

        Raises:
            OutcomeError: 1xx or 2xx.
        """


class MotionSource(Protocol):
    """Has motions planned; nothing moves."""

    def plan(self, request: MotionRequest, watch: Watch) -> Trajectory:
        """A trajectory of the arm's joints.

        Raises:
            OutcomeError: OUT_OF_REACH or 3xx.
        """


class Robot(Protocol):
    """An arm with a gripper, and its clock."""

    def now(self) -> float:
        """The robot's clock, s."""

    def pause(self, seconds: float, watch: Watch) -> None:
        """Wait for a span of the robot's clock."""

    def connect(self, watch: Watch) -> None:
        """Wait until everything is there that is needed to move.

        Raises:
            OutcomeError: CONTROLLER_UNAVAILABLE: it did not come; or DRIVER_LOST.
        """

    def positions(self) -> dict[str, float]:
        """Latest positions of the joints by name, rad and m.

        Raises:
            OutcomeError: DRIVER_LOST: there are no recent ones.
        """

    def gap(self) -> float:
        """Latest gap between the fingers, m.

        Raises:
            OutcomeError: DRIVER_LOST: it is not known.
        """

    def follow(self, trajectory: Trajectory, watch: Watch) -> None:
        """Move the arm; return when it has arrived.

        Raises:
            OutcomeError: 4xx, or what `watch` raised; the arm then holds where it is.
        """

    def grip(self, gap: float, force: float, watch: Watch) -> GripperState:
        """Move the fingers with at most a force (N); return when they have stopped. They go on holding.

        Raises:
            OutcomeError: 4xx, or what `watch` raised.
        """


class GroundTruth(Protocol):
    """What a simulator knows."""

    def objects(self, watch: Watch) -> Sequence[ObjectTruth] | None:
        """All objects of the scene; None if nobody answers."""


@dataclass(frozen=True, slots=True)
class Ports:
    """All that a pick talks to."""

    robot: Robot
    grasps: GraspSource
    motions: MotionSource
    truth: GroundTruth | None = None
