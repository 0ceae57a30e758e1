"""A robot that picks without ROS, in simulated time, so that every run is the same, on a busy machine, too."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from grasp_execution.arm import ArmDescription
from grasp_execution.pick import (
    GraspProposals,
    ImageRegion,
    Interruption,
    Look,
    Pick,
    PickOptions,
    PickRequest,
    PickResult,
    Progress,
    Stage,
    Watch,
)
from grasp_execution.trajectory import Trajectory
from grasp_perception.extrinsics import CameraMount
from grasp_perception.outcomes import OutcomeError
from grasp_planning.grasps import Grasp
from grasp_planning.planner import load_planner
from grasp_planning.workcell import WorkCell
from grasp_sim.control.trajectory_controller import TrajectoryMotion
from grasp_sim.control.trajectory_following import TrajectoryError
from grasp_sim.control.trajectory_goal import TrajectoryRefused
from grasp_sim.picking.ports import SimulatedPorts


class World(SimulatedPorts):
    """A simulated robot that may be made to fail.

    Attributes:
        blind: Whether images show nothing near the target.
        failure: What answers say instead.
        first_width: Of the grasps in the first image, m; None = as they are.
        refusals: How many of the next courses the controller refuses.
        ahead: How long before its start each course reached the controller, s.
    """

    def __init__(self, repository: Path, camera: str, planner: str) -> None:
        self.mount = CameraMount.load(repository / f"config/cameras/{camera}.yaml")
        description = ArmDescription(repository / "config/arms/widowx.yaml")
        self.description = description if self.mount.look_from is None else description.with_home(self.mount.look_from)
        self.workcell = WorkCell.load(repository / "config/workcells/widowx.yaml")
        options = {"seed": 0} if planner == "antipodal" else {}
        models = repository / "models/networks/widowx"
        loaded = load_planner(planner, self.description.gripper, options, models=models)
        super().__init__(self.description, self.workcell, self.mount, loaded, planner)
        self.blind = False
        self.failure: OutcomeError | None = None
        self.first_width: float | None = None
        self.refusals = 0
        self.ahead: list[float] = []

    def reset(self, objects: list[str], seed: int) -> None:
        super().reset(objects, seed)
        self.blind, self.failure, self.first_width, self.refusals = False, None, None, 0
        self.ahead = []

    def begin(self, trajectory: Trajectory, stamp: float = 0.0) -> TrajectoryMotion:
        if stamp:
            self.ahead.append(stamp - self.now())
        if stamp and self.refusals:
            self.refusals -= 1
            raise TrajectoryRefused(TrajectoryError.OLD_HEADER_TIMESTAMP, "too late")
        return super().begin(trajectory, stamp)

    def tool_height(self) -> float:
        return float(self.cell.cell.robot.tool().translation[2])

    def plan(self, region: ImageRegion | None, max_grasps: int, not_before: float, watch: Watch) -> GraspProposals:
        proposals = super().plan(region, max_grasps, not_before, watch)
        if self.first_width is None:
            return proposals
        return replace(proposals, grasps=[replace(grasp, width=self.first_width) for grasp in proposals.grasps])

    def look(self, max_grasps: int, near: Grasp | None, radius: float) -> Look:
        if self.failure is not None:
            return Look(0.0, (), self.failure)
        return super().look(max_grasps, near, 0.0 if self.blind else radius)


class Bench:
    """A cell with one object, which is pushed some time after a stage begins."""

    def __init__(self, repository: Path, camera: str, planner: str = "antipodal") -> None:
        self.world = World(repository, camera, planner)
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
        first_width: float | None = None,
        lead: float = 0.1,
    ) -> PickResult:
        world, arm = self.world, self.world.description
        options = replace(self._options, tracking=replace(self._options.tracking, timeout=timeout, lead=lead))
        ports = world.ports() if servo else replace(world.ports(), servo=None)
        pick = Pick(arm.arm, arm.gripper, world.workcell, ports, options)
        world.reset([name], seed)
        world.first_width = first_width
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

    def slide(self, name: str, velocity: tuple[float, float], seconds: float) -> None:
        """Move an object at a steady speed from now on, m/s."""
        x, y = (0.02 * speed for speed in velocity)
        self.world.cell.pushes.begin(name, (x, y, 0.0), 0.0, 0.0, self.world.now())
        if seconds > 0.02:
            self.world.post(0.02, lambda: self.slide(name, velocity, seconds - 0.02))

    def _watch_height(self, time: float) -> None:
        self.lowest = min(self.lowest, self.world.tool_height())


@pytest.fixture(scope="module")
def hand(repository: Path) -> Iterator[Bench]:
    bench = Bench(repository, "widowx_hand")
    yield bench
    bench.world.close()


@pytest.fixture(scope="module")
def overhead(repository: Path) -> Iterator[Bench]:
    bench = Bench(repository, "widowx")
    yield bench
    bench.world.close()


@pytest.fixture(scope="module")
def hand_ggcnn2(repository: Path) -> Iterator[Bench]:
    bench = Bench(repository, "widowx_hand", "ggcnn2")
    yield bench
    bench.world.close()
