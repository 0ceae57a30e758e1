"""What a pick needs from the world, as interfaces: ROS clients serve them on a robot, fakes in tests.

Every method that waits takes a `watch` and calls it at least every 50 ms. What `watch` raises ends the
wait: the port first brings whatever it set in motion to a halt and lets it hold, then lets the
exception through. All failures are OutcomeErrors, and no method waits for ever.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from grasp_execution.motion.interface import MotionRequest
from grasp_execution.trajectory import MotionState, Trajectory
from grasp_perception.outcomes import OutcomeError
from grasp_perception.transform import Transform
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
class Look:
    """One image, and what a grasp source made of it."""

    stamp: float
    """When the image was taken, s of the robot's clock; 0 = there was none."""
    grasps: Sequence[Grasp]
    """Best first, in the base frame; empty if `failure`."""
    failure: OutcomeError | None = None
    """Why there is no grasp."""


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

    def ask(
        self, region: ImageRegion | None, max_grasps: int, not_before: float, near: Grasp, radius: float
    ) -> AskedGrasps:
        """Ask for grasps within a radius (m) of another one, and return at once; otherwise as `plan`."""


class AskedGrasps(Protocol):
    """An answer that is awaited."""

    def answer(self) -> Look | None:
        """The answer, once; None as long as there is none. In the end there is one: late means a failure."""

    def drop(self) -> None:
        """Do not wait for it any more."""


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

    def steer(self, watch: Watch) -> AbstractContextManager[Helm]:
        """Steer the arm while it moves. When the context ends, however it does, the arm holds."""

    def grip(self, gap: float, force: float, watch: Watch) -> GripperState:
        """Move the fingers with at most a force (N); return when they have stopped. They go on holding.

        Raises:
            OutcomeError: 4xx, or what `watch` raised.
        """


class Helm(Protocol):
    """An arm that is steered."""

    def send(self, trajectory: Trajectory, start: float) -> None:
        """Replace what the arm follows; returns at once.

        Args:
            trajectory: Begins where the arm will be then, with the velocity it will have.
            start: When its time is 0, s of the robot's clock.
        """

    def under_way(self) -> tuple[Trajectory, float] | None:
        """What the arm follows, as far as is known, and its start; None before the first.

        Raises:
            OutcomeError: 4xx, or what the watch raised.
        """

    def has_arrived(self) -> bool:
        """Whether the arm has come to the end of what was sent last."""


class Servo(Protocol):
    """Knows the arm's kinematics, and finds courses for it while it moves."""

    def tool(self, state: MotionState) -> Transform:
        """base_from_tool."""

    def reachable(self, pose: Transform, state: MotionState) -> Transform:
        """The pose that the tool takes when it goes to a pose: the same, or tilted.

        Raises:
            OutcomeError: OUT_OF_REACH or GOAL_IN_COLLISION.
        """

    def course(self, state: MotionState, goal: Transform, speed: float) -> Trajectory:
        """A short trajectory with velocities and accelerations from a state to a pose near by, at rest there.

        The tool moves at most at a speed (m/s), unless it is faster at the beginning.

        Raises:
            OutcomeError: OUT_OF_REACH or NO_MOTION_PLAN.
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
    servo: Callable[[], Servo] | None = None
    """Makes what is needed for picks in closed loop."""
