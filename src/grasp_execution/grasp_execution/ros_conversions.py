"""Between messages and this package's types: trajectories and motion requests."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from builtin_interfaces.msg import Duration
from geometry_msgs.msg import PoseStamped
from numpy.typing import NDArray
from shape_msgs.msg import SolidPrimitive
from std_msgs.msg import Header
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from grasp_execution.motion.interface import (
    Box,
    Cylinder,
    Goal,
    JointGoal,
    LineGoal,
    MotionRequest,
    PoseGoal,
    SceneObject,
    Shape,
    Sphere,
)
from grasp_execution.trajectory import Trajectory
from grasp_msgs.msg import CollisionObject
from grasp_msgs.srv import PlanMotion
from grasp_perception.outcomes import Outcome, OutcomeError
from grasp_perception.ros_conversions import pose_from_transform, transform_from_pose


def trajectory_to_msg(trajectory: Trajectory) -> JointTrajectory:
    """A trajectory that starts when it is received (stamp zero)."""
    message = JointTrajectory(joint_names=list(trajectory.joint_names))
    for i, time in enumerate(trajectory.times):
        nanoseconds = round(float(time) * 1e9)
        point = JointTrajectoryPoint(
            positions=trajectory.positions[i].tolist(),
            time_from_start=Duration(sec=nanoseconds // 10**9, nanosec=nanoseconds % 10**9),
        )
        if trajectory.velocities is not None:
            point.velocities = trajectory.velocities[i].tolist()
        if trajectory.accelerations is not None:
            point.accelerations = trajectory.accelerations[i].tolist()
        message.points.append(point)
    return message


def trajectory_from_msg(message: JointTrajectory) -> Trajectory:
    """A trajectory.

    Raises:
        ValueError: It has no points, or they do not have a value for each joint.
    """
    if not message.points:
        raise ValueError("a trajectory needs at least one point")
    names, points = tuple(message.joint_names), message.points
    positions = _rows(names, [point.positions for point in points], "positions")
    if positions is None:
        raise ValueError("the points of a trajectory need positions")
    return Trajectory(
        joint_names=names,
        times=np.array([point.time_from_start.sec + point.time_from_start.nanosec * 1e-9 for point in points]),
        positions=positions,
        velocities=_rows(names, [point.velocities for point in points], "velocities"),
        accelerations=_rows(names, [point.accelerations for point in points], "accelerations"),
    )


def motion_request_to_msg(request: MotionRequest, base_frame: str) -> PlanMotion.Request:
    """A request; its poses are in the base frame."""
    header = Header(frame_id=base_frame)
    message = PlanMotion.Request(
        start_names=list(request.start),
        start_positions=[float(value) for value in request.start.values()],
        velocity_scaling=request.velocity_scaling or 0.0,
        acceleration_scaling=request.acceleration_scaling or 0.0,
        scene=[_object_to_msg(item, header) for item in request.scene],
        allow_contact=list(request.allow_contact),
        timeout=request.timeout or 0.0,
    )
    goal = request.goal
    if isinstance(goal, JointGoal):
        message.kind = PlanMotion.Request.JOINTS
        message.goal_names = list(goal.positions)
        message.goal_positions = [float(value) for value in goal.positions.values()]
    else:
        message.kind = PlanMotion.Request.POSE if isinstance(goal, PoseGoal) else PlanMotion.Request.LINE
        message.pose_goal = PoseStamped(header=header, pose=pose_from_transform(goal.pose))
        message.symmetric = goal.symmetric
    return message


def motion_request_from_msg(message: PlanMotion.Request, base_frame: str) -> MotionRequest:
    """A request; all its poses must be in the base frame. `start` is empty if the message has none.

    Raises:
        OutcomeError: INVALID_MOTION_REQUEST, with what is wrong.
    """
    try:
        return MotionRequest(
            goal=_goal(message, base_frame),
            start=_named(message.start_names, message.start_positions, "start"),
            scene=tuple(_object_from_msg(item, base_frame) for item in message.scene),
            allow_contact=tuple(message.allow_contact),
            velocity_scaling=message.velocity_scaling or None,
            acceleration_scaling=message.acceleration_scaling or None,
            timeout=message.timeout or None,
        )
    except ValueError as error:
        raise OutcomeError(Outcome.INVALID_MOTION_REQUEST, str(error)) from error


def _goal(message: PlanMotion.Request, base_frame: str) -> Goal:
    if message.kind == PlanMotion.Request.JOINTS:
        return JointGoal(_named(message.goal_names, message.goal_positions, "goal"))
    if message.kind not in (PlanMotion.Request.POSE, PlanMotion.Request.LINE):
        raise ValueError(f"kind is {message.kind}, but must be JOINTS (0), POSE (1) or LINE (2)")
    _check_frame(message.pose_goal.header, base_frame, "pose_goal")
    pose = transform_from_pose(message.pose_goal.pose)
    kind = PoseGoal if message.kind == PlanMotion.Request.POSE else LineGoal
    return kind(pose, message.symmetric)


def _object_to_msg(item: SceneObject, header: Header) -> CollisionObject:
    message = CollisionObject(
        header=header, name=item.name, pose=pose_from_transform(item.pose), attached=item.attached
    )
    shape = item.shape
    if isinstance(shape, Box):
        message.primitive = SolidPrimitive(type=SolidPrimitive.BOX, dimensions=list(map(float, shape.size)))
    elif isinstance(shape, Sphere):
        message.primitive = SolidPrimitive(type=SolidPrimitive.SPHERE, dimensions=[float(shape.radius)])
    else:
        dimensions = [float(shape.length), float(shape.radius)]
        message.primitive = SolidPrimitive(type=SolidPrimitive.CYLINDER, dimensions=dimensions)
    return message


def _object_from_msg(message: CollisionObject, base_frame: str) -> SceneObject:
    if not message.attached:
        _check_frame(message.header, base_frame, f"the object '{message.name}'")
    pose = transform_from_pose(message.pose)
    return SceneObject(message.name, _shape(message.primitive, message.name), pose, message.attached)


def _shape(primitive: SolidPrimitive, name: str) -> Shape:
    sizes = list(primitive.dimensions)
    counts = {SolidPrimitive.BOX: 3, SolidPrimitive.SPHERE: 1, SolidPrimitive.CYLINDER: 2}
    if primitive.type not in counts:
        raise ValueError(f"the object '{name}' is neither a BOX, a SPHERE nor a CYLINDER (type {primitive.type})")
    if len(sizes) != counts[primitive.type] or not all(0 < size < float("inf") for size in sizes):
        raise ValueError(f"the object '{name}' needs {counts[primitive.type]} dimensions > 0, got {sizes}")
    if primitive.type == SolidPrimitive.BOX:
        return Box((sizes[0], sizes[1], sizes[2]))
    if primitive.type == SolidPrimitive.SPHERE:
        return Sphere(sizes[0])
    return Cylinder(radius=sizes[SolidPrimitive.CYLINDER_RADIUS], length=sizes[SolidPrimitive.CYLINDER_HEIGHT])


def _check_frame(header: Header, base_frame: str, what: str) -> None:
    if header.frame_id != base_frame:
        raise ValueError(f"{what} is in the frame '{header.frame_id}', but must be in '{base_frame}'")


def _named(names: Sequence[str], values: Sequence[float], what: str) -> dict[str, float]:
    if len(names) != len(values):
        raise ValueError(f"{len(names)} {what}_names do not go with {len(values)} {what}_positions")
    if not np.isfinite(np.asarray(values, dtype=float)).all():
        raise ValueError(f"{what}_positions must be finite, got {list(values)}")
    return dict(zip(names, map(float, values)))


def _rows(names: Sequence[str], rows: Sequence[Sequence[float]], what: str) -> NDArray[np.float64] | None:
    if not any(len(row) for row in rows):
        return None
    if any(len(row) != len(names) for row in rows):
        raise ValueError(f"every point of a trajectory needs {what} for its {len(names)} joints, or none does")
    return np.array([list(row) for row in rows], dtype=np.float64)
