"""A world without physics: an arm whose joints are the coordinates of its tool, and one cube."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest

from grasp_execution.arm import ArmDescription
from grasp_execution.motion.interface import JointGoal, LineGoal, MotionRequest
from grasp_execution.pick import (
    GraspProposals,
    GripperState,
    Interruption,
    ObjectTruth,
    Pick,
    PickOptions,
    PickRequest,
    PickResult,
    Ports,
    Progress,
)
from grasp_execution.trajectory import Trajectory
from grasp_perception.transform import Transform
from grasp_planning.grasps import Grasp
from grasp_planning.workcell import Bin, Box, WorkCell

STEP = 0.1
CUBE = 0.015
WORKCELL = WorkCell(
    base_frame="arm_base_link",
    table_height=0.0,
    table=Box(min=(-0.3, -0.45, -0.04), max=(0.6, 0.45, 0.0)),
    workspace=Box(min=(0.13, -0.14, 0.0), max=(0.31, 0.14, 0.12)),
    clearance=0.003,
    bin=Bin(center=(0.03, 0.25), size=(0.16, 0.16, 0.06), wall=0.004, drop_height=0.11),
    approach_distance=0.06,
    lift_height=0.08,
)


def down(x: float, y: float, z: float) -> Transform:
    """A tool that points down."""
    return Transform(np.diag([1.0, -1.0, -1.0]), np.array([x, y, z]))


def grasp_at(x: float, y: float, z: float = 0.01, quality: float = 1.0) -> Grasp:
    return Grasp(down(x, y, z), width=0.02, quality=quality, planner="fake")


@dataclass
class World:
    """Serves every port of a pick; `events` tells what it was asked to do.

    Planned and followed motions are named "home", "above" (the grasp), "down", "up", "bin"; gripper
    commands "open" and "close". `faults` maps an event such as "follow down" to what it raises, and
    `hooks` to what is called in its middle. The faults of an event are used up one by one.
    """

    description: ArmDescription
    workcell: WorkCell
    grasps: list[Grasp] = field(default_factory=lambda: [grasp_at(0.2, 0.05)])
    events: list[str] = field(default_factory=list)
    faults: dict[str, list[Exception]] = field(default_factory=dict)
    hooks: dict[str, Callable[[], None]] = field(default_factory=dict)
    time: float = 100.0
    opening: float = 0.03
    thickness: float = CUBE
    """Of what is between the fingers when they close; 0 = nothing."""
    held: bool = False
    in_bin: bool = False
    lands_in_bin: bool = True
    tells_truth: bool = True
    stalled: bool = True
    """Whether the gripper notices that it is blocked."""
    opens: bool = True
    requests: list[MotionRequest] = field(default_factory=list)

    def __post_init__(self) -> None:
        arm = self.description.arm
        self.joints = dict(arm.home)
        self.arm_joints = arm.joints
        self.fingers = arm.gripper_joints.names
        self.cube = np.array([0.2, 0.05, 0.01])
        self._names: dict[int, str] = {}

    # robot

    def now(self) -> float:
        return self.time

    def pause(self, seconds: float, watch: Callable[[], None]) -> None:
        self._event("pause", watch)
        self.time += seconds
        watch()

    def connect(self, watch: Callable[[], None]) -> None:
        self._event("connect", watch)

    def positions(self) -> dict[str, float]:
        return {**self.joints, **{name: self.opening / len(self.fingers) for name in self.fingers}}

    def gap(self) -> float:
        return self.opening

    def follow(self, trajectory: Trajectory, watch: Callable[[], None]) -> None:
        self._begin(f"follow {self._names[id(trajectory)]}")
        start = np.array([self.joints[name] for name in trajectory.joint_names])
        for share in (0.25, 0.5, 0.75, 1.0):
            self.time += STEP
            if share == 0.5:
                self._middle(f"follow {self._names[id(trajectory)]}", watch)
            watch()
            now = start + share * (trajectory.positions[-1] - start)
            self.joints = dict(zip(trajectory.joint_names, now))
            if self.held:
                self.cube = now[:3]

    def grip(self, gap: float, force: float, watch: Callable[[], None]) -> GripperState:
        name = "close" if gap == 0.0 else "open"
        self._event(f"grip {name}", watch)
        self.time += STEP
        if name == "open" and not self.opens:
            return GripperState(self.opening, stalled=True, reached=False)
        if name == "open":
            self.opening = gap
            if self.held and self.lands_in_bin and np.allclose(self.cube[:2], self.workcell.bin.center):
                self.in_bin = True
            self.held = False
        elif self.thickness:
            self.opening, self.held = self.thickness, True
            return GripperState(self.opening, stalled=self.stalled, reached=False)
        else:
            self.opening = 0.0
        return GripperState(self.opening, stalled=False, reached=True)

    def lose(self) -> None:
        """The object slips out."""
        self.opening, self.held = 0.0, False

    # planners

    def plan(self, *arguments: object) -> object:
        """Serves both planners: a motion request comes alone with its watch."""
        return self._plan_motion(*arguments) if isinstance(arguments[0], MotionRequest) else self._plan(*arguments)

    def _plan(self, region: object, max_grasps: int, not_before: float, watch: Callable[[], None]) -> GraspProposals:
        self.asked = (region, max_grasps, not_before)
        self._event("plan grasps", watch)
        self.time += 2 * STEP
        return GraspProposals(self.grasps[:max_grasps], capture_share=0.25, stamp=self.time)

    def _plan_motion(self, request: MotionRequest, watch: Callable[[], None]) -> Trajectory:
        self.requests.append(request)
        name = self._name(request)
        self._event(f"plan {name}", watch)
        self.time += STEP
        names = self.arm_joints
        if isinstance(request.goal, JointGoal):
            goal = [request.goal.positions[joint] for joint in names]
        else:
            goal = [*request.goal.pose.translation, 0.0, 0.0]
        positions = np.array([[request.start[joint] for joint in names], goal])
        trajectory = Trajectory(names, np.array([0.0, 1.0]), positions)
        self._names[id(trajectory)] = name
        self._keep = [*getattr(self, "_keep", []), trajectory]  # ids stay unique while it lives
        return trajectory

    def _name(self, request: MotionRequest) -> str:
        if isinstance(request.goal, JointGoal):
            return "home"
        x, y, z = request.goal.pose.translation
        if np.allclose((x, y), self.workcell.bin.center):
            return "bin"
        if isinstance(request.goal, LineGoal):
            return "down" if z < 0.05 else "up"
        return "above"

    # ground truth

    def objects(self, watch: Callable[[], None]) -> Sequence[ObjectTruth] | None:
        self._event("look at objects", watch)
        if not self.tells_truth:
            return None
        x, y, z = map(float, self.cube)
        return [
            ObjectTruth("cube", (x, y, z), self.held, self.in_bin),
            ObjectTruth("old ball", (0.03, 0.25, 0.01), False, True),
        ]

    # what happens

    def _event(self, name: str, watch: Callable[[], None]) -> None:
        self._begin(name)
        self._middle(name, watch)

    def _begin(self, name: str) -> None:
        self.events.append(name)

    def _middle(self, name: str, watch: Callable[[], None]) -> None:
        if name in self.hooks:
            self.hooks[name]()
        watch()
        if self.faults.get(name):
            raise self.faults[name].pop(0)

    def moves(self) -> list[str]:
        """What moved, in order."""
        return [event for event in self.events if event.startswith(("follow", "grip"))]


class Bench:
    """A world with the pick that works in it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.interruption = Interruption()
        self.progress: list[Progress] = []
        self.on_stage: Callable[[Progress], None] = lambda progress: None
        self.options = PickOptions()
        self.request = PickRequest()
        self.use_truth = True
        self._pick: Pick | None = None

    def run(self) -> PickResult:
        world = self.world
        if self._pick is None:
            ports = Ports(world, world, world, world if self.use_truth else None)  # type: ignore[arg-type]
            description = world.description
            self._pick = Pick(description.arm, description.gripper, world.workcell, ports, self.options)

        def on_stage(progress: Progress) -> None:
            self.progress.append(progress)
            self.on_stage(progress)

        return self._pick.run(self.request, self.interruption, on_stage)

    def again(self, faults: dict[str, list[Exception]] | None = None) -> PickResult:
        """A second pick, with nothing wrong any more but these faults."""
        self.world.faults, self.world.hooks, self.world.events = faults or {}, {}, []
        self.interruption, self.on_stage = Interruption(), lambda progress: None
        return self.run()

    def without_truth(self) -> None:
        self.use_truth = False

    def set_options(self, **changes: float) -> None:
        self.options = replace(self.options, **changes)


@pytest.fixture
def world(repository: Path) -> World:
    description = ArmDescription(repository / "config/arms/widowx.yaml")
    return World(description, WORKCELL)


@pytest.fixture
def bench(world: World) -> Bench:
    return Bench(world)


@pytest.fixture
def make_grasp() -> Callable[..., Grasp]:
    return grasp_at
