"""The grasp planner as a ROS node."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.clock import JumpThreshold
from rclpy.duration import Duration
from rclpy.lifecycle import LifecycleState, TransitionCallbackReturn
from rclpy.qos import DurabilityPolicy, QoSProfile
from rclpy.time import Time
from sensor_msgs.msg import Image, RegionOfInterest
from std_msgs.msg import Header
from tf2_ros import Buffer, TransformException, TransformListener
from visualization_msgs.msg import MarkerArray

from grasp_msgs.msg import GraspArray
from grasp_msgs.srv import PlanGrasps
from grasp_perception.configuration import ConfigurationError
from grasp_perception.frame import RGBDFrame
from grasp_perception.nodes.diagnostics import OK, WARN, DiagnosticsPublisher, Health
from grasp_perception.nodes.lifecycle import AutostartLifecycleNode
from grasp_perception.nodes.parameters import declare
from grasp_perception.nodes.rgbd_subscriber import COLOR_TOPIC, DEPTH_TOPIC, INFO_TOPIC, RGBDSubscriber
from grasp_perception.nodes.run import run_node
from grasp_perception.outcomes import Outcome, OutcomeError
from grasp_perception.ros_conversions import STAMP_TOLERANCE, array_to_image, seconds, stamp, transform_from_msg
from grasp_perception.transform import Transform
from grasp_planning.grasps import Grasp
from grasp_planning.gripper import Gripper
from grasp_planning.hand_mask import without_hand
from grasp_planning.overlay import draw_overlay
from grasp_planning.pipeline import near_mask, plan_in_base
from grasp_planning.planner import GraspPlanner, load_planner
from grasp_planning.ros_conversions import grasp_markers, grasps_to_msg, outcome_from_error, outcome_to_msg
from grasp_planning.workcell import WorkCell

THREADS = 4
"""The service waits for images and transforms, which arrive on other threads."""
BEGUN_ANEW = JumpThreshold(min_forward=None, min_backward=Duration(seconds=-1), on_clock_change=False)
"""A jump of simulated time after which the transforms from before it hide those that come."""
SHOW_SECONDS = 0.2
"""While an object is tracked, the latest answer is shown this often at most: drawing takes a third of the planning."""


class GraspPlannerNode(AutostartLifecycleNode):
    """Looks when it is asked to, and answers with grasps in the robot's base frame.

    Service ``~/plan`` (grasp_msgs/PlanGrasps). Latched topics, of the latest answer: ``~/grasps``
    (GraspArray), ``~/markers`` (MarkerArray), ``~/overlay`` (Image), and ``~/quality`` (Image, 32FC1, aligned to the
    camera's) if the planner knows how good a grasp is at each pixel. Of a tracked object's answers five a second.
    """

    def __init__(self, **options: Any) -> None:
        """Construct; `options` go to ``rclpy.node.Node``."""
        super().__init__("grasp_planner", **options)
        self._name = declare(self, "planner", "antipodal", "grasp planner, by its entry-point name")
        self._options = declare(self, "options", "", "options of the planner, a YAML mapping: '{friction: 0.5}'")
        self._models = declare(self, "models", "", "folder of trained weights, <planner>.safetensors; not all need any")
        self._seed = declare(
            self, "seed", 0, "of the planner's random draws, if it has the option and its options name none", minimum=0
        )
        self._gripper_file = declare(self, "gripper_file", "", "YAML file of the gripper")
        self._workcell_file = declare(self, "workcell_file", "", "YAML file of the work cell")
        self._tool_frame = declare(
            self,
            "tool_frame",
            "",
            "the arm's tool frame, to leave the hand out of images that show it; empty: none does",
        )
        self._images = {
            "color_topic": declare(self, "color_topic", COLOR_TOPIC, "colour images"),
            "depth_topic": declare(self, "depth_topic", DEPTH_TOPIC, "depth images, aligned to the colour images"),
            "info_topic": declare(self, "info_topic", INFO_TOPIC, "camera_info of the depth images"),
            "rectified": declare(self, "rectified", False, "whether the images are rectified already (image_rect)"),
            "stamp_tolerance": declare(
                self,
                "stamp_tolerance",
                STAMP_TOLERANCE,
                "greatest difference between the stamps of colour and depth of one moment, s",
                minimum=0.0,
                maximum=1.0,
            ),
        }
        timed = {"minimum": 0.0, "maximum": 60.0, "read_only": False}
        declare(self, "capture_timeout", 3.0, "longest wait for an image, s of wall time", **timed)
        declare(self, "transform_timeout", 1.0, "longest wait for the camera's transform, s of wall time", **timed)
        declare(self, "max_image_age", 1.0, "greatest age of an image, s of the node's clock", **timed)
        declare(
            self, "candidates", 20, "proposals asked of the planner, before the filters", minimum=1, read_only=False
        )
        self._planning = threading.Lock()  # planners need not be thread-safe
        self._active = False
        self._shown = -float("inf")  # time.monotonic()
        self._last = "no request yet"
        self._answers = {"requests": 0, "with grasps": 0}
        self._diagnostics = DiagnosticsPublisher(self, self._health)
        self.start()
        # Not taken away by cleaning up, which may come while it is to answer.
        self._service = self.create_service(PlanGrasps, "~/plan", self._plan, callback_group=ReentrantCallbackGroup())

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Load gripper, work cell and planner; subscribe."""
        self._gripper = Gripper.load(self._gripper_file)
        self._workcell = WorkCell.load(self._workcell_file)
        self._planner = self._load_planner()
        self._camera = RGBDSubscriber(self, **self._images)
        self._buffer = Buffer()
        self._listener = TransformListener(self._buffer, self)
        self._jumps = self.get_clock().create_jump_callback(BEGUN_ANEW, post_callback=lambda _: self._buffer.clear())
        latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self._grasps_publisher = self.create_publisher(GraspArray, "~/grasps", latched)
        self._markers_publisher = self.create_publisher(MarkerArray, "~/markers", latched)
        self._overlay_publisher = self.create_publisher(Image, "~/overlay", latched)
        self._quality_publisher = self.create_publisher(Image, "~/quality", latched)
        return TransitionCallbackReturn.SUCCESS

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Answer requests."""
        self._active = True
        self.get_logger().info(f"planning with '{self._name}' for gripper '{self._gripper.name}'")
        return super().on_activate(state)

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Refuse requests."""
        self._active = False
        return super().on_deactivate(state)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Release everything, after the planning under way."""
        with self._planning:
            del self._planner
        for publisher in (
            self._grasps_publisher,
            self._markers_publisher,
            self._overlay_publisher,
            self._quality_publisher,
        ):
            self.destroy_publisher(publisher)
        self._camera.destroy()
        self._jumps.unregister()
        self._listener.unregister()
        return TransitionCallbackReturn.SUCCESS

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Refuse requests."""
        self._active = False
        return super().on_shutdown(state)

    def _load_planner(self) -> GraspPlanner:
        try:
            options = yaml.safe_load(self._options) if self._options else {}
        except yaml.YAMLError as error:
            raise ConfigurationError(f"parameter options is not YAML: {error}") from error
        if not isinstance(options, dict) or not all(isinstance(key, str) for key in options):
            raise ConfigurationError(f"parameter options must be a mapping of option names, got {self._options!r}")
        models = Path(self._models) if self._models else None
        return load_planner(self._name, self._gripper, options, models=models, default_seed=self._seed)

    def _plan(self, request: PlanGrasps.Request, response: PlanGrasps.Response) -> PlanGrasps.Response:
        """Serve ~/plan: whatever happens, there is an answer."""
        self._answers["requests"] += 1
        started = time.monotonic()
        frame: RGBDFrame | None = None
        grasps: list[Grasp] = []
        shown = request.radius <= 0 or started - self._shown >= SHOW_SECONDS
        try:
            self._check_active()
            frame = self._capture(request)
            response.capture_seconds = time.monotonic() - started
            started = time.monotonic()
            response.grasps.header = Header(stamp=stamp(frame.stamp), frame_id=self._workcell.base_frame)
            planned = self._grasps(frame, request, shown)
            response.grasps = grasps_to_msg(planned, response.grasps.header)
            grasps = planned
            response.outcome = outcome_to_msg(Outcome.SUCCESS, f"{len(grasps)} grasps")
            self._answers["with grasps"] += 1
        except OutcomeError as error:
            response.outcome = outcome_from_error(error)
        except Exception as error:
            reason = f"planner '{self._name}' failed: {type(error).__name__}: {error}"
            self.get_logger().error(reason)
            response.outcome = outcome_to_msg(Outcome.GRASP_PLANNER_FAILED, reason)
        if frame is None:
            response.capture_seconds = time.monotonic() - started
        else:
            response.plan_seconds = time.monotonic() - started
            if shown:
                self._shown = started
                with self._not_vital("answer"):
                    self._show(frame, grasps, response)
        code = Outcome(response.outcome.code)
        self._last = f"{code.name}: {response.outcome.message}"
        line = f"{self._last} (image {response.capture_seconds:.3f} s, plan {response.plan_seconds:.3f} s)"
        if request.radius > 0:  # somebody tracks an object
            self.get_logger().debug(line)
        else:
            self.get_logger().info(line)
        return response

    def _check_active(self) -> None:
        if not self._active:
            raise OutcomeError(
                Outcome.GRASP_PLANNER_FAILED, f"{self.get_name()} is not active: activate it by its lifecycle"
            )

    def _capture(self, request: PlanGrasps.Request) -> RGBDFrame:
        not_before = seconds(request.not_before) or None
        return self._camera.wait(not_before, self._value("capture_timeout"), self._value("max_image_age"))

    def _grasps(self, frame: RGBDFrame, request: PlanGrasps.Request, shown: bool) -> list[Grasp]:
        base_from_camera = self._look_up(self._workcell.base_frame, frame)
        roi = _region(request.roi, frame.depth.shape)
        if request.radius > 0:
            near = (request.near.x, request.near.y)
            seen_near = near_mask(frame, base_from_camera, near, request.radius)
            roi = seen_near if roi is None else roi & seen_near
        if self._tool_frame:
            camera_from_tool = self._look_up(self._tool_frame, frame).inverse()
            frame = without_hand(frame, camera_from_tool, self._gripper)
        with self._planning:
            self._check_active()
            try:
                return plan_in_base(
                    self._planner,
                    self._name,
                    frame,
                    base_from_camera,
                    self._workcell,
                    roi=roi,
                    max_grasps=request.max_grasps or 1,
                    candidates=self._value("candidates"),
                    tracked=request.radius > 0,
                )
            finally:
                if shown:
                    with self._not_vital("quality map"):
                        self._publish_quality(frame)

    def _look_up(self, target: str, frame: RGBDFrame) -> Transform:
        """target_from_camera when the camera took the frame."""
        when = Time.from_msg(stamp(frame.stamp))
        timeout = Duration(seconds=self._value("transform_timeout"))
        try:
            found = self._buffer.lookup_transform(target, frame.frame_id, when, timeout)
        except TransformException as error:
            raise OutcomeError(
                Outcome.MISSING_TRANSFORM,
                f"no transform from the camera '{frame.frame_id}' to '{target}' at {frame.stamp:.3f} s: "
                f"{error}; start camera_transform with the camera's file, or the robot's state publisher, and let the "
                "camera's driver publish no transforms (RealSense: publish_tf:=false)",
            ) from error
        return transform_from_msg(found.transform)

    def _show(self, frame: RGBDFrame, grasps: list[Grasp], response: PlanGrasps.Response) -> None:
        """Publish an answer."""
        header = response.grasps.header
        self._grasps_publisher.publish(response.grasps)
        self._markers_publisher.publish(grasp_markers(grasps, self._gripper, header))
        caption = f"{self._name}: {response.plan_seconds * 1e3:.0f} ms"
        if not grasps:
            caption = f"{Outcome(response.outcome.code).name}: {response.outcome.message}"
        rectangles = [grasp.rectangle for grasp in grasps if grasp.rectangle is not None]
        picture = draw_overlay(frame, rectangles, caption=caption)
        image_header = Header(stamp=header.stamp, frame_id=frame.frame_id)
        self._overlay_publisher.publish(array_to_image(picture, "rgb8", image_header))

    def _publish_quality(self, frame: RGBDFrame) -> None:
        if self._planner.quality_map is not None:
            quality = np.asarray(self._planner.quality_map, np.float32)
            header = Header(stamp=stamp(frame.stamp), frame_id=frame.frame_id)
            self._quality_publisher.publish(array_to_image(quality, "32FC1", header))

    @contextlib.contextmanager
    def _not_vital(self, shown: str) -> Iterator[None]:
        """What cannot be shown, as it lies nowhere in the image, keeps no answer back."""
        try:
            yield
        except Exception as error:
            self.get_logger().error(f"the {shown} cannot be shown: {type(error).__name__}: {error}")

    def _value(self, name: str) -> Any:
        return self.get_parameter(name).value

    def _health(self) -> Health:
        values = {"planner": self._name, "latest answer": self._last, **self._answers}
        if not self._active:
            return Health(WARN, "not active", values)
        return Health(OK, f"planning with {self._name}", {**values, **self._camera.statistics()})


def _region(roi: RegionOfInterest, shape: tuple[int, ...]) -> NDArray[np.bool_] | None:
    """(H, W) mask of a region of interest; None if it is all zero.

    Raises:
        OutcomeError: NO_OBJECT, it lies outside the image.
    """
    if not (roi.width or roi.height or roi.x_offset or roi.y_offset):
        return None
    mask = np.zeros(shape, bool)
    mask[roi.y_offset : roi.y_offset + roi.height, roi.x_offset : roi.x_offset + roi.width] = True
    if not mask.any():
        raise OutcomeError(
            Outcome.NO_OBJECT,
            f"the region of interest {roi.width}x{roi.height} at ({roi.x_offset}, {roi.y_offset}) holds no pixel of "
            f"the {shape[1]}x{shape[0]} image",
        )
    return mask


def main() -> None:
    """Entry point."""
    run_node(GraspPlannerNode, threads=THREADS)
