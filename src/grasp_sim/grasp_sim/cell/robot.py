"""A simulated arm: its joints, driven within the limits of its URDF."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from grasp_execution.arm import ArmDescription
from grasp_perception.configuration import ConfigurationError
from grasp_perception.transform import Transform
from grasp_sim.physics.bodies import Body
from grasp_sim.physics.sources import Source
from grasp_sim.physics.surfaces import ARM, FINGER
from grasp_sim.physics.world import World

POSITION_GAIN = 0.2  # share of a position error that a joint removes in one step


class SimulatedRobot:
    """The arm of a description, standing at the origin of a world, at home.

    The motors are constraints on the joint velocities, limited by the URDF's efforts and velocities;
    they are solved together with gravity and contacts, so a joint at rest does not sag. Links of the
    arm do not collide with each other here: motion planning keeps them apart.

    Attributes:
        body: The body in the world.
        joint_names: The arm's joints, then the fingers'.
    """

    def __init__(self, world: World, description: ArmDescription) -> None:
        """Load the arm.

        Raises:
            ConfigurationError: The URDF lacks a joint or link that the arm file names.
            SourceError: pyBullet cannot load the URDF.
        """
        self.description = description
        arm = description.arm
        self.body: Body = world.add(arm.name, Source(path=description.urdf_path), fixed=True)
        self.joint_names: tuple[str, ...] = (*arm.joints, *arm.gripper_joints.names)
        wanted = [*self.joint_names, *arm.gripper_joints.links, arm.tool_frame, arm.base_frame]
        missing = [name for name in wanted if name not in self.body.joints and name not in self.body.links]
        if missing:
            raise ConfigurationError(
                f"{description.urdf_path} has no joint or link named {', '.join(missing)}, which the arm file uses; "
                f"it has {', '.join([*self.body.joints, *self.body.links])}"
            )
        self._joints = [self.body.joints[name] for name in self.joint_names]
        self._arm_joints = self._joints[: len(arm.joints)]
        self.body.set_surface(ARM)
        self.body.set_surface(FINGER, arm.gripper_joints.links)
        self.reset(arm.home_positions)

    @property
    def limits(self) -> NDArray[np.float64]:
        """(J, 2) lower and upper limit of every joint, in the order of `joint_names`."""
        return np.array([(joint.lower, joint.upper) for joint in self._joints])

    def states(self) -> NDArray[np.float64]:
        """(J, 3) position, velocity and effort of every joint, in the order of `joint_names`."""
        return self.body.joint_states(self._joints)

    def positions(self) -> NDArray[np.float64]:
        """(J,) rad or m."""
        return self.states()[:, 0]

    def velocities(self) -> NDArray[np.float64]:
        """(J,) rad/s or m/s."""
        return self.states()[:, 1]

    def efforts(self) -> NDArray[np.float64]:
        """(J,) what the motors gave in the last step, Nm or N."""
        return self.states()[:, 2]

    def command(self, positions: ArrayLike, velocities: ArrayLike | None = None) -> None:
        """Drive the arm's joints (not the fingers) towards positions until told otherwise.

        Args:
            positions: One for each arm joint, in their order, rad; cut to the limits.
            velocities: Of the target, for following a trajectory without lag; zero if None.
        """
        target = self._checked("positions", positions)
        speed = np.zeros(len(target)) if velocities is None else self._checked("velocities", velocities)
        for joint, position, velocity in zip(self._arm_joints, target, speed):
            joint.drive(float(np.clip(position, joint.lower, joint.upper)), float(velocity), gain=POSITION_GAIN)

    def reset(self, positions: ArrayLike) -> None:
        """Put the arm's joints at positions at once, at rest, and hold them there."""
        for joint, position in zip(self._arm_joints, self._checked("positions", positions)):
            joint.reset(float(position))
        self.command(positions)

    def link_transforms(self) -> dict[str, Transform]:
        """base_from_link of every link."""
        poses = self.body.link_poses()
        base = poses[self.description.arm.base_frame].inverse()
        return {name: base @ pose for name, pose in poses.items()}

    def tool(self) -> Transform:
        """base_from_tool."""
        return self.link_transforms()[self.description.arm.tool_frame]

    def _checked(self, what: str, values: ArrayLike | Sequence[float]) -> NDArray[np.float64]:
        array = np.asarray(values, dtype=np.float64)
        if array.shape != (len(self._arm_joints),) or not np.isfinite(array).all():
            names = ", ".join(joint.name for joint in self._arm_joints)
            raise ValueError(f"{what} must be {len(self._arm_joints)} finite numbers (for {names}), got {values!r}")
        return array
