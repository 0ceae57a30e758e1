"""What became of the one grasp that was predicted for a scene."""

from __future__ import annotations

from dataclasses import dataclass

from grasp_planning.grasps import GraspRectangle
from grasp_sim.trials.outcome import TrialPhase

SUCCESS = TrialPhase.SUCCESS.name.lower()
NO_PREDICTION = "no_prediction"
INVALID = "invalid"
NOT_JUDGED = "not_judged"
FAILURES = (
    NO_PREDICTION,
    INVALID,
    *(phase.name.lower() for phase in TrialPhase if phase is not TrialPhase.SUCCESS),
    NOT_JUDGED,
)
"""The ways to fail, in the order in which a scene comes to them."""

MEANINGS = {
    SUCCESS: "lifted, carried and put down where it should be",
    NO_PREDICTION: "the file has no grasp for the scene",
    INVALID: "the rectangle cannot be tried",
    "approach": "the gripper hit something on the way to the grasp",
    "close": "nothing was between the fingers when they had closed",
    "lift": "the object was not lifted",
    "move": "the object was lost while it was moved away",
    "place": "the object did not land where it was released",
    NOT_JUDGED: "the scene's files are broken, or its trial killed the process it ran in",
}
"""What each phase of a `JudgedScene` says, for people."""


@dataclass(frozen=True, slots=True)
class JudgedScene:
    """A scene and how its grasp went."""

    id: str
    """``<index>_<object>``"""
    object: str
    """32 hexadecimal digits."""
    phase: str
    """`SUCCESS` or one of `FAILURES`."""
    message: str
    """What happened, in words."""
    line: int | None = None
    """Of the submission, where the rectangle stands, from 1; None without a prediction."""
    rectangle: GraspRectangle | None = None
    """None without a prediction."""
    seconds: float = 0.0
    """That the trial took, with the reading of its files."""

    def __post_init__(self) -> None:
        if self.phase not in MEANINGS:
            raise ValueError(f"'{self.phase}' is no phase; there are: {', '.join(MEANINGS)}")

    @property
    def success(self) -> bool:
        """Whether the object was picked up, carried and put down."""
        return self.phase == SUCCESS


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is wrong with a submission or, where it is about no line of it, with the dataset."""

    line: int | None
    """Of the submission, from 1; None if it is not about a line."""
    message: str

    def located(self, file: str) -> str:
        """The problem after ``file:line: ``."""
        return f"{file}: {self.message}" if self.line is None else f"{file}:{self.line}: {self.message}"
