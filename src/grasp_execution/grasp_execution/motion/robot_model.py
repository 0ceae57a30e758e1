"""An arm as pinocchio knows it: kinematics, limits and collision shapes, gripper locked open."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import coal
import numpy as np
import pinocchio as pin
from numpy.typing import NDArray

from grasp_execution.arm import ArmDescription
from grasp_perception.configuration import ConfigurationError
from grasp_perception.outcomes import Outcome, OutcomeError
from grasp_perception.transform import Transform

FloatArray = NDArray[np.float64]
LIMIT_TOLERANCE = 0.01
"""How far outside its limits a joint may be reported at the start: encoders and settling, rad or m."""


class RobotModel:
    """One arm of a URDF; every other joint is locked, those of the gripper at its greatest opening.

    J is the number of the arm's joints, always in the arm file's order.

    Attributes:
        joint_names: (J,) names.
        lower, upper: (J,) position limits, rad or m.
        velocity, acceleration: (J,) limits.
        home: (J,) the arm file's home.
        max_tilt: How far the tool may tilt from the pose asked for, rad; 0 for an arm of six joints or more.
        cartesian_speed: Greatest speed of the tool on straight lines, m/s.
        model: The pinocchio model, J joints.
        geometry: Its collision shapes.
        tool: Index of the tool's frame in the model.
        base: Pose of the arm's base frame in the URDF's root.
        finger_links: Names of the finger links.
    """

    def __init__(self, description: ArmDescription) -> None:
        """Read the URDF.

        Raises:
            ConfigurationError: The URDF is missing or wrong, or does not fit the arm file.
        """
        arm = description.arm
        self.joint_names = arm.joints
        full, geometry = _load(description.urdf_path)
        for name in (*arm.joints, *arm.gripper_joints.names):
            if not full.existJointName(name):
                raise ConfigurationError(f"{description.urdf_path} has no moving joint '{name}' of the arm file")
        posture = pin.neutral(full)
        for name in arm.gripper_joints.names:
            posture[full.joints[full.getJointId(name)].idx_q] = description.gripper.max_opening / len(
                arm.gripper_joints.names
            )
        locked = [full.getJointId(name) for name in full.names[1:] if name not in arm.joints]
        self.model, self.geometry = pin.buildReducedModel(full, geometry, locked, posture)
        if tuple(self.model.names[1:]) != arm.joints or self.model.nq != len(arm.joints):
            raise ConfigurationError(
                f"{description.urdf_path}: the arm's joints must be a chain of bounded joints in the arm file's order "
                f"{list(arm.joints)}, but the URDF's order is {list(self.model.names[1:])}"
            )
        self.lower = np.array(self.model.lowerPositionLimit)
        self.upper = np.array(self.model.upperPositionLimit)
        self.velocity = np.array(self.model.upperVelocityLimit)
        self.acceleration = np.array([arm.limits[name].acceleration for name in arm.joints])
        if not (np.isfinite(self.lower).all() and np.isfinite(self.upper).all() and (self.velocity > 0).all()):
            raise ConfigurationError(f"{description.urdf_path}: every joint of the arm needs position and speed limits")
        self.home = np.array(arm.home_positions)
        outside = [n for n, q, a, b in zip(arm.joints, self.home, self.lower, self.upper) if not a <= q <= b]
        if outside:
            raise ConfigurationError(f"the home of {arm.name} is outside the limits of {outside}")
        self.max_tilt = arm.max_tilt if len(arm.joints) < 6 else 0.0
        self.cartesian_speed = arm.cartesian_speed
        self.tool = self._frame(arm.tool_frame)
        base = self.model.frames[self._frame(arm.base_frame)]
        if base.parentJoint != 0:
            raise ConfigurationError(f"base_frame '{arm.base_frame}' moves with the arm")
        self.base = base.placement
        self._base_inverse = base.placement.inverse()
        self.finger_links = frozenset(arm.gripper_joints.links)
        for link in self.finger_links:
            self._frame(link)
        self._data = self.model.createData()

    def _frame(self, name: str) -> int:
        if not self.model.existFrame(name):
            raise ConfigurationError(f"the URDF has no frame '{name}'")
        return int(self.model.getFrameId(name))

    def tool_pose(self, positions: FloatArray) -> Transform:
        """base_from_tool at joint positions (J,)."""
        pin.framesForwardKinematics(self.model, self._data, positions)
        placement = self._base_inverse * self._data.oMf[self.tool]
        return Transform(placement.rotation, placement.translation)

    def within_limits(self, positions: FloatArray) -> bool:
        """Whether joint positions (J,) are within their limits."""
        return bool((positions >= self.lower - 1e-9).all() and (positions <= self.upper + 1e-9).all())

    def clip(self, positions: FloatArray) -> FloatArray:
        """Joint positions (J,) moved into their limits."""
        return np.clip(positions, self.lower, self.upper)

    def start(self, state: Mapping[str, float]) -> FloatArray:
        """Joint positions (J,) of a start state, moved into the limits when just outside.

        Raises:
            OutcomeError: INVALID_MOTION_REQUEST: a joint is missing, unknown, not finite or outside its limits.
        """
        return self.clip(self._ordered(state, "start", LIMIT_TOLERANCE))

    def goal(self, state: Mapping[str, float]) -> FloatArray:
        """Joint positions (J,) of a goal.

        Raises:
            OutcomeError: INVALID_MOTION_REQUEST: a joint is missing, unknown, not finite or outside its limits.
        """
        return self.clip(self._ordered(state, "goal", 1e-6))

    def _ordered(self, state: Mapping[str, float], what: str, tolerance: float) -> FloatArray:
        missing = [name for name in self.joint_names if name not in state]
        unknown = sorted(name for name in state if name not in self.joint_names)
        if missing or (unknown and what == "goal"):
            wrong = [f"lacks {missing}"] * bool(missing) + [f"names unknown joints {unknown}"] * bool(unknown)
            raise OutcomeError(
                Outcome.INVALID_MOTION_REQUEST,
                f"the {what} {' and '.join(wrong)}; it must name the arm's joints: {list(self.joint_names)}",
            )
        positions = np.array([float(state[name]) for name in self.joint_names])
        for name, position, low, high in zip(self.joint_names, positions, self.lower, self.upper):
            if not low - tolerance <= position <= high + tolerance:  # also refuses NaN
                raise OutcomeError(
                    Outcome.INVALID_MOTION_REQUEST,
                    f"the {what} puts {name} at {position:.3f}, outside its limits {low:.3f} to {high:.3f}",
                )
        return positions


def _load(path: Path) -> tuple[pin.Model, pin.GeometryModel]:
    if not path.is_file():
        raise ConfigurationError(f"cannot read the URDF {path}: no such file")
    try:
        model = pin.buildModelFromUrdf(str(path))
        geometry = pin.buildGeomFromUrdf(model, str(path), pin.GeometryType.COLLISION, package_dirs=[str(path.parent)])
    except (ValueError, RuntimeError) as error:
        raise ConfigurationError(f"{path} is not a URDF this stack can use: {error}") from error
    for item in geometry.geometryObjects:
        if isinstance(item.geometry, coal.BVHModelBase):  # meshes: distances and speed need convex shapes
            item.geometry.buildConvexHull(True, "Qt")
            item.geometry = item.geometry.convex
    return model, geometry
