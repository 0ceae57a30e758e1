"""What a grasp planner is, and how planners are found by name."""

from __future__ import annotations

from abc import ABC, abstractmethod
from importlib.metadata import entry_points
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grasp_perception.frame import RGBDFrame
from grasp_perception.outcomes import OutcomeError
from grasp_planning.grasps import GraspCandidate
from grasp_planning.gripper import Gripper

ENTRY_POINT_GROUP = "grasp_planning.planners"


class NoGraspFound(OutcomeError):
    """The planner looked and found nothing to propose; `outcome` and `message` say why."""


class GraspPlanner(ABC):
    """Proposes grasps for what a camera saw.

    A planner is a class registered in the entry-point group ``grasp_planning.planners``; it is
    constructed with the gripper it plans for and its own options as keywords.
    """

    def __init__(self, gripper: Gripper) -> None:
        self.gripper = gripper

    @abstractmethod
    def plan(
        self, frame: RGBDFrame, *, roi: NDArray[np.bool_] | None = None, max_grasps: int = 1
    ) -> list[GraspCandidate]:
        """Propose grasps.

        Args:
            frame: What the camera saw.
            roi: (H, W) True where grasp centres may lie; None = everywhere.
            max_grasps: Upper bound on the number of proposals.

        Returns:
            At least one and at most `max_grasps` candidates, best first.

        Raises:
            NoGraspFound: With Outcome.BAD_DEPTH, NO_OBJECT or NO_GRASP and the reason.
        """


def available_planners() -> list[str]:
    """Names of the installed planners, sorted."""
    return sorted({entry.name for entry in entry_points(group=ENTRY_POINT_GROUP)})


def load_planner(name: str, gripper: Gripper, **options: Any) -> GraspPlanner:
    """Construct a planner by its name.

    Raises:
        ValueError: No planner of that name is installed, or it refuses an option.
    """
    for entry in entry_points(group=ENTRY_POINT_GROUP):
        if entry.name == name:
            try:
                planner = entry.load()(gripper, **options)
            except TypeError as error:
                raise ValueError(f"planner '{name}' does not take these options: {error}") from error
            if not isinstance(planner, GraspPlanner):
                raise ValueError(f"entry point '{name}' ({entry.value}) is not a GraspPlanner")
            return planner
    raise ValueError(f"no grasp planner is named '{name}'; installed are: {', '.join(available_planners())}")
