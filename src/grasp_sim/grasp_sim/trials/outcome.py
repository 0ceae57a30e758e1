"""How a trial went."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class TrialPhase(IntEnum):
    """Which phase failed; the codes of ``grasp_msgs/srv/EvaluateGrasp``."""

    SUCCESS = 0
    APPROACH = 1
    """A finger or the palm hit something on the way to the grasp."""
    CLOSE = 2
    """Nothing was between the fingers after closing."""
    LIFT = 3
    """Lost while lifting, or it still touched the ground."""
    MOVE = 4
    """Lost while moving away."""
    PLACE = 5
    """It did not let go, or did not land where it was released."""


INVALID = -1
"""Stands for a phase where a grasp could not be tried at all."""

MESSAGES = {
    TrialPhase.SUCCESS: "picked up, carried and put down",
    TrialPhase.APPROACH: "the gripper hit {what} on the way to the grasp",
    TrialPhase.CLOSE: "nothing was between the fingers when they had closed",
    TrialPhase.LIFT: "{what} was not lifted",
    TrialPhase.MOVE: "{what} was lost while moving away",
    TrialPhase.PLACE: "{what} did not land where it was released",
}


@dataclass(frozen=True, slots=True)
class TrialOutcome:
    """How a trial went."""

    phase: TrialPhase
    """SUCCESS, or the phase that failed."""
    object: str
    """Name of the object that was tried, "" if none."""
    message: str
    """What happened, in words."""

    @classmethod
    def of(cls, phase: TrialPhase, object_name: str, hit: str = "") -> TrialOutcome:
        """The outcome of a phase, in the usual words; `hit` says what the gripper hit."""
        what = hit if phase is TrialPhase.APPROACH else object_name
        return cls(phase, object_name, MESSAGES[phase].format(what=what or "the object"))

    @property
    def success(self) -> bool:
        """Whether the object was picked up, carried and put down."""
        return self.phase is TrialPhase.SUCCESS
