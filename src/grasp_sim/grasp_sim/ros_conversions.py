"""Between ROS messages and this package's types."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from builtin_interfaces.msg import Duration
from control_msgs.action import FollowJointTrajectory
from control_msgs.msg import JointTolerance
from geometry_msgs.msg import TransformStamped, Twist, Vector3
from numpy.typing import NDArray
from sensor_msgs.msg import CameraInfo, Image, JointState
from std_msgs.msg import Header
from trajectory_msgs.msg import JointTrajectoryPoint

from grasp_msgs.msg import ObjectState as ObjectStateMessage
from grasp_perception.depth import encode_depth
from grasp_perception.frame import RGBDFrame
from grasp_perception.ros_conversions import (
    array_to_image,
    camera_info_from_intrinsics,
    pose_from_transform,
    seconds,
    stamp,
    transforms_to_msgs,
)
from grasp_perception.transform import Transform
from grasp_sim.cell.scene import ObjectState
from grasp_sim.control.trajectory_controller import TrajectoryProgress
from grasp_sim.control.trajectory_goal import PointFields, ToleranceFields, TrajectoryGoal


def trajectory_goal_from_msg(message: FollowJointTrajectory.Goal) -> TrajectoryGoal:
    """The fields of a FollowJointTrajectory goal, unchecked."""
    trajectory = message.trajectory
    return TrajectoryGoal(
        joint_names=tuple(trajectory.joint_names),
        points=tuple(
            PointFields(
                time=_duration(point.time_from_start),
                positions=tuple(point.positions),
                velocities=tuple(point.velocities),
                accelerations=tuple(point.accelerations),
                effort=tuple(point.effort),
            )
            for point in trajectory.points
        ),
        stamp=seconds(trajectory.header.stamp),
        path_tolerance=_tolerances(message.path_tolerance),
        goal_tolerance=_tolerances(message.goal_tolerance),
        goal_time=_duration(message.goal_time_tolerance),
        other_dofs=bool(
            message.multi_dof_trajectory.joint_names
            or message.multi_dof_trajectory.points
            or message.component_path_tolerance
            or message.component_goal_tolerance
        ),
    )


def trajectory_feedback(names: Sequence[str], progress: TrajectoryProgress) -> FollowJointTrajectory.Feedback:
    """FollowJointTrajectory's feedback; `error` is desired minus actual, as the controllers' is."""

    def point(positions: NDArray[np.float64], velocities: NDArray[np.float64]) -> JointTrajectoryPoint:
        return JointTrajectoryPoint(positions=positions.tolist(), velocities=velocities.tolist())

    p = progress
    return FollowJointTrajectory.Feedback(
        header=Header(stamp=stamp(p.time)),
        joint_names=list(names),
        desired=point(p.desired_positions, p.desired_velocities),
        actual=point(p.positions, p.velocities),
        error=point(p.desired_positions - p.positions, p.desired_velocities - p.velocities),
    )


def joint_state_to_msg(names: Sequence[str], states: NDArray[np.float64], time: float) -> JointState:
    """A JointState of (J, 3) positions, velocities and efforts at a time in seconds."""
    positions, velocities, efforts = states.T.tolist()
    return JointState(
        header=Header(stamp=stamp(time)), name=list(names), position=positions, velocity=velocities, effort=efforts
    )


def link_transforms_to_msgs(
    transforms: Mapping[str, Transform], base_frame: str, time: float
) -> list[TransformStamped]:
    """base_from_link of every link but the base itself, at a time in seconds."""
    header = Header(stamp=stamp(time), frame_id=base_frame)
    links = {name: transform for name, transform in transforms.items() if name != base_frame}
    return [
        TransformStamped(header=header, child_frame_id=name, transform=transform)
        for name, transform in zip(links, transforms_to_msgs(list(links.values())))
    ]


def images_from_frame(frame: RGBDFrame) -> tuple[Image, Image, CameraInfo]:
    """Colour (rgb8), depth (16UC1, mm, 0 = invalid) and the camera_info of both, with one header."""
    header = Header(stamp=stamp(frame.stamp), frame_id=frame.frame_id)
    return (
        array_to_image(frame.color, "rgb8", header),
        array_to_image(encode_depth(frame.depth), "16UC1", header),
        camera_info_from_intrinsics(frame.intrinsics, header),
    )


def object_state_to_msg(state: ObjectState) -> ObjectStateMessage:
    """An object's state as a message; its frame is that of the message that carries it."""
    return ObjectStateMessage(
        name=state.name,
        pose=pose_from_transform(state.pose),
        twist=Twist(linear=_vector(state.linear), angular=_vector(state.angular)),
        size=_vector(state.size),
        mass=float(state.mass),
        held=bool(state.held),
        in_bin=bool(state.in_bin),
    )


def _duration(message: Duration) -> float:
    return float(message.sec + message.nanosec * 1e-9)


def _tolerances(messages: Iterable[JointTolerance]) -> tuple[ToleranceFields, ...]:
    return tuple(ToleranceFields(m.name, m.position, m.velocity, m.acceleration) for m in messages)


def _vector(values: NDArray[np.float64]) -> Vector3:
    x, y, z = map(float, values)
    return Vector3(x=x, y=y, z=z)
