"""Making a simulated arm follow trajectories: one at a time, step by step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from grasp_sim.control.motion import Ending, Motion
from grasp_sim.control.trajectory_checks import CheckedGoal
from grasp_sim.control.trajectory_following import Follower, TrajectoryError, Verdict

STILL = 0.01
"""rad/s below which a joint stands still after a cancel."""
LONGEST_STOP = 0.5
"""Simulated seconds after which a canceled motion ends even if the arm is still being pushed about."""


class Arm(Protocol):
    """What the controller needs of `SimulatedRobot`."""

    def states(self) -> NDArray[np.float64]:
        """(J, 3) position, velocity and effort, the arm's joints first."""

    def command(self, positions: ArrayLike, velocities: ArrayLike | None = None) -> None:
        """Drive the arm's joints."""


@dataclass(frozen=True, slots=True, eq=False)
class TrajectoryProgress:
    """Where the joints are and where they should be; (J,) arrays in the arm's order."""

    time: float
    """Simulated seconds."""
    desired_positions: NDArray[np.float64]
    desired_velocities: NDArray[np.float64]
    positions: NDArray[np.float64]
    velocities: NDArray[np.float64]


TrajectoryMotion = Motion[TrajectoryProgress, Verdict]


class TrajectoryController:
    """Follows the latest trajectory, and holds the position whenever there is none.

    All methods belong to the thread that steps the world; `before_step` and `after_step` go around
    every step.
    """

    def __init__(self, arm: Arm, joint_count: int, time_step: float) -> None:
        """Control the first `joint_count` joints of an arm that is stepped by `time_step` seconds."""
        self._arm = arm
        self._joints = joint_count
        self._time_step = time_step
        self._motion: TrajectoryMotion | None = None
        self._follower: Follower | None = None
        self._stop_by = 0.0

    @property
    def active(self) -> bool:
        """Whether a trajectory is being followed or stopped."""
        return self._motion is not None

    def begin(self, goal: CheckedGoal, now: float) -> TrajectoryMotion:
        """Follow a trajectory; the one under way, if any, is aborted, and the arm moves on without a halt.

        Raises:
            TrajectoryRefused: It cannot start from the present state. The one under way goes on.
        """
        positions, velocities = self._state()
        follower = goal.begin(now, positions, velocities)
        self._end(Ending.PREEMPTED, Verdict(TrajectoryError.INVALID_GOAL, "pre-empted by a new trajectory"))
        self._follower = follower
        self._motion = Motion(TrajectoryProgress(now, *follower.desired(now), positions, velocities))
        return self._motion

    def cancel(self, motion: TrajectoryMotion, now: float) -> None:
        """Hold the present position; the motion ends as soon as the arm stands still."""
        if motion is self._motion and self._follower is not None:
            self._follower = None
            self._hold()
            self._stop_by = now + LONGEST_STOP

    def abort(self, reason: str, code: TrajectoryError = TrajectoryError.INVALID_GOAL) -> None:
        """End the motion under way, if any, and hold the present position."""
        self._end(Ending.ABORTED, Verdict(code, reason), hold=True)

    def before_step(self, now: float) -> None:
        """Command what is wanted at the end of the coming step."""
        if self._follower is not None:
            self._arm.command(*self._follower.desired(now + self._time_step))

    def after_step(self, now: float) -> None:
        """Judge what the step brought."""
        if self._motion is None:
            return
        positions, velocities = self._state()
        if self._follower is None:
            self._report(now, self._motion.progress.desired_positions, np.zeros(self._joints), positions, velocities)
            if now >= self._stop_by or np.abs(velocities).max() < STILL:
                self._end(Ending.CANCELED, Verdict(TrajectoryError.SUCCESSFUL, "canceled: holding the position"))
            return
        self._report(now, *self._follower.desired(now), positions, velocities)
        verdict = self._follower.judge(now, positions, velocities)
        if verdict is not None and verdict.code == TrajectoryError.SUCCESSFUL:
            self._end(Ending.SUCCEEDED, verdict)
        elif verdict is not None:
            self._end(Ending.ABORTED, verdict, hold=True)

    def _end(self, ending: Ending, verdict: Verdict, *, hold: bool = False) -> None:
        if self._motion is None:
            return
        if hold:
            self._hold()
        motion, self._motion, self._follower = self._motion, None, None
        motion.end(ending, verdict)

    def _hold(self) -> None:
        self._arm.command(self._state()[0])

    def _state(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        states = self._arm.states()[: self._joints]
        return states[:, 0], states[:, 1]

    def _report(self, now: float, *arrays: NDArray[np.float64]) -> None:
        if self._motion is not None:
            self._motion.progress = TrajectoryProgress(now, *arrays)
