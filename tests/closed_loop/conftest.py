"""The ports of a pick over a simulated cell, without ROS: time is the simulation's alone, so that every run is the
same, on a busy machine, too."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from grasp_execution.arm import ArmDescription
from grasp_execution.motion.embedded import EmbeddedMotionPlanner
from grasp_execution.motion.interface import MotionRequest
from grasp_execution.motion.servo import Servo
from grasp_execution.pick import (
    GraspProposals,
    GripperState,
    ImageRegion,
    Interruption,
    Look,
    ObjectTruth,
    Pick,
    PickOptions,
    PickRequest,
    PickResult,
    Ports,
    Progress,
    Stage,
    Watch,
)
from grasp_execution.trajectory import Trajectory
from grasp_perception.extrinsics import CameraMount
from grasp_perception.outcomes import OutcomeError
from grasp_planning.grasps import Grasp
from grasp_planning.hand_mask import without_hand
from grasp_planning.pipeline import near_mask, plan_in_base
from grasp_planning.planner import load_planner
from grasp_planning.workcell import WorkCell
from grasp_sim.cell.simulated_cell import SimulatedCell
from grasp_sim.control.controlled_cell import ControlledCell
from grasp_sim.control.joint_limits import JointLimits
from grasp_sim.control.trajectory_checks import check_goal
from grasp_sim.control.trajectory_controller import TrajectoryMotion
from grasp_sim.control.trajectory_goal import FollowingDefaults, PointFields, TrajectoryGoal

IMAGE_PERIOD = 0.05
PLANNING = 0.04
"""Simulated seconds from an image to its grasps."""
TRANSPORT = 0.03
"""Simulated seconds that a course is on its way to the controller."""


class CellPorts:
    """Serves every port of a pick.

    Attributes:
        cell: The simulation.
        events: Called with the time after every step; raise or push as you like.
        blind: Whether images show nothing near the target.
        failure: What answers say instead.
        planning: Simulated seconds from an image to its grasps.
    """

    def __init__(self, repository: Path, camera: str = "widowx_hand") -> None:
        mount = CameraMount.load(repository / f"config/cameras/{camera}.yaml")
        description = ArmDescription(repository / "config/arms/widowx.yaml")
        self.description = description if mount.look_from is None else description.with_home(mount.look_from)
        self.workcell = WorkCell.load(repository / "config/workcells/widowx.yaml")
        self.mount = mount
        self.cell = ControlledCell(SimulatedCell(self.description, self.workcell, mount), self.description)
        self._limits = JointLimits.from_urdf(self.description.urdf_path, self.description.arm.joints)
        self._planner = load_planner("antipodal", self.description.gripper, seed=0)
        self._motions = EmbeddedMotionPlanner(self.description, self.workcell)
        self._servo = Servo(self.description, self.workcell)
        self._posts: list[tuple[float, Callable[[], None]]] = []
        self.events: list[Callable[[float], None]] = []
        self.blind = False
        self.failure: OutcomeError | None = None
        self.planning = PLANNING

    def ports(self) -> Ports:
        return Ports(self, self, _Motions(self._motions), self, lambda: self._servo)  # type: ignore[arg-type]

    def reset(self, objects: list[str], seed: int) -> None:
        """The arm at home, and objects on the table."""
        self._posts = []
        self.blind, self.failure, self.planning = False, None, PLANNING
        self.cell.reset(objects, 0, seed, reset_arm=True)

    def tool_height(self) -> float:
        return float(self.cell.cell.robot.tool().translation[2])

    def post(self, delay: float, action: Callable[[], None]) -> None:
        """Do something later."""
        self._posts.append((self.cell.time + delay, action))

    def advance(self, seconds: float, watch: Watch) -> None:
        end = self.cell.time + seconds
        while self.cell.time < end - 1e-9:
            self.cell.advance()
            for event in self.events:
                event(self.cell.time)
            due = [post for post in self._posts if post[0] <= self.cell.time]
            self._posts = [post for post in self._posts if post not in due]
            for _, action in due:
                action()
        watch()

    # robot

    def now(self) -> float:
        return self.cell.time

    def pause(self, seconds: float, watch: Watch) -> None:
        self.advance(seconds, watch)

    def connect(self, watch: Watch) -> None:
        watch()

    def positions(self) -> dict[str, float]:
        robot = self.cell.cell.robot
        return dict(zip(robot.joint_names, map(float, robot.positions())))

    def gap(self) -> float:
        return self.cell.cell.gripper.gap

    def begin(self, trajectory: Trajectory, stamp: float = 0.0) -> TrajectoryMotion:
        rows = (trajectory.positions, trajectory.velocities, trajectory.accelerations)
        points = tuple(
            PointFields(float(time), *(tuple(row[i].tolist()) for row in rows))
            for i, time in enumerate(trajectory.times)
        )
        goal = check_goal(TrajectoryGoal(trajectory.joint_names, points, stamp), self._limits, FollowingDefaults())
        return self.cell.trajectories.begin(goal, self.cell.time)

    def follow(self, trajectory: Trajectory, watch: Watch) -> None:
        motion = self.begin(trajectory)
        try:
            while not motion.ended.is_set():
                self.advance(0.02, watch)
        except OutcomeError:
            self.cell.trajectories.cancel(motion, self.now())
            self.advance(0.5, lambda: None)
            raise
        assert motion.ending.name == "SUCCEEDED", motion.result

    @contextmanager
    def steer(self, watch: Watch) -> Iterator[CellHelm]:
        helm = CellHelm(self, watch)
        try:
            yield helm
        finally:
            helm.closed = True
            if helm.followed is not None and not helm.has_arrived():
                self.cell.trajectories.cancel(helm.followed, self.now())
                self.advance(0.5, lambda: None)

    def grip(self, gap: float, force: float, watch: Watch) -> GripperState:
        motion = self.cell.gripper.begin(gap, force, self.now())
        while not motion.ended.is_set():
            self.advance(0.02, watch)
        state = motion.progress
        return GripperState(state.gap, state.stalled, state.reached)

    # grasps

    def plan(self, region: ImageRegion | None, max_grasps: int, not_before: float, watch: Watch) -> GraspProposals:
        look = self._look(max_grasps, None, 0.0)
        self.advance(PLANNING, watch)
        if look.failure is not None:
            raise look.failure
        return GraspProposals(look.grasps, 0.0, look.stamp)

    def ask(
        self, region: ImageRegion | None, max_grasps: int, not_before: float, near: Grasp, radius: float
    ) -> CellAnswer:
        answer = CellAnswer()
        wait = max(0.0, not_before + IMAGE_PERIOD - self.now())
        self.post(wait, lambda: answer.take(self._look(max_grasps, near, radius), self))
        return answer

    def _look(self, max_grasps: int, near: Grasp | None, radius: float) -> Look:
        cell = self.cell.cell
        if self.failure is not None:
            return Look(0.0, (), self.failure)
        frame, base_from_camera = cell.camera.capture(), cell.camera.base_from_camera
        roi = None
        if near is not None:
            x, y = map(float, near.pose.translation[:2])
            roi = near_mask(frame, base_from_camera, (x, y), 0.0 if self.blind else radius)
        frame = without_hand(frame, base_from_camera.inverse() @ cell.robot.tool(), self.description.gripper)
        try:
            grasps = plan_in_base(
                self._planner, "antipodal", frame, base_from_camera, self.workcell, roi=roi, max_grasps=max_grasps
            )
        except OutcomeError as error:
            return Look(frame.stamp, (), error)
        return Look(frame.stamp, grasps)

    # ground truth

    def objects(self, watch: Watch) -> Sequence[ObjectTruth]:
        return [
            ObjectTruth(state.name, tuple(map(float, state.pose.translation)), state.held, state.in_bin)
            for state in self.cell.cell.scene.states()
        ]


class _Motions:
    def __init__(self, planner: EmbeddedMotionPlanner) -> None:
        self._planner = planner

    def plan(self, request: MotionRequest, watch: Watch) -> Trajectory:
        return self._planner.plan(request)


class CellAnswer:
    """An answer that comes when it has been planned."""

    def __init__(self) -> None:
        self._look: Look | None = None

    def take(self, look: Look, ports: CellPorts) -> None:
        def arrive() -> None:
            self._look = look

        ports.post(ports.planning, arrive)

    def answer(self) -> Look | None:
        return self._look

    def drop(self) -> None:
        self._look = None


class CellHelm:
    """Courses that reach the controller a little later."""

    def __init__(self, ports: CellPorts, watch: Watch) -> None:
        self._ports = ports
        self._watch = watch
        self._course: tuple[Trajectory, float] | None = None
        self._motion: TrajectoryMotion | None = None
        self.followed: TrajectoryMotion | None = None
        self.closed = False

    def send(self, trajectory: Trajectory, start: float) -> None:
        self._course = (trajectory, start)

        def arrive() -> None:
            if not self.closed:
                self._motion = self.followed = self._ports.begin(trajectory, start)

        self._motion = None
        self._ports.post(TRANSPORT, arrive)

    def under_way(self) -> tuple[Trajectory, float] | None:
        self._watch()
        return self._course

    def has_arrived(self) -> bool:
        return self._motion is not None and self._motion.ended.is_set()


class Bench:
    """A cell with one object, which is pushed some time after a stage begins."""

    def __init__(self, repository: Path, camera: str) -> None:
        self.world = CellPorts(repository, camera)
        world = self.world
        options = PickOptions().with_blind_distance(world.mount.blind_distance)
        self._options = options
        self.targets: list[np.ndarray] = []
        self.on_stage: dict[Stage, Callable[[], None]] = {}
        self.lowest = np.inf
        world.events.append(self._watch_height)

    def run(
        self,
        name: str,
        seed: int,
        push: tuple[float, float] = (0.0, 0.0),
        *,
        closed_loop: bool = True,
        stage: Stage = Stage.APPROACH,
        delay: float = 0.5,
        seconds: float = 0.5,
        turn: float = 0.0,
        interruption: Interruption | None = None,
        timeout: float = 15.0,
        servo: bool = True,
    ) -> PickResult:
        world, arm = self.world, self.world.description
        options = replace(self._options, tracking=replace(self._options.tracking, timeout=timeout))
        ports = world.ports() if servo else replace(world.ports(), servo=None)
        pick = Pick(arm.arm, arm.gripper, world.workcell, ports, options)
        world.reset([name], seed)
        self.targets.clear()
        self.lowest = np.inf
        begun: list[Stage] = []

        def on_stage(progress: Progress) -> None:
            if progress.stage in self.on_stage:
                self.on_stage.pop(progress.stage)()
            if any(push) and progress.stage is stage and stage not in begun:
                world.post(delay, lambda: world.cell.pushes.begin(name, (*push, 0.0), turn, seconds, world.now()))
            begun.append(progress.stage)
            if progress.grasp is not None:
                self.targets.append(progress.grasp.pose.translation)

        return pick.run(PickRequest(closed_loop=closed_loop), interruption or Interruption(), on_stage)

    def _watch_height(self, time: float) -> None:
        self.lowest = min(self.lowest, self.world.tool_height())


@pytest.fixture(scope="module")
def hand(repository: Path) -> Bench:
    return Bench(repository, "widowx_hand")


@pytest.fixture(scope="module")
def overhead(repository: Path) -> Bench:
    return Bench(repository, "widowx")
