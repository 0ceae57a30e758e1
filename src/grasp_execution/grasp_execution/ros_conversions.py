"""Between ROS messages and this package's types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from builtin_interfaces.msg import Duration
from geometry_msgs.msg import PoseStamped, Vector3
from numpy.typing import NDArray
from shape_msgs.msg import SolidPrimitive
from std_msgs.msg import ColorRGBA, Header
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint
from visualization_msgs.msg import Marker, MarkerArray

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
from grasp_perception.transform import Transform


def trajectory_to_msg(trajectory: Trajectory) -> JointTrajectory:
    """A trajectory as ``trajectory_msgs/JointTrajectory``; its header is empty: it starts when it arrives."""
    message = JointTrajectory(joint_names=list(trajectory.joint_names))
    for i, time in enumerate(trajectory.times):
        point = JointTrajectoryPoint(positions=trajectory.positions[i].tolist(), time_from_start=_duration(float(time)))
        if trajectory.velocities is not None:
            point.velocities = trajectory.velocities[i].tolist()
        if trajectory.accelerations is not None:
            point.accelerations = trajectory.accelerations[i].tolist()
        message.points.append(point)
    return message


def trajectory_from_msg(message: JointTrajectory) -> Trajectory:
    """A trajectory from ``trajectory_msgs/JointTrajectory``.

    Raises:
        ValueError: It has no joints or no points; points differ in length, lack positions, hold what is not
            finite, or go back in time.
    """
    names = tuple(message.joint_names)
    if not names or not message.points:
        raise ValueError("a trajectory needs joint names and points")
    times = np.array([p.time_from_start.sec + 1e-9 * p.time_from_start.nanosec for p in message.points])
    if (np.diff(times) < 0).any():
        raise ValueError("the points of a trajectory must not go back in time")
    positions = _rows(message, "positions")
    if positions is None:
        raise ValueError("the points of a trajectory need positions")
    return Trajectory(names, times, positions, _rows(message, "velocities"), _rows(message, "accelerations"))


def _rows(message: JointTrajectory, field: str) -> NDArray[np.float64] | None:
    rows = [getattr(point, field) for point in message.points]
    if not any(len(row) for row in rows):
        return None
    if any(len(row) != len(message.joint_names) for row in rows):
        raise ValueError(f"every point of a trajectory needs {len(message.joint_names)} {field}, or none has any")
    values = np.array(rows, dtype=np.float64)
    if not np.isfinite(values).all():
        raise ValueError(f"the {field} of a trajectory must be finite")
    return values


def scene_object_to_msg(item: SceneObject, base_frame: str) -> CollisionObject:
    """An object of the scene as ``grasp_msgs/CollisionObject``."""
    shape = item.shape
    if isinstance(shape, Box):
        primitive = SolidPrimitive(type=SolidPrimitive.BOX, dimensions=list(shape.size))
    elif isinstance(shape, Sphere):
        primitive = SolidPrimitive(type=SolidPrimitive.SPHERE, dimensions=[shape.radius])
    else:
        primitive = SolidPrimitive(type=SolidPrimitive.CYLINDER, dimensions=[shape.length, shape.radius])
    return CollisionObject(
        header=Header(frame_id="" if item.attached else base_frame),
        name=item.name,
        primitive=primitive,
        pose=pose_from_transform(item.pose),
        attached=item.attached,
    )


def scene_object_from_msg(message: CollisionObject, base_frame: str) -> SceneObject:
    """An object of the scene from ``grasp_msgs/CollisionObject``.

    Raises:
        OutcomeError: INVALID_MOTION_REQUEST: an unknown shape, a wrong number of sizes, another frame than
            the base, or a broken pose.
    """
    what = f"the scene object '{message.name}'"
    if not message.attached:
        _check_frame(message.header.frame_id, base_frame, what)
    return SceneObject(message.name, _shape(message.primitive, what), _pose(message.pose, what), message.attached)


def _shape(primitive: SolidPrimitive, what: str) -> Shape:
    sizes = [float(size) for size in primitive.dimensions]
    expected = {SolidPrimitive.BOX: 3, SolidPrimitive.SPHERE: 1, SolidPrimitive.CYLINDER: 2}.get(primitive.type)
    if expected is None:
        raise _invalid(f"{what} has the shape type {primitive.type}; only BOX, SPHERE and CYLINDER are known")
    if len(sizes) != expected:
        raise _invalid(f"{what} has {len(sizes)} dimensions, but its shape needs {expected}")
    if primitive.type == SolidPrimitive.BOX:
        return Box((sizes[0], sizes[1], sizes[2]))
    if primitive.type == SolidPrimitive.SPHERE:
        return Sphere(sizes[SolidPrimitive.SPHERE_RADIUS])
    return Cylinder(sizes[SolidPrimitive.CYLINDER_RADIUS], sizes[SolidPrimitive.CYLINDER_HEIGHT])


def motion_request_to_msg(request: MotionRequest, base_frame: str) -> PlanMotion.Request:
    """A request as ``grasp_msgs/PlanMotion``."""
    goal = request.goal
    message = PlanMotion.Request(
        start_names=list(request.start),
        start_positions=[float(value) for value in request.start.values()],
        velocity_scaling=request.velocity_scaling or 0.0,
        acceleration_scaling=request.acceleration_scaling or 0.0,
        scene=[scene_object_to_msg(item, base_frame) for item in request.scene],
        allow_contact=list(request.allow_contact),
        timeout=request.timeout or 0.0,
    )
    if isinstance(goal, JointGoal):
        message.kind = PlanMotion.Request.JOINTS
        message.goal_names = list(goal.positions)
        message.goal_positions = [float(value) for value in goal.positions.values()]
        return message
    message.kind = PlanMotion.Request.LINE if isinstance(goal, LineGoal) else PlanMotion.Request.POSE
    message.pose_goal = PoseStamped(header=Header(frame_id=base_frame), pose=pose_from_transform(goal.pose))
    message.symmetric = goal.symmetric
    return message


def motion_request_from_msg(
    message: PlanMotion.Request, base_frame: str, latest: Mapping[str, float] | None = None
) -> MotionRequest:
    """A request from ``grasp_msgs/PlanMotion``.

    Args:
        message: The request.
        base_frame: The frame that poses must be given in.
        latest: The latest joint states, for a request without a start.

    Raises:
        OutcomeError: INVALID_MOTION_REQUEST: names and positions differ in number, a name twice, an unknown
            kind, a pose in another frame or broken.
    """
    start = _positions(message.start_names, message.start_positions, "start")
    return MotionRequest(
        goal=_goal(message, base_frame),
        start=start if start or latest is None else latest,
        scene=tuple(scene_object_from_msg(item, base_frame) for item in message.scene),
        allow_contact=tuple(message.allow_contact),
        velocity_scaling=message.velocity_scaling or None,
        acceleration_scaling=message.acceleration_scaling or None,
        timeout=message.timeout or None,
    )


def _goal(message: PlanMotion.Request, base_frame: str) -> Goal:
    if message.kind == PlanMotion.Request.JOINTS:
        return JointGoal(_positions(message.goal_names, message.goal_positions, "goal"))
    if message.kind not in (PlanMotion.Request.POSE, PlanMotion.Request.LINE):
        raise _invalid(f"kind is {message.kind}, but must be JOINTS (0), POSE (1) or LINE (2)")
    _check_frame(message.pose_goal.header.frame_id, base_frame, "the pose goal")
    pose = _pose(message.pose_goal.pose, "the pose goal")
    return (PoseGoal if message.kind == PlanMotion.Request.POSE else LineGoal)(pose, message.symmetric)


def _positions(names: Sequence[str], positions: Sequence[float], what: str) -> dict[str, float]:
    if len(names) != len(positions):
        raise _invalid(f"the {what} has {len(names)} joint names, but {len(positions)} positions")
    if len(set(names)) != len(names):
        raise _invalid(f"the {what} names a joint twice: {list(names)}")
    return dict(zip(names, map(float, positions)))


def _check_frame(frame: str, base_frame: str, what: str) -> None:
    if frame != base_frame:
        raise _invalid(f"{what} is given in the frame '{frame}', but must be in the arm's base frame '{base_frame}'")


def _pose(message: object, what: str) -> Transform:
    try:
        return transform_from_pose(message)
    except ValueError as error:
        raise _invalid(f"the pose of {what} is broken: {error}") from error


def _invalid(message: str) -> OutcomeError:
    return OutcomeError(Outcome.INVALID_MOTION_REQUEST, message)


def _duration(seconds: float) -> Duration:
    nanoseconds = round(seconds * 1e9)
    return Duration(sec=nanoseconds // 10**9, nanosec=nanoseconds % 10**9)


def scene_markers(
    workcell: Sequence[SceneObject], scene: Sequence[SceneObject], header: Header, tool_frame: str
) -> MarkerArray:
    """What motion must not touch, for RViz; the first marker deletes the earlier ones.

    Args:
        workcell: Grey.
        scene: Orange; what is attached hangs on the tool, blue.
        header: Of the base frame.
        tool_frame: Frame of attached objects.
    """
    markers = [Marker(header=header, action=Marker.DELETEALL)]
    for i, item in enumerate((*workcell, *scene)):
        marker = Marker(header=header, ns=item.name, id=i, action=Marker.ADD, pose=pose_from_transform(item.pose))
        shape = item.shape
        if isinstance(shape, Box):
            marker.type = Marker.CUBE
            marker.scale = Vector3(x=shape.size[0], y=shape.size[1], z=shape.size[2])
        elif isinstance(shape, Sphere):
            marker.type = Marker.SPHERE
            marker.scale = Vector3(x=2 * shape.radius, y=2 * shape.radius, z=2 * shape.radius)
        else:
            marker.type = Marker.CYLINDER
            marker.scale = Vector3(x=2 * shape.radius, y=2 * shape.radius, z=shape.length)
        if i < len(workcell):
            marker.color = ColorRGBA(r=0.6, g=0.6, b=0.6, a=0.4)
        else:
            marker.color = ColorRGBA(r=0.9, g=0.5, b=0.1, a=0.6)
        if item.attached:
            marker.header = Header(frame_id=tool_frame)
            marker.frame_locked = True
            marker.color = ColorRGBA(r=0.2, g=0.4, b=0.9, a=0.6)
        markers.append(marker)
    return MarkerArray(markers=markers)
