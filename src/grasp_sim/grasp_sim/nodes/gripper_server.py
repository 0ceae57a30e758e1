"""GripperCommand for a simulated gripper."""

from __future__ import annotations

from control_msgs.action import GripperCommand
from rclpy.node import Node

from grasp_sim.control.controlled_cell import ControlledCell
from grasp_sim.control.gripper_controller import GripperMotion, GripperRefused, GripperState
from grasp_sim.control.physics_thread import PhysicsStopped, PhysicsThread
from grasp_sim.nodes.motion_server import MotionProtocol, MotionServer


class GripperServer(MotionServer[GripperMotion]):
    """The action; `position` is the gap between the fingers.

    The goal succeeds with `reached_goal` at the gap asked for, and with `stalled` when something is
    in the way: an object is held. It is aborted when out of range, pre-empted, or without an end.
    """

    def __init__(self, node: Node, name: str, physics: PhysicsThread[ControlledCell]) -> None:
        self._physics = physics
        protocol = MotionProtocol(
            begin=self._begin,
            cancel=lambda motion: physics.call(lambda cell: cell.gripper.cancel(motion, cell.time)),
            feedback=lambda state: _message(GripperCommand.Feedback, state),
            result=lambda motion: _message(GripperCommand.Result, motion.progress),
            refusal=self._refusal,
            refusals=(GripperRefused, PhysicsStopped, TimeoutError),
        )
        super().__init__(node, GripperCommand, name, protocol)

    def _begin(self, message: GripperCommand.Goal) -> GripperMotion:
        command = message.command
        return self._physics.call_in_motion(
            lambda cell: cell.gripper.begin(command.position, command.max_effort, cell.time)
        )

    def _refusal(self, error: Exception) -> GripperCommand.Result:
        if isinstance(error, GripperRefused):
            return _message(GripperCommand.Result, self._physics.call(lambda cell: cell.gripper.state()))
        return GripperCommand.Result()


def _message(kind: type, state: GripperState) -> object:
    return kind(position=state.gap, effort=state.effort, stalled=state.stalled, reached_goal=state.reached)
