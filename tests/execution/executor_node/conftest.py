"""The executor among fake servers, over real DDS."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from control_msgs.action import FollowJointTrajectory, GripperCommand
from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.node import Node
from rclpy.parameter import Parameter
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import JointState
from std_msgs.msg import Header
from std_srvs.srv import Trigger

from grasp_execution.arm import ArmDescription
from grasp_execution.motion.interface import JointGoal
from grasp_execution.nodes.action_call import LockedActionClient
from grasp_execution.nodes.executor import THREADS, ExecutorNode
from grasp_execution.ros_conversions import motion_request_from_msg, trajectory_to_msg
from grasp_execution.trajectory import Trajectory
from grasp_msgs.action import Pick
from grasp_msgs.msg import ObjectState
from grasp_msgs.msg import Outcome as OutcomeMessage
from grasp_msgs.srv import GetObjects, PlanGrasps, PlanMotion
from grasp_perception.nodes.executor import NodeExecutor
from grasp_perception.ros_conversions import stamp
from grasp_perception.transform import Transform
from grasp_planning.grasps import Grasp
from grasp_planning.ros_conversions import grasps_to_msg
from grasp_planning.workcell import WorkCell

MOTION_SECONDS = 0.1
GRASP = Transform(np.diag([1.0, -1.0, -1.0]), np.array([0.2, 0.05, 0.01]))


@dataclass
class Cell:
    """What the fakes share: the state of the robot, and how they are to behave."""

    description: ArmDescription
    frame: str
    joints: dict[str, float] = field(default_factory=dict)
    gap: float = 0.03
    thickness: float = 0.015
    in_bin: bool = False
    objects_known: bool = True
    motions: int = 0
    """Trajectories begun."""
    on_motion: Callable[[int], None] = lambda number: None
    """Called in the middle of each."""
    trajectory_end: tuple[int, str] = (0, "")
    """Error code and string of trajectories."""
    gripper_aborts_when_stalled: bool = False
    gripper_refuses: bool = False
    rejects: bool = False
    stuck: bool = False
    """Motions do not end."""
    grasp_outcome: tuple[int, str] = (0, "")
    motion_outcome: tuple[int, str] = (0, "")
    grasp_frame: str = ""
    on_grasp_request: Callable[[], None] = lambda: None
    goals: list[FollowJointTrajectory.Goal] = field(default_factory=list)
    dead: bool = False
    moving: bool = False
    finger_names: tuple[str, ...] = ()


class Drivers(Node):
    """The action servers of the arm and the gripper."""

    def __init__(self, cell: Cell) -> None:
        super().__init__("fake_drivers")
        self.cell = cell
        names, group = cell.description.arm.controllers, ReentrantCallbackGroup()

        def goal_callback(_: Any) -> GoalResponse:
            return GoalResponse.REJECT if cell.rejects else GoalResponse.ACCEPT

        common = {
            "callback_group": group,
            "goal_callback": goal_callback,
            "cancel_callback": lambda goal: CancelResponse.ACCEPT,
        }
        self.arm = ActionServer(self, FollowJointTrajectory, names.arm, self._follow, **common)
        self.gripper = ActionServer(self, GripperCommand, names.gripper, self._grip, **common)
        self.servers = [self.arm, self.gripper]
        self.create_timer(0.02, lambda: None)  # a server that was destroyed is gone once the executor wakes up

    def die(self) -> None:
        """As in a crash: nothing is finished, nothing is answered."""
        for server in self.servers:
            server.destroy()
        self.servers = []

    def destroy_node(self) -> None:
        self.die()  # a node does not destroy its action servers
        super().destroy_node()

    def _follow(self, goal: Any) -> FollowJointTrajectory.Result:
        cell = self.cell
        cell.goals.append(goal.request)
        cell.motions += 1
        number = cell.motions
        code, words = cell.trajectory_end
        if code:
            goal.abort()
            return FollowJointTrajectory.Result(error_code=code, error_string=words)
        cell.moving = True
        try:
            return self._move(goal, number)
        finally:
            cell.moving = False

    def _move(self, goal: Any, number: int) -> FollowJointTrajectory.Result:
        cell, trajectory = self.cell, goal.request.trajectory
        start = np.array([cell.joints[name] for name in trajectory.joint_names])
        end, shares = np.array(trajectory.points[-1].positions), np.linspace(0.1, 1.0, 10)
        for i, share in enumerate(shares):
            if i == 5:
                cell.on_motion(number)
            while True:
                if cell.dead or goal.is_cancel_requested:
                    goal.canceled() if goal.is_cancel_requested else goal.abort()
                    return FollowJointTrajectory.Result()
                if not cell.stuck:
                    break
                time.sleep(0.01)
            time.sleep(MOTION_SECONDS / len(shares))
            cell.joints.update(zip(trajectory.joint_names, map(float, start + share * (end - start))))
        goal.succeed()
        return FollowJointTrajectory.Result()

    def _grip(self, goal: Any) -> GripperCommand.Result:
        cell, wanted = self.cell, goal.request.command.position
        if cell.gripper_refuses:
            goal.abort()
            return GripperCommand.Result(position=cell.gap)
        stalled = wanted < cell.thickness < cell.gap
        cell.gap = cell.thickness if stalled else wanted
        if wanted == 0.03 and cell.joints["joint_2"] == pytest.approx(0.235, abs=0.01):
            cell.in_bin = True
        if stalled and cell.gripper_aborts_when_stalled:
            goal.abort()
        else:
            goal.succeed()
        return GripperCommand.Result(position=cell.gap, stalled=stalled, reached_goal=not stalled)


class States(Node):
    """Joint states at 50 Hz, and /clock if asked for."""

    def __init__(self, cell: Cell, clock: bool) -> None:
        super().__init__("fake_states")
        self.cell = cell
        self.publisher = self.create_publisher(JointState, "/joint_states", 10)
        self.clock = self.create_publisher(Clock, "/clock", 10) if clock else None
        self.silent = self.clock_stands = False
        self.clock_behind = 0.0
        self.timer = self.create_timer(0.02, self._publish)

    def _publish(self) -> None:
        if self.clock is not None and not self.clock_stands:
            self.clock.publish(Clock(clock=stamp(time.monotonic() - self.clock_behind)))
        if self.silent:
            return
        cell = self.cell
        fingers = {name: cell.gap / len(cell.finger_names) for name in cell.finger_names}
        state = {**fingers, **cell.joints}  # fingers first: the order is not the arm's
        self.publisher.publish(JointState(name=list(state), position=list(state.values())))


class Planners(Node):
    """Grasp planner, motion planner and the simulator's view of the objects."""

    def __init__(self, cell: Cell, grasps: bool, motions: bool) -> None:
        super().__init__("fake_planners")
        self.cell, group = cell, ReentrantCallbackGroup()
        self.requests: list[PlanGrasps.Request] = []
        if grasps:
            self.create_service(PlanGrasps, "/grasp_planner/plan", self._grasps, callback_group=group)
        if motions:
            self.create_service(PlanMotion, "/motion_planner/plan", self._motion, callback_group=group)
        self.create_service(GetObjects, "/simulated_robot/get_objects", self._objects, callback_group=group)

    def _grasps(self, request: PlanGrasps.Request, response: PlanGrasps.Response) -> PlanGrasps.Response:
        self.requests.append(request)
        self.cell.on_grasp_request()
        code, words = self.cell.grasp_outcome
        response.outcome = OutcomeMessage(code=code, message=words)
        header = Header(frame_id=self.cell.grasp_frame or self.cell.frame, stamp=stamp(12.5))
        response.grasps = grasps_to_msg([] if code else [Grasp(GRASP, 0.02, 0.9, "fake")], header)
        response.capture_seconds, response.plan_seconds = 0.3, 0.1
        return response

    def _motion(self, message: PlanMotion.Request, response: PlanMotion.Response) -> PlanMotion.Response:
        code, words = self.cell.motion_outcome
        response.outcome = OutcomeMessage(code=code, message=words)
        if code:
            return response
        request = motion_request_from_msg(message, self.cell.frame)
        names = self.cell.description.arm.joints
        if isinstance(request.goal, JointGoal):
            goal = [request.goal.positions[name] for name in names]
        else:
            goal = [*request.goal.pose.translation, 0.0, 0.0]
        positions = np.array([[request.start[name] for name in names], goal])
        response.trajectory = trajectory_to_msg(Trajectory(names, np.array([0.0, MOTION_SECONDS]), positions))
        return response

    def _objects(self, request: GetObjects.Request, response: GetObjects.Response) -> GetObjects.Response:
        response.success = self.cell.objects_known
        response.message = "" if response.success else "the simulation was closed"
        if response.success:
            response.objects = [ObjectState(name="cube", in_bin=self.cell.in_bin)]
        return response


class Harness:
    """Runs the executor and the fakes, and is their client."""

    def __init__(self, repository: Path) -> None:
        self.files = {
            "arm_file": str(repository / "config/arms/widowx.yaml"),
            "workcell_file": str(repository / "config/workcells/widowx.yaml"),
        }
        description = ArmDescription(self.files["arm_file"])
        workcell = WorkCell.load(self.files["workcell_file"])
        self.cell = Cell(description, workcell.base_frame, dict(description.arm.home))
        self.cell.finger_names = description.arm.gripper_joints.names
        self.stages: list[str] = []
        self.on_stage: dict[str, Callable[[], None]] = {}
        self._spinning: list[tuple[NodeExecutor, threading.Thread, list[Node]]] = []

    def start(
        self,
        *,
        drivers: bool = True,
        states: bool = True,
        grasps: bool = True,
        motions: bool = True,
        clock: bool = False,
        **parameters: Any,
    ) -> None:
        """Start the fakes that are wanted, the executor with these parameters, and the client."""
        cell = self.cell
        if drivers:
            self.drivers = self.spin(Drivers(cell), 4)
        others: list[Node] = [Planners(cell, grasps, motions)]
        self.planners = others[0]
        if states:
            self.states = States(cell, clock)
            others.append(self.states)
        defaults = {"connect_timeout": 3.0, "driver_timeout": 0.5, "halt_timeout": 1.0, "use_sim_time": clock}
        values = {**self.files, **defaults, **parameters}
        self.node = ExecutorNode(parameter_overrides=[Parameter(name, value=value) for name, value in values.items()])
        self.spin(self.node, THREADS)
        client = Node("test_client")
        others.append(client)
        self.client = LockedActionClient(client, Pick, "/pick", callback_group=ReentrantCallbackGroup())
        self.stop_client = client.create_client(Trigger, "/stop", callback_group=ReentrantCallbackGroup())
        self.spin(others, 4)
        assert self.client.wait_for_server(5.0) and self.stop_client.wait_for_service(5.0)

    def spin(self, nodes: Any, threads: int) -> Any:
        """Spin a node, or several, in an executor of its own."""
        executor = NodeExecutor(threads)
        together = nodes if isinstance(nodes, list) else [nodes]
        for node in together:
            executor.add_node(node)
        thread = threading.Thread(target=executor.spin, daemon=True)
        thread.start()
        self._spinning.append((executor, thread, together))
        return nodes

    def executor_of(self, node: Node) -> NodeExecutor:
        """What spins a node."""
        return next(executor for executor, _, nodes in self._spinning if node in nodes)

    def close(self) -> None:
        self.cell.stuck, self.cell.dead = False, True
        for executor, thread, nodes in reversed(self._spinning):
            executor.shutdown()
            thread.join(2.0)
            for node in nodes:
                node.destroy_node()
        self.client.destroy()

    def send(self, **goal: Any) -> Any:
        """Send a goal; returns its handle."""

        def feedback(message: Any) -> None:
            stage = message.feedback.stage
            if not self.stages or self.stages[-1] != stage:
                self.stages.append(stage)
                self.on_stage.get(stage, lambda: None)()

        return self.wait(self.client.send_goal_async(Pick.Goal(**goal), feedback))

    def pick(self, **goal: Any) -> Any:
        """Pick to the end; returns the answer with status and result."""
        handle = self.send(**goal)
        assert handle.accepted
        return self.result(handle)

    def result(self, handle: Any) -> Any:
        return self.wait(handle.get_result_async())

    def stop(self) -> Trigger.Response:
        return self.wait(self.stop_client.call_async(Trigger.Request()))

    @staticmethod
    def wait(future: Any, timeout: float = 10.0) -> Any:
        done = threading.Event()
        future.add_done_callback(lambda _: done.set())
        assert done.wait(timeout), "no answer"
        return future.result()


@pytest.fixture
def harness(ros: None, repository: Path) -> Iterator[Harness]:
    harness = Harness(repository)
    yield harness
    harness.close()
