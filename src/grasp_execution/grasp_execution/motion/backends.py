"""The motion planners, by name."""

from __future__ import annotations

from grasp_execution.arm import ArmDescription
from grasp_execution.motion.interface import MotionPlanner
from grasp_perception.configuration import ConfigurationError
from grasp_planning.workcell import WorkCell

BACKENDS = ("embedded",)


def load_backend(name: str, description: ArmDescription, workcell: WorkCell, seed: int = 0) -> MotionPlanner:
    """Load a motion planner.

    Raises:
        ConfigurationError: There is none of this name, or the arm's files cannot be used.
    """
    if name not in BACKENDS:
        raise ConfigurationError(f"no motion planner is called '{name}'; there are: {', '.join(BACKENDS)}")
    if workcell.base_frame != description.arm.base_frame:
        raise ConfigurationError(
            f"the work cell is given in the frame '{workcell.base_frame}', but the base of {description.arm.name} is "
            f"'{description.arm.base_frame}'"
        )
    # Imported here: another backend must load where pinocchio, coal, OMPL and TOPP-RA are not installed.
    from grasp_execution.motion.embedded import EmbeddedMotionPlanner

    return EmbeddedMotionPlanner(description, workcell, seed)
