"""A client of a running stack: put objects on the table, ask for a pick, remember what happened."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import rclpy
from action_msgs.msg import GoalStatus
from geometry_msgs.msg import Vector3
from numpy.typing import NDArray
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, qos_profile_sensor_data
from rclpy.task import Future
from sensor_msgs.msg import Image

from grasp_bringup.demo.push import SECONDS, Push
from grasp_execution.nodes.action_call import LockedActionClient
from grasp_msgs.action import Pick
from grasp_msgs.srv import MoveObject, ResetScene
from grasp_perception.outcomes import Outcome
from grasp_perception.ros_conversions import image_to_array, seconds

MOMENTS = {"verify_close": "closed", "transport": "lifted", "return": "released"}
"""Stages at whose beginning a picture of the robot is kept, and what it shows."""
POLL_SECONDS = 0.1
"""Between two looks whether the nodes still run, while an answer is awaited."""


class SessionError(Exception):
    """The stack did not do what it was asked to; the message says what and why."""


class AnotherStack(SessionError):
    """Other nodes run where ours were to be started."""


@dataclass(frozen=True, slots=True)
class Sight:
    """The grasp that the tool was led to, as seen in one image."""

    time: float
    """Stamp of the image, s of the robot's clock."""
    x: float
    """In the base frame, m."""
    y: float


@dataclass(frozen=True, slots=True)
class Tracking:
    """How the object was followed in closed loop."""

    images: int
    misses: int
    corrections: int
    hz: float
    """Images planned on per second of the robot's clock."""
    pushed: float
    """How far the object was moved meanwhile, m."""
    sights: tuple[Sight, ...]


@dataclass(slots=True)
class PickRecord:
    """One pick, as the demo reports it."""

    object: str
    outcome: Outcome
    message: str
    success: bool
    gripper_success: bool
    in_bin: bool
    failed_stage: str
    stage_seconds: dict[str, float]
    """By the robot's clock."""
    seconds: float
    """Wall time."""
    pictures: dict[str, NDArray[np.uint8]] = field(default_factory=dict)
    """(H, W, 3) RGB: `grasp` on what the camera saw, and the moments of `MOMENTS`."""
    tracking: Tracking | None = None
    """In closed loop."""
    interrupted: bool = False
    """Whether it was ended by Ctrl-C, or would have been."""


class PickSession:
    """A client of the nodes of `launch/sim.launch.xml`.

    Use as a context manager; its node spins in a thread of its own, so every method may block.
    """

    def __init__(self) -> None:
        self._context = rclpy.Context()
        rclpy.init(context=self._context)
        self._node = Node("grasp_demo", context=self._context)
        self._images: dict[str, Image] = {}
        self._alive: Callable[[], bool] = lambda: True
        latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self._keep("grasp", "/grasp_planner/overlay", latched)
        self._keep("spectator", "/spectator/color/image_raw", qos_profile_sensor_data)
        self._reset = self._node.create_client(ResetScene, "/simulated_robot/reset_scene")
        self._move = self._node.create_client(MoveObject, "/simulated_robot/move_object")
        self._pick = LockedActionClient(self._node, Pick, "/pick")
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self._node)
        self._thread = threading.Thread(target=self._executor.spin, name="grasp_demo", daemon=True)
        self._thread.start()

    def _keep(self, name: str, topic: str, qos: QoSProfile) -> None:
        def keep(message: Image) -> None:
            self._images[name] = message

        self._node.create_subscription(Image, topic, keep, qos)

    def __enter__(self) -> PickSession:
        return self

    def __exit__(self, *_: object) -> None:
        self._executor.shutdown(timeout_sec=1.0)
        self._thread.join(timeout=2.0)
        self._node.destroy_node()
        rclpy.try_shutdown(context=self._context)

    def wait_until_ready(self, timeout: float, alive: Callable[[], bool] = lambda: True) -> None:
        """Wait until the robot can be asked to pick.

        Args:
            timeout: Seconds of wall time.
            alive: Whether the launched nodes still run; all waiting, later too, ends as soon as they do not.

        Raises:
            SessionError: It took too long, or the nodes ended.
        """
        wanted = {
            "the simulator": self._reset.service_is_ready,
            "the executor": self._pick.server_is_ready,
            "the grasp planner": lambda: self._has_service("/grasp_planner/plan"),
            "the motion planner": lambda: self._has_service("/motion_planner/plan"),
        }
        self._alive = alive
        deadline = time.monotonic() + timeout
        while missing := [name for name, ready in wanted.items() if not ready()]:
            if not alive():
                raise SessionError("a node ended while the robot was brought up; its output says why")
            if time.monotonic() > deadline:
                raise SessionError(f"{' and '.join(missing)} did not come up within {timeout:.0f} s")
            time.sleep(0.05)

    def refuse_another_stack(self, patience: float = 2.0) -> None:
        """Make sure that no other robot listens in this ROS domain; to be called before the launch.

        Args:
            patience: Seconds of wall time given to discovery.

        Raises:
            AnotherStack: One does.
        """
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            if self._reset.service_is_ready() or self._pick.server_is_ready():
                domain = self._context.get_domain_id()
                raise AnotherStack(
                    f"another stack runs in ROS domain {domain}: end it, or choose another domain, "
                    f"such as `ROS_DOMAIN_ID={(domain + 1) % 100} grasp demo`"
                )
            time.sleep(0.05)

    def _has_service(self, name: str) -> bool:
        return any(name == service for service, _ in self._node.get_service_names_and_types())

    def place(self, objects: list[str], seed: int) -> list[tuple[str, float, float]]:
        """Clear the table and put objects on it.

        Returns:
            Name, x and y (base frame, m) of each.

        Raises:
            SessionError: The simulator could not place them, or did not answer.
        """
        request = ResetScene.Request(objects=objects, seed=seed)
        response = self._result(self._reset.call_async(request), 30.0, "the simulator")
        if not response.success:
            raise SessionError(response.message)
        return [(item.name, item.pose.position.x, item.pose.position.y) for item in response.objects]

    def pick(
        self,
        timeout: float,
        on_stage: Callable[[str], None] = lambda stage: None,
        *,
        closed_loop: bool = False,
        push: Push | None = None,
    ) -> PickRecord:
        """Pick one object.

        Args:
            timeout: Seconds of wall time after which the pick is canceled.
            on_stage: Called with the name of each stage as it begins.
            closed_loop: Follow the object.
            push: What is done to it when the arm sets out.

        Raises:
            SessionError: The executor refused, or did not answer.
        """
        pictures: dict[str, NDArray[np.uint8]] = {}
        self._images.pop("grasp", None)
        sights: dict[float, Sight] = {}
        pushes: list[Future] = []

        def feedback(message: Any) -> None:
            stage, grasp = message.feedback.stage, message.feedback.grasp
            if grasp.planner:
                time, at = seconds(grasp.header.stamp), grasp.pose.position
                sights[time] = Sight(time, at.x, at.y)
            if stage == "approach" and push is not None and not pushes:
                pushes.append(self._move.call_async(_request(push)))
            if stage in MOMENTS and "spectator" in self._images:
                pictures[MOMENTS[stage]] = image_to_array(self._images["spectator"])
            on_stage(stage)

        started = time.monotonic()
        goal = Pick.Goal(closed_loop=closed_loop)
        handle = self._result(self._pick.send_goal_async(goal, feedback_callback=feedback), 10.0, "the executor")
        if not handle.accepted:
            raise SessionError("the executor refused to pick: it is busy with another pick")
        future = handle.get_result_async()
        interrupted, given_up = False, ""
        try:
            answer = self._result(future, timeout, "the pick")
        except (SessionError, KeyboardInterrupt) as reason:
            if not self._alive():
                raise
            interrupted = isinstance(reason, KeyboardInterrupt)
            given_up = f"{reason}; " if str(reason) else ""
            self._result(handle.cancel_goal_async(), 5.0, "canceling the pick")
            answer = self._result(future, 10.0, "the canceled pick")
        result = answer.result
        if "grasp" in self._images:
            pictures["grasp"] = image_to_array(self._images["grasp"])
            if result.grasp.planner:
                pictures["grasp"] = _closer(pictures["grasp"], result.grasp.rectangle.x, result.grasp.rectangle.y)
        return PickRecord(
            object=result.object,
            outcome=Outcome(result.outcome.code),
            message=given_up + result.outcome.message,
            success=answer.status == GoalStatus.STATUS_SUCCEEDED and result.outcome.code == Outcome.SUCCESS,
            gripper_success=result.gripper_success,
            in_bin=result.object_success,
            failed_stage=result.failed_stage,
            stage_seconds=dict(zip(result.stages, result.stage_seconds)),
            seconds=time.monotonic() - started,
            pictures=pictures,
            tracking=_tracking(result, sights, pushes, push) if closed_loop else None,
            interrupted=interrupted,
        )

    def _result(self, future: Future, timeout: float, who: str) -> Any:
        done = threading.Event()
        future.add_done_callback(lambda _: done.set())
        deadline = time.monotonic() + timeout
        while not done.wait(POLL_SECONDS):
            if not self._alive():
                raise SessionError(f"a node ended while {who} was awaited; its output says why")
            if time.monotonic() > deadline:
                raise SessionError(f"{who} did not answer within {timeout:.0f} s")
        return future.result()


def _request(push: Push) -> MoveObject.Request:
    return MoveObject.Request(name=push.name, displacement=Vector3(x=push.dx, y=push.dy), seconds=SECONDS)


def _tracking(result: Pick.Result, sights: dict[float, Sight], pushes: list[Future], push: Push | None) -> Tracking:
    moved = push is not None and any(future.done() and future.result().success for future in pushes)
    return Tracking(
        images=result.tracking_images,
        misses=result.tracking_misses,
        corrections=result.corrections,
        hz=result.tracking_hz,
        pushed=float(np.hypot(push.dx, push.dy)) if push is not None and moved else 0.0,
        sights=tuple(sights[time] for time in sorted(sights)),
    )


def _closer(image: NDArray[np.uint8], x: float, y: float) -> NDArray[np.uint8]:
    """The quarter (H/2, W/2) of an image that is nearest to having a pixel in its middle."""
    height, width = image.shape[0] // 2, image.shape[1] // 2
    top = int(np.clip(y - height / 2, 0, image.shape[0] - height))
    left = int(np.clip(x - width / 2, 0, image.shape[1] - width))
    return image[top : top + height, left : left + width]
