"""The planners and the simulator of a pick, over ROS services."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.client import Client
from rclpy.node import Node
from sensor_msgs.msg import RegionOfInterest

from grasp_execution.motion.interface import MotionRequest
from grasp_execution.nodes.waiting import GRACE_SECONDS, Presence, call
from grasp_execution.pick.ports import GraspProposals, ImageRegion, Look, ObjectTruth, Watch
from grasp_execution.ros_conversions import motion_request_to_msg, trajectory_from_msg
from grasp_execution.trajectory import Trajectory
from grasp_msgs.msg import Outcome as OutcomeMessage
from grasp_msgs.srv import GetObjects, PlanGrasps, PlanMotion
from grasp_perception.outcomes import Outcome, OutcomeError
from grasp_perception.ros_conversions import seconds as stamp_seconds
from grasp_perception.ros_conversions import stamp
from grasp_planning.grasps import Grasp
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
        request = _request(region, max_grasps, not_before)
        response = call(
            self._client,
            request,
            watch,
            connect=self._patience.connect,
            timeout=self._patience.answer,
            failure=Outcome.GRASP_PLANNER_FAILED,
        )
        grasps = self._grasps(response)
        seconds = response.capture_seconds + response.plan_seconds
        share = response.capture_seconds / seconds if seconds > 0 else 0.0
        return GraspProposals(grasps, share, stamp_seconds(response.grasps.header.stamp))

    def ask(
        self, region: ImageRegion | None, max_grasps: int, not_before: float, near: Grasp, radius: float
    ) -> AskedService:
        """See `GraspSource`."""
        request = _request(region, max_grasps, not_before)
        request.near.x, request.near.y, request.near.z = map(float, near.pose.translation)
        request.radius = radius
        return AskedService(self._client, request, self._patience.answer, self._grasps)

    def _grasps(self, response: PlanGrasps.Response) -> tuple[Grasp, ...]:
        """The grasps of an answer.

        Raises:
            OutcomeError: The answer's outcome; GRASP_PLANNER_FAILED: it makes no sense.
        """
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
        try:
            return tuple(grasps_from_msg(response.grasps))
        except ValueError as error:
            raise OutcomeError(
                Outcome.GRASP_PLANNER_FAILED, f"{self._client.srv_name} answered with a broken grasp: {error}"
            ) from error


class AskedService:
    """Serves `grasp_execution.pick.AskedGrasps` by one call of PlanGrasps."""

    def __init__(
        self,
        client: Client,
        request: PlanGrasps.Request,
        timeout: float,
        convert: Callable[[PlanGrasps.Response], tuple[Grasp, ...]],
    ) -> None:
        """Send the request; an answer later than `timeout` seconds of wall time is a failure."""
        self._client = client
        self._convert = convert
        self._timeout = timeout
        self._deadline = time.monotonic() + timeout
        self._presence = Presence(client.service_is_ready, GRACE_SECONDS)
        self._future = client.call_async(request)

    def answer(self) -> Look | None:
        """See `AskedGrasps`."""
        name = self._client.srv_name
        if self._future.done():
            response = self._future.result()
            stamp = stamp_seconds(response.grasps.header.stamp)
            try:
                return Look(stamp, self._convert(response))
            except OutcomeError as error:
                return Look(stamp, (), error)
        if self._presence.lost():
            reason = f"{name} vanished while it was to answer: see the output of its node"
        elif time.monotonic() > self._deadline:
            reason = f"{name} did not answer within {self._timeout:.1f} s"
        else:
            return None
        self.drop()
        return Look(0.0, (), OutcomeError(Outcome.GRASP_PLANNER_FAILED, reason))

    def drop(self) -> None:
        """See `AskedGrasps`."""
        self._client.remove_pending_request(self._future)


def _request(region: ImageRegion | None, max_grasps: int, not_before: float) -> PlanGrasps.Request:
    request = PlanGrasps.Request(max_grasps=max_grasps, not_before=stamp(not_before))
    if region is not None:
        request.roi = RegionOfInterest(x_offset=region.x, y_offset=region.y, width=region.width, height=region.height)
    return request


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
            self._warn(error.message)
            return None
        if not response.success:
            self._warn(response.message)
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

    def _warn(self, reason: str) -> None:
        self._node.get_logger().warning(f"what became of the objects is not known: {reason}")


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
