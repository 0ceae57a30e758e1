from __future__ import annotations

import numpy as np
from builtin_interfaces.msg import Duration, Time
from control_msgs.action import FollowJointTrajectory
from control_msgs.msg import JointTolerance
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint, MultiDOFJointTrajectory

from grasp_perception.camera import CameraIntrinsics
from grasp_perception.frame import RGBDFrame
from grasp_perception.ros_conversions import image_to_array, seconds
from grasp_perception.transform import Transform
from grasp_sim.cell.scene import ObjectState
from grasp_sim.control.trajectory_controller import TrajectoryProgress
from grasp_sim.control.trajectory_goal import PointFields, ToleranceFields
from grasp_sim.ros_conversions import (
    images_from_frame,
    joint_state_to_msg,
    link_transforms_to_msgs,
    object_state_to_msg,
    trajectory_feedback,
    trajectory_goal_from_msg,
)


def test_every_field_of_a_goal() -> None:
    trajectory = JointTrajectory(
        joint_names=["a"],
        points=[
            JointTrajectoryPoint(
                positions=[1.0], velocities=[2.0], accelerations=[3.0], effort=[4.0],
                time_from_start=Duration(sec=1, nanosec=500_000_000),
            )
        ],
    )  # fmt: skip
    trajectory.header.stamp = Time(sec=7, nanosec=250_000_000)
    goal = trajectory_goal_from_msg(
        FollowJointTrajectory.Goal(
            trajectory=trajectory,
            path_tolerance=[JointTolerance(name="a", position=0.1, velocity=0.2, acceleration=0.3)],
            goal_tolerance=[JointTolerance(name="a", position=-1.0)],
            goal_time_tolerance=Duration(sec=-1),
        )
    )
    assert goal.joint_names == ("a",)
    assert goal.points == (PointFields(1.5, (1.0,), (2.0,), (3.0,), (4.0,)),)
    assert goal.stamp == 7.25
    assert goal.path_tolerance == (ToleranceFields("a", 0.1, 0.2, 0.3),)
    assert goal.goal_tolerance == (ToleranceFields("a", -1.0),)
    assert goal.goal_time == -1.0
    assert not goal.other_dofs


def test_multi_dof_joints_are_noticed() -> None:
    multi = MultiDOFJointTrajectory(joint_names=["base"])
    assert trajectory_goal_from_msg(FollowJointTrajectory.Goal(multi_dof_trajectory=multi)).other_dofs


def test_feedback() -> None:
    one, two, three, four = (np.full(2, value) for value in (1.0, 2.0, 3.0, 5.0))
    message = trajectory_feedback(["a", "b"], TrajectoryProgress(2.5, one, two, three, four))
    assert seconds(message.header.stamp) == 2.5
    assert list(message.desired.positions) == [1.0, 1.0]
    assert list(message.actual.velocities) == [5.0, 5.0]
    assert list(message.error.positions) == [-2.0, -2.0]
    assert list(message.error.velocities) == [-3.0, -3.0]


def test_joint_states() -> None:
    message = joint_state_to_msg(["a", "b"], np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), 1.25)
    assert (seconds(message.header.stamp), list(message.name)) == (1.25, ["a", "b"])
    assert (list(message.position), list(message.velocity), list(message.effort)) == ([1, 4], [2, 5], [3, 6])


def test_transforms_leave_the_base_out() -> None:
    links = {"base": Transform.identity(), "tip": Transform.from_rpy((0.0, 0.0, np.pi), (1.0, 2.0, 3.0))}
    (message,) = link_transforms_to_msgs(links, "base", 0.5)
    assert (message.header.frame_id, message.child_frame_id) == ("base", "tip")
    assert message.transform.translation.y == 2.0
    assert abs(message.transform.rotation.z) == 1.0


def test_images() -> None:
    depth = np.array([[0.6201, np.nan, 70.0]], dtype=np.float32)
    frame = RGBDFrame(
        np.full((1, 3, 3), 9, np.uint8), depth, CameraIntrinsics(600.0, 600.0, 1.0, 0.0, 3, 1), 4.5, "optical"
    )
    color, depth_image, info = images_from_frame(frame)
    assert (color.encoding, depth_image.encoding) == ("rgb8", "16UC1")
    np.testing.assert_array_equal(image_to_array(depth_image), [[620, 0, 0]])
    for message in (color, depth_image, info):
        assert (seconds(message.header.stamp), message.header.frame_id) == (4.5, "optical")
    assert (info.width, info.height, info.k[0]) == (3, 1, 600.0)


def test_object_states() -> None:
    state = ObjectState(
        name="cube", pose=Transform.from_rpy((0.0, 0.0, 0.0), (0.1, 0.2, 0.3)), linear=np.array([1.0, 0.0, 0.0]),
        angular=np.array([0.0, 2.0, 0.0]), size=np.array([0.02, 0.03, 0.04]), mass=0.1, held=True, in_bin=False,
        fallen=False,
    )  # fmt: skip
    message = object_state_to_msg(state)
    assert (message.name, message.mass, message.held, message.in_bin) == ("cube", 0.1, True, False)
    assert (message.pose.position.z, message.twist.linear.x, message.twist.angular.y) == (0.3, 1.0, 2.0)
    assert (message.size.x, message.size.z) == (0.02, 0.04)
