"""The planners and the simulator of a pick, over ROS services."""

from __future__ import annotations

from dataclasses import dataclass

from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.node import Node
from sensor_msgs.msg import RegionOfInterest

from grasp_execution.motion.interface import MotionRequest
from grasp_execution.nodes.waiting import call
from grasp_execution.pick.ports import GraspProposals, ImageRegion, ObjectTruth, Watch
from grasp_execution.ros_conversions import motion_request_to_msg, trajectory_from_msg
from grasp_execution.trajectory import Trajectory
from grasp_msgs.msg import Outcome as OutcomeMessage
from grasp_msgs.srv import GetObjects, PlanGrasps, PlanMotion
from grasp_perception.outcomes import Outcome, OutcomeError
from grasp_perception.ros_conversions import seconds as stamp_seconds
from grasp_perception.ros_conversions import stamp
from grasp_planning.ros_conversions import grasps_from_msg


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds of wall time."""

    connect: float
    """Until a service is there."""
    answer: float
    """Until it has answered."""


class GraspClient:
    """Serves `grasp_execution.pick.GraspSource` by PlanGrasps."""

    def __init__(self, node: Node, service: str, base_frame: str, patience: Patience) -> None:
        self._client = node.create_client(PlanGrasps, service, callback_group=ReentrantCallbackGroup())
        self._base_frame = base_frame
        self._patience = patience

    def plan(self, region: ImageRegion | None, max_grasps: int, not_before: float, watch: Watch) -> GraspProposals:
        """See `GraspSource`."""
        request = PlanGrasps.Request(max_grasps=max_grasps, not_before=stamp(not_before))
        if region is not None:
            request.roi = RegionOfInterest(
                x_offset=region.x, y_offset=region.y, width=region.width, height=region.height
            )
        response = call(
            self._client,
            request,
            watch,
            connect=self._patience.connect,
            timeout=self._patience.answer,
            failure=Outcome.GRASP_PLANNER_FAILED,
        )
        check(response.outcome, Outcome.GRASP_PLANNER_FAILED)
        frame, grasps = response.grasps.header.frame_id, response.grasps.grasps
        if frame != self._base_frame:
            raise OutcomeError(
                Outcome.GRASP_PLANNER_FAILED,
                f"{self._client.srv_name} answered with grasps in the frame '{frame}' instead of the robot's base "
                f"'{self._base_frame}'; give both nodes the same work cell",
            )
        if not grasps:
            raise OutcomeError(
                Outcome.GRASP_PLANNER_FAILED, f"{self._client.srv_name} answered with success, but without a grasp"
            )
        seconds = response.capture_seconds + response.plan_seconds
        try:
            converted = tuple(grasps_from_msg(response.grasps))
        except ValueError as error:
            raise OutcomeError(
                Outcome.GRASP_PLANNER_FAILED, f"{self._client.srv_name} answered with a broken grasp: {error}"
            ) from error
        share = response.capture_seconds / seconds if seconds > 0 else 0.0
        return GraspProposals(converted, share, stamp_seconds(response.grasps.header.stamp))


class MotionClient:
    """Serves `grasp_execution.pick.MotionSource` by PlanMotion."""

    def __init__(self, node: Node, service: str, base_frame: str, patience: Patience) -> None:
        self._client = node.create_client(PlanMotion, service, callback_group=ReentrantCallbackGroup())
        self._base_frame = base_frame
        self._patience = patience

    def plan(self, request: MotionRequest, watch: Watch) -> Trajectory:
        """See `MotionSource`."""
        response = call(
            self._client,
            motion_request_to_msg(request, self._base_frame),
            watch,
            connect=self._patience.connect,
            timeout=self._patience.answer,
            failure=Outcome.MOTION_PLANNER_FAILED,
        )
        check(response.outcome, Outcome.MOTION_PLANNER_FAILED)
        try:
            return trajectory_from_msg(response.trajectory)
        except ValueError as error:
            raise OutcomeError(
                Outcome.MOTION_PLANNER_FAILED, f"{self._client.srv_name} answered with a broken trajectory: {error}"
            ) from error


class GroundTruthClient:
    """Serves `grasp_execution.pick.GroundTruth` by GetObjects; does not wait for the service to come."""

    def __init__(self, node: Node, service: str, patience: Patience) -> None:
        self._node = node
        self._client = node.create_client(GetObjects, service, callback_group=ReentrantCallbackGroup())
        self._patience = patience

    def objects(self, watch: Watch) -> tuple[ObjectTruth, ...] | None:
        """See `GroundTruth`."""
        if not self._client.service_is_ready():
            return None
        unanswered = Outcome.INTERNAL_ERROR
        try:
            response = call(
                self._client,
                GetObjects.Request(),
                watch,
                connect=0.0,
                timeout=self._patience.answer,
                failure=unanswered,
            )
        except OutcomeError as error:
            if error.outcome is not unanswered:
                raise
            self._node.get_logger().warning(f"what became of the objects is not known: {error.message}")
            return None
        return tuple(
            ObjectTruth(
                name=state.name,
                position=(state.pose.position.x, state.pose.position.y, state.pose.position.z),
                held=state.held,
                in_bin=state.in_bin,
            )
            for state in response.objects
        )


def check(message: OutcomeMessage, unknown: Outcome) -> None:
    """Return if an answer's outcome is SUCCESS.

    Raises:
        OutcomeError: The answer's outcome; `unknown` if its code is none of ours.
    """
    if message.code == Outcome.SUCCESS:
        return
    try:
        outcome = Outcome(message.code)
    except ValueError:
        raise OutcomeError(unknown, f"unknown outcome code {message.code}: {message.message}") from None
    raise OutcomeError(outcome, message.message)
