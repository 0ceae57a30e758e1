"""Steering an arm that is in motion: short courses, each from the state it will be in, each ending at rest.

A course replaces the one under way. As it ends at rest, an arm that nobody steers any more comes to a halt by itself.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from grasp_execution.arm import ArmDescription
from grasp_execution.motion.collision import CollisionScene, describe, self_collision_pairs
from grasp_execution.motion.kinematics import InverseKinematics, Posture
from grasp_execution.motion.obstacles import workcell_objects
from grasp_execution.motion.robot_model import RobotModel
from grasp_execution.trajectory import MotionState, Trajectory
from grasp_perception.outcomes import Outcome, OutcomeError
from grasp_perception.transform import Transform
from grasp_planning.workcell import WorkCell

FloatArray = NDArray[np.float64]

_SHORTEST = 0.1
"""Duration of a course, s."""
_LONGEST = 20.0
_GROWTH = 1.1
"""Factor between two durations that are tried."""
_CHECKS = 16
"""Moments of a course at which it is checked."""
_INTERVAL = 0.04
"""Greatest time between two points of a course, s."""
_JUMP = 0.8
"""Greatest change of a joint on one course, rad: more is another branch of the inverse kinematics."""
_SPEED_SLACK = 1.02
"""By how much more than its limit the tool may be seen to move: between two checks its path is bent."""


class Servo:
    """Finds courses for one arm in one work cell."""

    def __init__(self, description: ArmDescription, workcell: WorkCell) -> None:
        """Load the arm.

        Raises:
            ConfigurationError: The URDF cannot be used, or does not fit the arm file.
        """
        self._robot = RobotModel(description)
        self._kinematics = InverseKinematics(self._robot)
        self._scene = CollisionScene(self._robot, workcell_objects(workcell), (), self_collision_pairs(self._robot))
        self._velocity = self._robot.velocity * description.arm.velocity_scaling
        self._acceleration = self._robot.acceleration * description.arm.acceleration_scaling

    def tool(self, state: MotionState) -> Transform:
        """base_from_tool."""
        return self._robot.tool_pose(state.positions)

    def reachable(self, pose: Transform, state: MotionState) -> Transform:
        """The pose that the tool takes when it goes to a pose (base_from_tool): the same, or tilted as far as allowed.

        Raises:
            OutcomeError: OUT_OF_REACH; GOAL_IN_COLLISION.
        """
        posture = self._solve(pose, state, bend=True)
        if not self._scene.is_free(posture.positions):
            contacts = describe(self._scene.contacts(posture.positions))
            raise OutcomeError(Outcome.GOAL_IN_COLLISION, f"where the object has gone {contacts}")
        return self._robot.tool_pose(posture.positions)

    def course(self, state: MotionState, goal: Transform, speed: float) -> Trajectory:
        """From a state to a pose of the tool, at rest there, as fast as joints and tool may move.

        Each joint follows a quintic polynomial; its position, velocity and acceleration go on without a jump.

        Args:
            state: At the beginning.
            goal: base_from_tool at the end; near, as the tool does not follow a straight line.
            speed: Greatest of the tool, m/s, unless it is faster already.

        Returns:
            Points at most 40 ms apart.

        Raises:
            OutcomeError: OUT_OF_REACH; NO_MOTION_PLAN: the arm would leave its limits, or touch something.
        """
        posture = self._solve(goal, state, bend=False)
        step = np.abs(posture.positions - state.positions)
        if step.max() > _JUMP:
            joint = self._robot.joint_names[int(step.argmax())]
            raise OutcomeError(
                Outcome.NO_MOTION_PLAN, f"to follow the object, {joint} would have to jump by {step.max():.2f} rad"
            )
        course = self._timed(state, posture.positions, speed)
        checked, _, _ = course.evaluate(np.linspace(0.0, course.duration, _CHECKS, dtype=np.float64))
        for positions in checked[1:]:
            if not self._robot.within_limits(positions):
                raise OutcomeError(Outcome.NO_MOTION_PLAN, "to follow the object, the arm would leave its joint limits")
            if not self._scene.is_free(positions):
                contacts = describe(self._scene.contacts(positions))
                raise OutcomeError(Outcome.NO_MOTION_PLAN, f"on the way after the object {contacts}")
        count = max(2, int(np.ceil(course.duration / _INTERVAL)) + 1)
        times = np.linspace(0.0, course.duration, count, dtype=np.float64)
        return Trajectory(course.joint_names, times, *course.evaluate(times))

    def _solve(self, pose: Transform, state: MotionState, *, bend: bool) -> Posture:
        posture = self._kinematics.solve(pose, state.positions, bend=bend)
        if not posture.reaches(self._robot.max_tilt):
            x, y, z = pose.translation
            raise OutcomeError(
                Outcome.OUT_OF_REACH,
                f"the object has gone where the arm cannot follow: the tool does not reach ({x:.3f}, {y:.3f}, {z:.3f})",
            )
        return posture

    def _timed(self, state: MotionState, goal: FloatArray, speed: float) -> Trajectory:
        """The shortest course of two points that keeps the limits of joints and tool."""
        duration, zero = _SHORTEST, np.zeros(len(goal))
        shares = np.linspace(0.0, 1.0, _CHECKS, dtype=np.float64)
        while duration < _LONGEST:
            course = Trajectory(
                self._robot.joint_names,
                np.array([0.0, duration]),
                np.stack([state.positions, goal]),
                np.stack([state.velocities, zero]),
                np.stack([state.accelerations, zero]),
            )
            positions, velocities, accelerations = course.evaluate(shares * duration)
            # What the present motion exceeds cannot be mended by the next one.
            fast = np.abs(velocities) > np.maximum(self._velocity, np.abs(state.velocities) + 1e-9)
            steep = np.abs(accelerations) > np.maximum(self._acceleration, np.abs(state.accelerations) + 1e-9)
            if not (fast.any() or steep.any()) and self._tool_is_slow(positions, duration, speed):
                return course
            duration *= _GROWTH
        raise OutcomeError(Outcome.NO_MOTION_PLAN, "no course after the object keeps the limits of the joints")

    def _tool_is_slow(self, positions: FloatArray, duration: float, speed: float) -> bool:
        points = np.array([self._robot.tool_pose(row).translation for row in positions])
        speeds = np.linalg.norm(np.diff(points, axis=0), axis=1) * (len(points) - 1) / duration
        # A tool that is too fast at the beginning must have slowed down halfway.
        allowed = np.maximum(speed, speeds[0] * (1.0 - 2.0 * np.linspace(0.0, 1.0, len(speeds))))
        return bool((speeds <= allowed * _SPEED_SLACK).all())
