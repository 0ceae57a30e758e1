"""What takes its time: answers of the grasp planner, and courses on their way to the controller."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from grasp_execution.pick import Look, Watch
from grasp_execution.trajectory import Trajectory
from grasp_sim.control.trajectory_controller import TrajectoryMotion
from grasp_sim.control.trajectory_goal import TrajectoryRefused

TRANSPORT = 0.03
"""s of the simulation that a course is on its way."""


class LateAnswer:
    """An answer that comes when it has been planned; see `AskedGrasps`."""

    def __init__(self) -> None:
        self._look: Look | None = None

    def arrive(self, look: Look) -> None:
        """It is there."""
        self._look = look

    def answer(self) -> Look | None:
        """See `AskedGrasps`."""
        look, self._look = self._look, None
        return look

    def drop(self) -> None:
        """See `AskedGrasps`."""
        self._look = None


class Controller(Protocol):
    """What a helm steers."""

    def begin(self, trajectory: Trajectory, stamp: float) -> TrajectoryMotion:
        """Follow a trajectory from a time on.

        Raises:
            TrajectoryRefused: The one before goes on.
        """

    def halt(self, motion: TrajectoryMotion) -> None:
        """Cancel a motion."""

    def post(self, delay: float, action: Callable[[], None]) -> None:
        """Do something later."""


class LateHelm:
    """Courses that reach the controller a little later, and may be refused there; see `Helm`."""

    def __init__(self, controller: Controller, watch: Watch) -> None:
        self._controller, self._watch = controller, watch
        self._course: tuple[Trajectory, float] | None = None  # the latest that was not refused
        self._taken: tuple[Trajectory, float] | None = None
        self._motion: TrajectoryMotion | None = None  # of the latest course, when it has arrived
        self._followed: TrajectoryMotion | None = None  # of the one that was taken
        self._closed = False

    def send(self, trajectory: Trajectory, start: float) -> None:
        """See `Helm`."""
        self._course = course = (trajectory, start)
        self._motion = None
        self._controller.post(TRANSPORT, lambda: self._arrive(course))

    def under_way(self) -> tuple[Trajectory, float] | None:
        """See `Helm`."""
        self._watch()
        return self._course

    def has_arrived(self) -> bool:
        """See `Helm`."""
        return self._motion is not None and self._motion.ended.is_set()

    def close(self) -> None:
        """Nothing more is steered; what is followed still is cancelled."""
        self._closed = True
        if self._followed is not None and not self._followed.ended.is_set():
            self._controller.halt(self._followed)

    def _arrive(self, course: tuple[Trajectory, float]) -> None:
        if self._closed:
            return
        is_latest = self._course is course
        try:
            self._followed, self._taken = self._controller.begin(*course), course
        except TrajectoryRefused:
            if is_latest:
                self._course = self._taken
        if is_latest:
            self._motion = self._followed
