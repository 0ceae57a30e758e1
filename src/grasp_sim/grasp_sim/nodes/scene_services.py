"""Services to set up and to look into a simulated scene."""

from __future__ import annotations

from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.node import Node
from std_msgs.msg import Header

from grasp_msgs.srv import EvaluateGrasp, GetObjects, MoveObject, ResetScene
from grasp_perception.ros_conversions import stamp
from grasp_planning.gripper import Gripper
from grasp_planning.ros_conversions import grasp_from_msg
from grasp_sim.cell.scene import PlacementError
from grasp_sim.control.controlled_cell import ArmMoving, ControlledCell
from grasp_sim.control.physics_thread import PhysicsStopped, PhysicsThread
from grasp_sim.control.pushes import PushRefused
from grasp_sim.objects.catalogue import MeshError, UnknownObjectError
from grasp_sim.ros_conversions import object_state_to_msg
from grasp_sim.trials.live_trial import try_grasp

RESET_TIMEOUT = 60.0
"""Wall seconds; meshes may have to be decomposed first."""
TRIAL_TIMEOUT = 30.0
"""Wall seconds."""
MOST_OBJECTS = 50
"""More do not fit on any table here."""


class SceneServices:
    """``~/reset_scene``, ``~/get_objects``, ``~/move_object`` and ``~/evaluate_grasp``.

    A request that cannot be fulfilled is answered with the reason.
    """

    def __init__(self, node: Node, physics: PhysicsThread[ControlledCell], base_frame: str, gripper: Gripper) -> None:
        self._node = node
        self._physics = physics
        self._base_frame = base_frame
        self._gripper = gripper
        group = ReentrantCallbackGroup()
        self._services = [
            node.create_service(ResetScene, "~/reset_scene", self._reset_scene, callback_group=group),
            node.create_service(GetObjects, "~/get_objects", self._get_objects, callback_group=group),
            node.create_service(MoveObject, "~/move_object", self._move_object, callback_group=group),
            node.create_service(EvaluateGrasp, "~/evaluate_grasp", self._evaluate_grasp, callback_group=group),
        ]

    def destroy(self) -> None:
        """Take the services down."""
        for service in self._services:
            self._node.destroy_service(service)

    def _reset_scene(self, request: ResetScene.Request, response: ResetScene.Response) -> ResetScene.Response:
        response.frame_id = self._base_frame
        try:
            if request.seed < 0:
                raise ValueError(f"the seed must not be negative, got {request.seed}")
            if max(request.count, len(request.objects)) > MOST_OBJECTS:
                raise ValueError(f"at most {MOST_OBJECTS} objects can be asked for")
            states = self._physics.call(
                lambda cell: cell.reset(request.objects, request.count, request.seed, reset_arm=request.reset_arm),
                timeout=RESET_TIMEOUT,
            )
        except (
            ArmMoving, MeshError, OSError, PhysicsStopped, PlacementError, TimeoutError, UnknownObjectError, ValueError,
        ) as error:  # fmt: skip
            response.success, response.message = False, str(error)
            self._node.get_logger().warning(f"reset_scene: {error}")
            return response
        response.success, response.message = True, f"{len(states)} objects"
        response.objects = [object_state_to_msg(state) for state in states]
        return response

    def _get_objects(self, request: GetObjects.Request, response: GetObjects.Response) -> GetObjects.Response:
        try:
            time, states = self._physics.call(lambda cell: (cell.time, cell.cell.scene.states()))
        except (PhysicsStopped, TimeoutError) as error:  # another scene is being prepared, or none is left
            response.success, response.message = False, str(error)
            self._node.get_logger().warning(f"get_objects: {error}")
            return response
        response.success = True
        response.header = Header(stamp=stamp(time), frame_id=self._base_frame)
        response.objects = [object_state_to_msg(state) for state in states]
        return response

    def _move_object(self, request: MoveObject.Request, response: MoveObject.Response) -> MoveObject.Response:
        move = request.displacement
        try:
            self._physics.call(
                lambda cell: cell.pushes.begin(
                    request.name, (move.x, move.y, move.z), request.turn, request.seconds, cell.time
                )
            )
        except (PhysicsStopped, PushRefused, TimeoutError) as error:
            response.success, response.message = False, str(error)
            self._node.get_logger().warning(f"move_object: {error}")
            return response
        response.success = True
        return response

    def _evaluate_grasp(
        self, request: EvaluateGrasp.Request, response: EvaluateGrasp.Response
    ) -> EvaluateGrasp.Response:
        frame = request.grasp.header.frame_id
        try:
            if frame != self._base_frame:
                raise ValueError(f"the grasp must be given in '{self._base_frame}', got '{frame}'")
            grasp = grasp_from_msg(request.grasp)
            outcome = self._physics.call(lambda cell: try_grasp(cell.cell, grasp, self._gripper), timeout=TRIAL_TIMEOUT)
        except (PhysicsStopped, TimeoutError, ValueError) as error:
            response.valid, response.message = False, str(error)
            self._node.get_logger().warning(f"evaluate_grasp: {error}")
            return response
        response.valid = True
        response.failed_phase = int(outcome.phase)
        response.success = outcome.success
        response.object = outcome.object
        response.message = outcome.message
        return response
