"""The node that picks: action ``/pick``, service ``/stop``."""

from __future__ import annotations

import functools
import threading
import time
from collections import Counter

from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.action.server import ServerGoalHandle
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.node import Node
from std_srvs.srv import Trigger

from grasp_execution.arm import ArmDescription
from grasp_execution.nodes.executor_parameters import ExecutorParameters
from grasp_execution.nodes.pick_messages import feedback_to_msg, request_from_msg, result_to_msg
from grasp_execution.nodes.planner_clients import GraspClient, GroundTruthClient, MotionClient
from grasp_execution.nodes.robot_client import RobotClient
from grasp_execution.pick import Interruption, Pick, PickResult, Ports, Progress, Servo
from grasp_execution.pick.goals import describe
from grasp_msgs.action import Pick as PickAction
from grasp_perception.configuration import ConfigurationError
from grasp_perception.extrinsics import CameraMount
from grasp_perception.nodes.diagnostics import ERROR, OK, WARN, DiagnosticsPublisher, Health
from grasp_perception.nodes.run import SENDING_SECONDS, run_node
from grasp_perception.outcomes import Outcome, OutcomeError
from grasp_planning.workcell import WorkCell

THREADS = 6
"""One picks, one may stop, the others keep messages flowing."""
GOODBYE_SECONDS = 1.6
"""Wall time for a running pick to halt when the node ends; Ctrl-C is to take less than three."""
_MAY_MOVE = "THE ARM MAY STILL BE MOVING, use the emergency stop"


class ExecutorNode(Node):
    """Serves picks, one at a time.

    Needs an executor of several threads: a pick blocks its thread from its beginning to its end.
    """

    def __init__(self, **options: object) -> None:
        super().__init__("executor", **options)
        parameters = ExecutorParameters.declare(self)
        description = ArmDescription(parameters.arm_file)
        workcell = WorkCell.load(parameters.workcell_file)
        pick = parameters.pick
        if parameters.camera_file:
            camera = CameraMount.load(parameters.camera_file)
            pick = pick.with_blind_distance(camera.blind_distance)
            if camera.look_from is not None:
                description = description.with_home(camera.look_from)
        parameters.check(description)
        self._arm = description.arm
        self._frame = workcell.base_frame
        self._halt_timeout = parameters.timing.halt
        self._robot = RobotClient(self, description.arm, parameters.joint_states, parameters.timing)
        ports = Ports(
            robot=self._robot,
            grasps=GraspClient(self, parameters.grasp_service, self._frame, parameters.grasp_patience),
            motions=MotionClient(self, parameters.motion_service, self._frame, parameters.motion_patience),
            truth=GroundTruthClient(self, parameters.truth_service, parameters.truth_patience)
            if parameters.use_ground_truth
            else None,
            servo=functools.cache(lambda: _load_servo(description, workcell)),
        )
        self._pick = Pick(description.arm, description.gripper, workcell, ports, pick)

        self._lock = threading.Lock()
        self._running: Interruption | None = None
        self._idle = threading.Event()
        self._idle.set()
        self._stage = ""
        self._last: PickResult | None = None
        self._outcomes: Counter[Outcome] = Counter()

        group = ReentrantCallbackGroup()
        self._server = ActionServer(
            self,
            PickAction,
            "pick",
            self._execute,
            callback_group=group,
            goal_callback=self._on_goal,
            cancel_callback=lambda goal: CancelResponse.ACCEPT,
        )
        self.create_service(Trigger, "stop", self._on_stop, callback_group=group)
        self._diagnostics = DiagnosticsPublisher(self, self._health)

    def say_goodbye(self) -> None:
        """Stop a pick that is running, and wait until the arm holds and the client has been told: see `run_node`."""
        with self._lock:
            running = self._running
            if running is not None:
                running.stop()
        if running is not None:
            self.get_logger().warning("shutting down: the pick is stopped")
            if self._idle.wait(GOODBYE_SECONDS):
                time.sleep(SENDING_SECONDS)

    def destroy_node(self) -> None:
        """Take the node down."""
        self._server.destroy()
        self._robot.destroy()
        super().destroy_node()

    def _on_goal(self, goal: PickAction.Goal) -> GoalResponse:
        with self._lock:
            if self._running is not None:
                self.get_logger().warning("goal rejected: a pick is running; wait for its end, or cancel it")
                return GoalResponse.REJECT
            self._running = Interruption()
            self._idle.clear()
        return GoalResponse.ACCEPT

    def _execute(self, goal: ServerGoalHandle) -> PickAction.Result:
        interruption = self._running
        assert interruption is not None

        def on_stage(progress: Progress) -> None:
            if progress.stage.value != self._stage:
                self._stage = progress.stage.value
                self.get_logger().info(f"stage {self._stage}")
            goal.publish_feedback(feedback_to_msg(progress, self._frame))

        try:
            interruption.cancel_when(lambda: goal.is_cancel_requested)
            result = self._pick.run(request_from_msg(goal.request), interruption, on_stage)
            self._end(goal, result)
            return result_to_msg(result, self._frame)
        finally:
            with self._lock:
                self._running = None
                self._stage = ""
                self._idle.set()

    def _end(self, goal: ServerGoalHandle, result: PickResult) -> None:
        self._last = result
        self._outcomes[result.outcome] += 1
        if result.outcome is Outcome.SUCCESS:
            self.get_logger().info(f"pick succeeded: {result.message}")
            goal.succeed()
            return
        self.get_logger().warning(f"pick ended in {result.failed_stage}: {result.outcome.name}: {result.message}")
        if result.outcome is Outcome.CANCELED:
            goal.canceled()
        else:
            goal.abort()

    def _on_stop(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        with self._lock:
            running, stage = self._running, self._stage
            if running is not None:
                running.stop()
        self._robot.halt()  # also what others have told the arm to do
        what = f"stopped the pick in {stage or 'its beginning'}" if running else "no pick was running"
        self.get_logger().warning(f"/stop: {what}")
        deadline = time.monotonic() + self._halt_timeout
        ended = self._idle.wait(self._halt_timeout + 1.0)
        try:
            while not (still := self._robot.is_still()) and time.monotonic() < deadline:
                pass  # an arm takes a while to come to rest
            positions = self._robot.positions()
            where = describe({name: positions[name] for name in self._arm.joints})
            fingers = f"fingers {self._robot.gap() * 1e3:.1f} mm apart"
        except OutcomeError as error:
            response.success = False
            response.message = f"{what}; {_MAY_MOVE}; where it is is not known: {error.message}"
            return response
        response.success = ended and still
        state = "the arm holds" if response.success else f"{_MAY_MOVE};"
        response.message = f"{what}; {state} at {where} rad, {fingers}"
        return response

    def _health(self) -> Health:
        last, picks = self._last, sum(self._outcomes.values())
        values = {
            "stage": self._stage or "idle",
            "picks": picks,
            "successes": self._outcomes[Outcome.SUCCESS],
            "last outcome": last.outcome.name if last else "none",
            "last message": last.message if last else "",
        }
        try:
            self._robot.positions()
        except OutcomeError as error:
            return Health(ERROR, error.message, values)
        if last is None or last.outcome in (Outcome.SUCCESS, Outcome.CANCELED, Outcome.STOPPED):
            return Health(OK, f"picking: {self._stage}" if self._stage else "ready", values)
        level = ERROR if 400 <= last.outcome < 500 or last.outcome is Outcome.INTERNAL_ERROR else WARN
        return Health(level, f"{last.outcome.name}: {last.message}", values)


def _load_servo(description: ArmDescription, workcell: WorkCell) -> Servo:
    # Imported when it is first needed: the rest works where pinocchio and coal are not installed.
    try:
        from grasp_execution.motion import servo
    except ImportError as error:
        raise OutcomeError(
            Outcome.MOTION_PLANNER_FAILED, f"picking in closed loop needs pinocchio and coal: {error}"
        ) from error
    try:
        return servo.Servo(description, workcell)
    except ConfigurationError as error:
        raise OutcomeError(Outcome.MOTION_PLANNER_FAILED, f"the arm cannot be steered: {error}") from error


def main() -> None:
    """Run the node."""
    run_node(ExecutorNode, threads=THREADS)
