"""The description of an arm: everything the stack must know about one, from one file."""

from __future__ import annotations

from copy import copy
from pathlib import Path

from pydantic import Field, model_validator

from grasp_perception.configuration import Configuration, ConfigurationError
from grasp_planning.gripper import Gripper


class JointLimits(Configuration):
    """Limits of one joint that the URDF does not hold. rad/s^2."""

    acceleration: float = Field(gt=0)


class GripperJoints(Configuration):
    """How the gap between the fingers maps to joints of the URDF.

    The gap is the sum of the joint positions, shared equally.
    """

    names: tuple[str, ...]
    links: tuple[str, ...]
    """The finger links, one for each joint."""

    @model_validator(mode="after")
    def _link_for_each(self) -> GripperJoints:
        if len(self.links) != len(self.names):
            raise ValueError(f"links must name one link for each of {list(self.names)}, not {list(self.links)}")
        return self


class Controllers(Configuration):
    """Names of the action servers that move the arm, the same for a real and a simulated one."""

    arm: str
    """control_msgs/FollowJointTrajectory."""
    gripper: str
    """control_msgs/GripperCommand; position is the gap between the fingers."""


class Arm(Configuration):
    """An arm with a gripper."""

    name: str
    urdf: str
    """Path of the URDF, relative to the folder that holds `config/` and `models/`."""
    base_frame: str
    tool_frame: str
    """+z approach, +x closing axis, origin between the finger tips."""
    joints: tuple[str, ...]
    """From the base to the wrist."""
    limits: dict[str, JointLimits]
    home: dict[str, float]
    """Position of each joint at rest, out of the camera's view. rad."""
    velocity_scaling: float = Field(gt=0, le=1)
    """Share of the joints' velocity limits used by default."""
    acceleration_scaling: float = Field(gt=0, le=1)
    cartesian_speed: float = Field(gt=0)
    """Greatest speed of the tool on straight lines, m/s."""
    max_tilt: float = Field(ge=0)
    """How far an arm of fewer than six joints may tilt the tool from the pose asked for, rad."""
    gripper_file: str
    """Path of the gripper's file, relative like `urdf`."""
    gripper_joints: GripperJoints
    controllers: Controllers

    @model_validator(mode="after")
    def _every_joint(self) -> Arm:
        for field in ("limits", "home"):
            wrong = set(getattr(self, field)) ^ set(self.joints)
            if wrong:
                raise ValueError(f"{field} must name exactly the joints of the arm; wrong or missing: {sorted(wrong)}")
        return self

    @property
    def home_positions(self) -> tuple[float, ...]:
        """Home, in the order of `joints`."""
        return tuple(self.home[name] for name in self.joints)


class ArmDescription:
    """An arm file with the files it refers to.

    Attributes:
        arm: The arm file.
        gripper: The gripper's geometry.
        urdf_path: Absolute path of the URDF.
    """

    def __init__(self, path: str | Path) -> None:
        """Read the arm file `<root>/config/arms/<name>.yaml` and what it names below `<root>`.

        Raises:
            ConfigurationError: A file is missing or wrong.
        """
        path = Path(path)
        root = path.parent.parent.parent
        self.arm = Arm.load(path)
        self.gripper = Gripper.load(root / self.arm.gripper_file)
        self.urdf_path = root / self.arm.urdf

    def with_home(self, home: dict[str, float]) -> ArmDescription:
        """The same arm with another home.

        Raises:
            ConfigurationError: It does not name exactly the joints of the arm.
        """
        wrong = set(home) ^ set(self.arm.joints)
        if wrong:
            raise ConfigurationError(
                f"positions must be given for exactly the joints of {self.arm.name}; wrong or missing: {sorted(wrong)}"
            )
        other = copy(self)
        other.arm = self.arm.model_copy(update={"home": dict(home)})
        return other
