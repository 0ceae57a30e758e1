"""Making a simulated gripper carry out commands: one at a time, step by step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from grasp_planning.gripper import Gripper
from grasp_sim.control.motion import Ending, Motion

SLACK = 1e-6
"""m and N; rounding of messages."""
GRACE = 2.0
"""Simulated seconds that a command may take beyond the full stroke at full speed."""


class GripperRefused(ValueError):
    """A command is outside of what the gripper can do."""


class Fingers(Protocol):
    """What the controller needs of `SimulatedGripper`."""

    gripper: Gripper

    @property
    def gap(self) -> float:
        """M."""

    @property
    def effort(self) -> float:
        """N."""

    @property
    def reached(self) -> bool:
        """The gap is the commanded one."""

    @property
    def stalled(self) -> bool:
        """Stopped short of the commanded gap."""

    def command(self, gap: float, force: float | None = None) -> None:
        """Move towards a gap."""


@dataclass(frozen=True, slots=True)
class GripperState:
    """What ``control_msgs/action/GripperCommand`` reports."""

    gap: float
    """m."""
    effort: float
    """N."""
    stalled: bool
    reached: bool


GripperMotion = Motion[GripperState, str]


class GripperController:
    """Carries out the latest command and keeps pressing afterwards.

    A motion succeeds when the gap is reached, and also when the fingers stall short of it: that is
    how a grasp looks. All methods belong to the thread that steps the world.
    """

    def __init__(self, fingers: Fingers) -> None:
        self._fingers = fingers
        self._motion: GripperMotion | None = None
        self._give_up_at = 0.0
        self._force = 0.0

    @property
    def active(self) -> bool:
        """Whether a command is under way."""
        return self._motion is not None

    def state(self) -> GripperState:
        """The present state."""
        fingers = self._fingers
        return GripperState(fingers.gap, fingers.effort, fingers.stalled, fingers.reached)

    def begin(self, gap: float, force: float, now: float) -> GripperMotion:
        """Move towards a gap; the command under way, if any, is aborted.

        Args:
            gap: Between the fingers, m.
            force: Greatest force of a finger, N; 0 = the gripper's own.
            now: Simulated seconds.

        Raises:
            GripperRefused: The gap or the force is out of range. The command under way goes on.
        """
        check_command(gap, force, self._fingers.gripper)
        self.abort("pre-empted by a new command")
        gripper = self._fingers.gripper
        stroke = gripper.max_opening - gripper.min_opening
        self._force = force
        self._give_up_at = now + stroke / gripper.max_speed + GRACE
        self._fingers.command(gap, force)
        self._motion = Motion(self.state())
        return self._motion

    def cancel(self, motion: GripperMotion, now: float) -> None:
        """Stop where the fingers are."""
        if motion is self._motion:
            self._stop()
            self._end(Ending.CANCELED, f"canceled: stopped at {self._fingers.gap * 1e3:.1f} mm")

    def abort(self, reason: str) -> None:
        """End the command under way, if any; the fingers stop where they are."""
        if self._motion is not None:
            self._stop()
            self._end(Ending.ABORTED, reason)

    def after_step(self, now: float) -> None:
        """Judge what the step brought."""
        if self._motion is None:
            return
        state = self._motion.progress = self.state()
        if state.reached:
            self._end(Ending.SUCCEEDED, f"the gap is {state.gap * 1e3:.1f} mm")
        elif state.stalled:
            self._end(Ending.SUCCEEDED, f"stalled at {state.gap * 1e3:.1f} mm")
        elif now > self._give_up_at:
            self.abort(f"still moving at {state.gap * 1e3:.1f} mm after {GRACE} s more than the full stroke takes")

    def _stop(self) -> None:
        self._fingers.command(max(self._fingers.gap, 0.0), self._force)

    def _end(self, ending: Ending, message: str) -> None:
        if self._motion is not None:
            motion, self._motion = self._motion, None
            motion.end(ending, message)


def check_command(gap: float, force: float, gripper: Gripper) -> None:
    """Check that a gripper can do what is asked.

    Raises:
        GripperRefused: It cannot; the message has the range.
    """
    if not np.isfinite(gap) or not gripper.min_opening - SLACK <= gap <= gripper.max_opening + SLACK:
        raise GripperRefused(
            f"position is the gap between the fingers, in [{gripper.min_opening}, {gripper.max_opening}] m, got {gap}"
        )
    if not np.isfinite(force) or not 0.0 <= force <= gripper.max_force + SLACK:
        raise GripperRefused(
            f"max_effort must lie in [0, {gripper.max_force}] N (0 = the gripper's greatest force), got {force}"
        )
