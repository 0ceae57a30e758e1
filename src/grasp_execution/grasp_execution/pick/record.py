"""What is known about a pick: while it runs, and when it has ended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from grasp_execution.pick.ports import ImageRegion
from grasp_execution.pick.stage import Stage
from grasp_execution.pick.tracker import TrackingCount
from grasp_perception.outcomes import Outcome
from grasp_planning.grasps import Grasp


@dataclass(frozen=True, slots=True)
class PickRequest:
    """What to pick."""

    region: ImageRegion | None = None
    """Where in the image; None = anywhere."""
    plan_only: bool = False
    """Stop after planning."""
    closed_loop: bool = False
    """Look on the way, and follow the object if it moves."""


@dataclass(frozen=True, slots=True)
class StageTime:
    """A stage that was entered, and how long it took by the robot's clock."""

    stage: Stage
    seconds: float


@dataclass(frozen=True, slots=True)
class PickResult:
    """How a pick ended; the fields of the result of ``grasp_msgs/action/Pick``."""

    outcome: Outcome
    message: str
    failed_stage: Stage | None
    """The stage that ended the pick; None on success."""
    grasp: Grasp | None
    """The grasp that was tried."""
    grasp_stamp: float
    """When the image was taken that it was planned on, s of the robot's clock."""
    gripper_success: bool
    """The gripper felt an object from closing to release."""
    object_known: bool
    """A simulator told the truth about the objects."""
    object_success: bool
    """An object is in the bin that was not there before."""
    object: str
    """The object that was picked or touched, as far as known."""
    stages: tuple[StageTime, ...]
    tracking: TrackingCount = field(default_factory=TrackingCount)
    """In closed loop."""


@dataclass(frozen=True, slots=True)
class Progress:
    """What the feedback says."""

    stage: Stage
    elapsed: float
    """Since the pick began, s of the robot's clock."""
    grasp: Grasp | None
    grasp_stamp: float


class Record:
    """Keeps the time of the stages and tells about each that begins."""

    def __init__(self, clock: Callable[[], float], on_stage: Callable[[Progress], None]) -> None:
        self._clock = clock
        self._on_stage = on_stage
        self._entered: list[tuple[Stage, float]] = []
        self.grasp: Grasp | None = None
        """The grasp being tried."""
        self.grasp_stamp = 0.0
        self.tracking = TrackingCount()

    @property
    def stage(self) -> Stage:
        """The present stage."""
        return self._entered[-1][0]

    def enter(self, stage: Stage) -> None:
        """A stage begins, and with it the one before ends."""
        self._entered.append((stage, self._clock()))
        self.tell()

    def tell(self) -> None:
        """Report the present stage once more, as something else is new."""
        start = self._entered[0][1]
        self._on_stage(Progress(self.stage, self._clock() - start, self.grasp, self.grasp_stamp))

    def give_to_previous(self, share: float) -> None:
        """Count a share of the present stage's time so far, 0 to 1, as time of the stage before."""
        stage, start = self._entered[-1]
        self._entered[-1] = (stage, start + min(max(share, 0.0), 1.0) * (self._clock() - start))

    def undo(self) -> None:
        """Count the present stage as part of the one before."""
        self._entered.pop()

    def times(self) -> tuple[StageTime, ...]:
        """All stages so far; the present one ends now."""
        ends = [start for _, start in self._entered[1:]] + [self._clock()]
        return tuple(StageTime(stage, end - start) for (stage, start), end in zip(self._entered, ends))
