"""The motion planner that comes with this stack: pinocchio, coal, OMPL and TOPP-RA."""

from __future__ import annotations

import math
import threading
import time

import numpy as np
from numpy.typing import NDArray

from grasp_execution.arm import ArmDescription
from grasp_execution.motion.cartesian import LinePath, follow_line
from grasp_execution.motion.collision import CollisionScene, describe, self_collision_pairs
from grasp_execution.motion.goals import goal_postures
from grasp_execution.motion.interface import JointGoal, LineGoal, MotionPlanner, MotionRequest, PoseGoal
from grasp_execution.motion.joint_planning import plan_path
from grasp_execution.motion.kinematics import InverseKinematics
from grasp_execution.motion.obstacles import workcell_objects
from grasp_execution.motion.robot_model import RobotModel
from grasp_execution.motion.timing import time_path
from grasp_execution.trajectory import Trajectory
from grasp_perception.outcomes import Outcome, OutcomeError
from grasp_perception.transform import Transform
from grasp_planning.grasps import half_turn
from grasp_planning.workcell import WorkCell

FloatArray = NDArray[np.float64]

DEFAULT_TIMEOUT = 2.0
"""Seconds of planning."""
LONGEST_TIMEOUT = 60.0
"""Seconds; nobody else is served in the meantime."""
_LINE_GOALS = 3
"""Postures at the end of a line that are tried."""


class EmbeddedMotionPlanner(MotionPlanner):
    """Plans motions of one arm among the obstacles of its work cell.

    The same request gives the same trajectory, unless the time runs out. Calls from several threads take turns.

    Attributes:
        robot: The arm.
        obstacles: What the work cell holds.
    """

    def __init__(self, description: ArmDescription, workcell: WorkCell, seed: int = 0) -> None:
        """Load the arm.

        Raises:
            ConfigurationError: The URDF cannot be used, or does not fit the arm file.
        """
        self._arm = description.arm
        self._seed = seed
        self.robot = RobotModel(description)
        self.kinematics = InverseKinematics(self.robot)
        self.obstacles = workcell_objects(workcell)
        self._self_pairs = self_collision_pairs(self.robot)
        self._lock = threading.Lock()

    def plan(self, request: MotionRequest) -> Trajectory:
        """See :meth:`MotionPlanner.plan`."""
        _check(request)
        with self._lock:
            return self._plan(request)

    def reachable(self, pose: Transform, *, symmetric: bool = True) -> bool:
        """Whether the tool can be at a pose (base_from_tool), tilted as far as allowed; obstacles are ignored."""
        poses = (pose, half_turn(pose)) if symmetric else (pose,)
        with self._lock:
            return any(self.kinematics.solve(p, self.robot.home).reaches(self.robot.max_tilt) for p in poses)

    def scene(self, request: MotionRequest) -> CollisionScene:
        """The arm among what stands around for a request.

        Raises:
            OutcomeError: INVALID_MOTION_REQUEST: a name that is unknown, or given twice.
        """
        names = [item.name for item in request.scene]
        taken = {item.name for item in self.obstacles}
        for i, name in enumerate(names):
            if name in taken or name in names[:i] or not name:
                raise _invalid(f"the scene object '{name}' needs a name that is not taken (by the work cell: {taken})")
        return CollisionScene(self.robot, (*self.obstacles, *request.scene), request.allow_contact, self._self_pairs)

    def _plan(self, request: MotionRequest) -> Trajectory:
        deadline = time.monotonic() + (request.timeout or DEFAULT_TIMEOUT)
        scene = self.scene(request)
        start = self.robot.start(request.start)
        contacts = scene.contacts(start)
        if contacts:
            raise OutcomeError(
                Outcome.START_IN_COLLISION,
                f"at the start {describe(contacts)}; move the arm free, or allow the contact",
            )
        distances: FloatArray | None = None
        if isinstance(request.goal, LineGoal):
            line = self._line(request.goal, scene, start, deadline)
            path, distances = line.positions, line.distances
        elif isinstance(request.goal, PoseGoal):
            path = self._to_pose(request.goal, scene, start, deadline)
        else:
            path = self._to_joints(request.goal, scene, start, deadline)

        speed = request.velocity_scaling or self._arm.velocity_scaling
        acceleration = request.acceleration_scaling or self._arm.acceleration_scaling
        trajectory = time_path(
            self.robot.joint_names,
            path,
            self.robot.velocity * speed,
            self.robot.acceleration * acceleration,
            distances,
            # The speed on lines is meant as it stands; the arm's default scaling is for its joints.
            self._arm.cartesian_speed * (request.velocity_scaling or 1.0),
        )
        self._verify(trajectory, scene)
        return trajectory

    def _to_joints(self, goal: JointGoal, scene: CollisionScene, start: FloatArray, deadline: float) -> FloatArray:
        target = self.robot.goal(goal.positions)
        contacts = scene.contacts(target)
        if contacts:
            raise OutcomeError(Outcome.GOAL_IN_COLLISION, f"at the goal {describe(contacts)}; choose another goal")
        return plan_path(self.robot, scene, start, [target], self._seed, deadline)

    def _to_pose(self, goal: PoseGoal, scene: CollisionScene, start: FloatArray, deadline: float) -> FloatArray:
        poses = (goal.pose, half_turn(goal.pose)) if goal.symmetric else (goal.pose,)
        rng = np.random.default_rng(self._seed)  # anew for each request: the same request, the same motion
        goals = goal_postures(self.robot, self.kinematics, scene, poses, start, rng, deadline)
        return plan_path(self.robot, scene, start, goals, self._seed, deadline)

    def _line(self, goal: LineGoal, scene: CollisionScene, start: FloatArray, deadline: float) -> LinePath:
        pose = goal.pose
        if goal.symmetric:
            now = self.robot.tool_pose(start)
            pose = min(pose, half_turn(pose), key=now.angle_to)
        goals = goal_postures(self.robot, self.kinematics, scene, (pose,), start, None, deadline)
        errors = []
        for candidate in goals[:_LINE_GOALS]:
            try:
                return follow_line(self.robot, self.kinematics, scene, start, candidate, deadline)
            except OutcomeError as error:
                errors.append(error)
        raise errors[0]

    def _verify(self, trajectory: Trajectory, scene: CollisionScene) -> None:
        """Check what is sent, not only what it was made from: the spline may leave the path a little."""
        for positions in trajectory.positions[1:]:
            if not scene.is_free(self.robot.clip(positions)):
                raise OutcomeError(
                    Outcome.NO_MOTION_PLAN,
                    f"the timed motion leaves the free path: {describe(scene.contacts(positions))}; "
                    "give the obstacle a wider berth",
                )


def _invalid(message: str) -> OutcomeError:
    return OutcomeError(Outcome.INVALID_MOTION_REQUEST, message)


def _check(request: MotionRequest) -> None:
    for name in ("velocity_scaling", "acceleration_scaling"):
        value = getattr(request, name)
        if value is not None and not 0.0 < value <= 1.0:
            raise _invalid(f"{name} must be in (0, 1], not {value}")
    if request.timeout is not None and not 0.0 < request.timeout <= LONGEST_TIMEOUT:
        raise _invalid(f"timeout must be positive, and at most {LONGEST_TIMEOUT:g} s, not {request.timeout}")
    for item in request.scene:
        sizes = item.shape.sizes
        if not all(size > 0.0 and math.isfinite(size) for size in sizes):
            raise _invalid(f"the sizes of scene object '{item.name}' must be positive, not {sizes}")
