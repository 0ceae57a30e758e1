"""FollowJointTrajectory for a simulated arm."""

from __future__ import annotations

from control_msgs.action import FollowJointTrajectory
from rclpy.node import Node

from grasp_sim.control.controlled_cell import ControlledCell
from grasp_sim.control.joint_limits import JointLimits
from grasp_sim.control.physics_thread import PhysicsStopped, PhysicsThread
from grasp_sim.control.trajectory_checks import check_goal
from grasp_sim.control.trajectory_controller import TrajectoryMotion
from grasp_sim.control.trajectory_following import TrajectoryError
from grasp_sim.control.trajectory_goal import FollowingDefaults, TrajectoryRefused
from grasp_sim.nodes.motion_server import MotionProtocol, MotionServer
from grasp_sim.ros_conversions import trajectory_feedback, trajectory_goal_from_msg

Result = FollowJointTrajectory.Result


class TrajectoryServer(MotionServer[TrajectoryMotion]):
    """The action, as a real arm's joint_trajectory_controller serves it, and as strict.

    - A new goal pre-empts the running one, which is aborted with INVALID_GOAL (as that controller
      does) and the reason; a refused goal leaves the running one alone.
    - Cancel holds the position; the goal ends as canceled once the arm stands still.
    - Refused goals are accepted and aborted with error_code and error_string; see `MotionServer`.
    """

    def __init__(
        self,
        node: Node,
        name: str,
        physics: PhysicsThread[ControlledCell],
        limits: JointLimits,
        defaults: FollowingDefaults,
    ) -> None:
        self._physics = physics
        self._limits = limits
        self._defaults = defaults
        protocol = MotionProtocol(
            begin=self._begin,
            cancel=lambda motion: physics.call(lambda cell: cell.trajectories.cancel(motion, cell.time)),
            feedback=lambda progress: trajectory_feedback(limits.names, progress),
            result=lambda motion: Result(error_code=int(motion.result.code), error_string=motion.result.message),
            refusal=_refusal,
            refusals=(TrajectoryRefused, PhysicsStopped, TimeoutError),
        )
        super().__init__(node, FollowJointTrajectory, name, protocol)

    def _begin(self, message: FollowJointTrajectory.Goal) -> TrajectoryMotion:
        # What needs no present state is checked here, so that the physics does not wait for it.
        goal = check_goal(trajectory_goal_from_msg(message), self._limits, self._defaults)
        return self._physics.call_in_motion(lambda cell: cell.trajectories.begin(goal, cell.time))


def _refusal(error: Exception) -> FollowJointTrajectory.Result:
    code = error.code if isinstance(error, TrajectoryRefused) else TrajectoryError.INVALID_GOAL
    return Result(error_code=int(code), error_string=str(error))
