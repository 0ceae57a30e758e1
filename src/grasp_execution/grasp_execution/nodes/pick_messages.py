"""Between the messages of ``grasp_msgs/action/Pick`` and the types of a pick."""

from __future__ import annotations

from std_msgs.msg import Header

from grasp_execution.pick import ImageRegion, PickRequest, PickResult, Progress
from grasp_msgs.action import Pick
from grasp_msgs.msg import Grasp as GraspMessage
from grasp_perception.ros_conversions import stamp
from grasp_planning.grasps import Grasp
from grasp_planning.ros_conversions import grasp_to_msg, outcome_to_msg


def request_from_msg(message: Pick.Goal) -> PickRequest:
    """A goal; a region of interest that is all zero means the whole image."""
    roi = message.roi
    region = ImageRegion(roi.x_offset, roi.y_offset, roi.width, roi.height)
    return PickRequest(None if region == ImageRegion(0, 0, 0, 0) else region, message.plan_only, message.closed_loop)


def feedback_to_msg(progress: Progress, frame: str) -> Pick.Feedback:
    """A feedback; `frame` is the base frame of the grasp."""
    grasp = _grasp(progress.grasp, progress.grasp_stamp, frame)
    return Pick.Feedback(stage=progress.stage.value, elapsed=progress.elapsed, grasp=grasp)


def result_to_msg(result: PickResult, frame: str) -> Pick.Result:
    """A result; `frame` is the base frame of the grasp."""
    return Pick.Result(
        outcome=outcome_to_msg(result.outcome, result.message),
        failed_stage="" if result.failed_stage is None else result.failed_stage.value,
        grasp=_grasp(result.grasp, result.grasp_stamp, frame),
        gripper_success=result.gripper_success,
        object_known=result.object_known,
        object_success=result.object_success,
        object=result.object,
        stages=[time.stage.value for time in result.stages],
        stage_seconds=[time.seconds for time in result.stages],
        tracking_images=result.tracking.images,
        tracking_misses=result.tracking.misses,
        corrections=result.tracking.corrections,
        tracking_hz=result.tracking.hz,
    )


def _grasp(grasp: Grasp | None, time: float, frame: str) -> GraspMessage:
    return GraspMessage() if grasp is None else grasp_to_msg(grasp, Header(stamp=stamp(time), frame_id=frame))
