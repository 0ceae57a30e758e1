"""The motion planner as a ROS node, in a process of its own."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from std_msgs.msg import Header
from visualization_msgs.msg import MarkerArray

from grasp_execution.arm import ArmDescription
from grasp_execution.motion.backends import BACKENDS, load_backend
from grasp_execution.motion.interface import SceneObject
from grasp_execution.motion.obstacles import workcell_objects
from grasp_execution.nodes.joint_state_monitor import JointStateMonitor
from grasp_execution.ros_conversions import motion_request_from_msg, scene_markers, trajectory_to_msg
from grasp_msgs.srv import PlanMotion
from grasp_perception.nodes.diagnostics import OK, DiagnosticsPublisher, Health
from grasp_perception.nodes.parameters import declare
from grasp_perception.nodes.run import run_node
from grasp_perception.outcomes import Outcome, OutcomeError
from grasp_planning.ros_conversions import outcome_from_error, outcome_to_msg
from grasp_planning.workcell import WorkCell

THREADS = 2
"""Joint states arrive while a request is served."""


class MotionPlannerNode(Node):
    """Plans one motion of the arm for each request; nothing moves.

    Service ``~/plan`` (grasp_msgs/PlanMotion). Latched topic ``~/scene`` (MarkerArray): the obstacles of the
    latest request.
    """

    def __init__(self, **options: Any) -> None:
        """Construct; `options` go to ``rclpy.node.Node``.

        Raises:
            ConfigurationError: A file is missing or wrong.
        """
        super().__init__("motion_planner", **options)
        arm_file = declare(self, "arm_file", "", "YAML file of the arm")
        workcell_file = declare(self, "workcell_file", "", "YAML file of the work cell")
        self._backend = declare(self, "backend", "embedded", "motion planner", choices=BACKENDS)
        seed = declare(self, "seed", 0, "of the planner's random draws", minimum=0)
        topic = declare(self, "joint_states_topic", "/joint_states", "joint states, for requests without a start")
        age = declare(self, "max_state_age", 1.0, "greatest age of a joint state, s of wall time", minimum=0.0)
        description = ArmDescription(arm_file)
        self._arm = description.arm
        workcell = WorkCell.load(workcell_file)
        self._obstacles = workcell_objects(workcell)
        self._planner = load_backend(self._backend, description, workcell, seed)
        self._states = JointStateMonitor(self, topic, self._arm.joints, age)
        self._outcomes: Counter[str] = Counter()
        self._last = "no request yet"
        latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self._markers = self.create_publisher(MarkerArray, "~/scene", latched)
        self._publish_scene(())
        self._service = self.create_service(PlanMotion, "~/plan", self._plan, callback_group=ReentrantCallbackGroup())
        self._diagnostics = DiagnosticsPublisher(self, self._health)
        self.get_logger().info(f"planning motions of {self._arm.name} with the {self._backend} backend")

    def _plan(self, request: PlanMotion.Request, response: PlanMotion.Response) -> PlanMotion.Response:
        """Serve ~/plan: whatever happens, there is an answer."""
        started = time.monotonic()
        try:
            latest = None if request.start_names else self._states.positions()
            motion = motion_request_from_msg(request, self._arm.base_frame, latest)
            self._publish_scene(motion.scene)
            trajectory = self._planner.plan(motion)
            response.trajectory = trajectory_to_msg(trajectory)
            response.outcome = outcome_to_msg(Outcome.SUCCESS, f"a motion of {trajectory.duration:.2f} s")
        except OutcomeError as error:
            response.outcome = outcome_from_error(error)
        except Exception as error:
            reason = f"the {self._backend} planner failed: {type(error).__name__}: {error}"
            self.get_logger().error(reason)
            response.outcome = outcome_to_msg(Outcome.MOTION_PLANNER_FAILED, reason)
        response.plan_seconds = time.monotonic() - started
        code = Outcome(response.outcome.code)
        self._outcomes[code.name] += 1
        self._last = f"{code.name}: {response.outcome.message}"
        self.get_logger().info(f"{self._last} (planned in {response.plan_seconds:.3f} s)")
        return response

    def _publish_scene(self, scene: tuple[SceneObject, ...]) -> None:
        header = Header(frame_id=self._arm.base_frame)
        self._markers.publish(scene_markers(self._obstacles, scene, header, self._arm.tool_frame))

    def _health(self) -> Health:
        return Health(OK, f"planning with {self._backend}", {"latest answer": self._last, **self._outcomes})


def main() -> None:
    """Entry point."""
    run_node(MotionPlannerNode, threads=THREADS)
