"""What a grasp planner is, and how planners are found by name."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points
from inspect import signature
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from grasp_perception.configuration import reasons
from grasp_perception.frame import RGBDFrame
from grasp_perception.outcomes import OutcomeError
from grasp_planning.grasps import GraspCandidate
from grasp_planning.gripper import Gripper

ENTRY_POINT_GROUP = "grasp_planning.planners"


class NoGraspFound(OutcomeError):
    """The planner looked and found nothing to propose; `outcome` and `message` say why."""


class NoWeights(ValueError):
    """A planner needs trained weights, and there are none for the robot; the message says for which there are."""


class GraspPlanner(ABC):
    """Proposes grasps for what a camera saw.

    A planner is a class registered in the entry-point group ``grasp_planning.planners``; it is
    constructed with the gripper it plans for and its own options as keywords.

    Attributes:
        quality_map: (H, W) float32, how good a grasp is at each pixel of the frame that was planned on last; None if
            the planner does not say, or was not asked, because nothing stood in the workspace.
    """

    needs_weights: ClassVar[bool] = False
    """Whether it takes the option ``weights``, a file; see `load_planner`."""
    quality_map: NDArray[np.float32] | None = None

    def __init__(self, gripper: Gripper) -> None:
        self.gripper = gripper

    @abstractmethod
    def plan(
        self, frame: RGBDFrame, *, roi: NDArray[np.bool_] | None = None, max_grasps: int = 1, tracked: bool = False
    ) -> list[GraspCandidate]:
        """Propose grasps.

        Args:
            frame: What the camera saw.
            roi: (H, W) True where grasp centres may lie; None = everywhere.
            max_grasps: Upper bound on the number of proposals.
            tracked: Whether the roi lies about something that was seen whole before and is followed: a part of it
                is enough then.

        Returns:
            At least one and at most `max_grasps` candidates, best first.

        Raises:
            NoGraspFound: With Outcome.BAD_DEPTH, NO_OBJECT or NO_GRASP and the reason.
        """


def available_planners() -> list[str]:
    """Names of the installed planners, sorted."""
    return sorted({entry.name for entry in entry_points(group=ENTRY_POINT_GROUP)})


def find_planner(name: str) -> EntryPoint:
    """The entry point of a planner.

    Raises:
        ValueError: No planner of that name is installed.
    """
    for entry in entry_points(group=ENTRY_POINT_GROUP):
        if entry.name == name:
            return entry
    raise ValueError(f"no grasp planner is named '{name}'; installed are: {', '.join(available_planners())}")


def load_planner(
    name: str,
    gripper: Gripper,
    options: Mapping[str, Any] | None = None,
    *,
    models: Path | None = None,
    default_seed: int | None = None,
) -> GraspPlanner:
    """Construct a planner by its name.

    Args:
        name: Of its entry point.
        gripper: What it plans for.
        options: The planner's own.
        models: Folder with the weights of this robot's planners, ``<name>.safetensors``; not looked at if the planner
            needs none, or the option ``weights`` names a file.
        default_seed: Given to a planner that names the option ``seed``, if the options name none.

    Raises:
        NoWeights: It needs weights, and there are none for this robot.
        ValueError: No planner of that name is installed, or it refuses an option.
    """
    entry = find_planner(name)
    kind = entry.load()
    given = dict(options or {})
    if getattr(kind, "needs_weights", False) and "weights" not in given:
        given["weights"] = _weights(name, models)
    if default_seed is not None and "seed" in signature(kind).parameters:
        given.setdefault("seed", default_seed)
    try:
        planner = kind(gripper, **given)
    except ValidationError as error:
        raise ValueError(f"planner '{name}' does not take these options: {reasons(error, 'they')}") from error
    except TypeError as error:
        raise ValueError(f"planner '{name}' does not take these options: {error}") from error
    if not isinstance(planner, GraspPlanner):
        raise ValueError(f"entry point '{name}' ({entry.value}) is not a GraspPlanner")
    return planner


def _weights(name: str, models: Path | None) -> Path:
    if models is None:
        raise NoWeights(f"planner '{name}' needs trained weights: give it the option weights, a file")
    file = models / f"{name}.safetensors"
    if not file.is_file():
        others = sorted(other.parent.name for other in models.parent.glob(f"*/{file.name}"))
        there = f"only for: {', '.join(others)}" if others else "nor for another robot"
        raise NoWeights(
            f"planner '{name}' has no weights for '{models.name}', {there}; the option weights names a file"
        )
    return file
