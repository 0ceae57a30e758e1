"""The ports of a pick, served by a simulated cell in this thread."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from grasp_execution.arm import ArmDescription
from grasp_execution.motion.embedded import EmbeddedMotionPlanner
from grasp_execution.motion.interface import MotionRequest
from grasp_execution.motion.servo import Servo
from grasp_execution.pick import GraspProposals, GripperState, ImageRegion, Look, ObjectTruth, Ports, Watch
from grasp_execution.trajectory import Trajectory
from grasp_perception.extrinsics import CameraMount
from grasp_perception.frame import RGBDFrame
from grasp_perception.outcomes import Outcome, OutcomeError
from grasp_planning.grasps import Grasp
from grasp_planning.hand_mask import without_hand
from grasp_planning.pipeline import near_mask, plan_in_base
from grasp_planning.planner import GraspPlanner
from grasp_planning.workcell import WorkCell
from grasp_sim.cell.simulated_cell import SimulatedCell
from grasp_sim.closable import Closable
from grasp_sim.control.controlled_cell import ControlledCell
from grasp_sim.control.joint_limits import JointLimits
from grasp_sim.control.motion import Ending
from grasp_sim.control.trajectory_checks import check_goal
from grasp_sim.control.trajectory_controller import TrajectoryMotion
from grasp_sim.control.trajectory_goal import FollowingDefaults, PointFields, TrajectoryGoal
from grasp_sim.picking.answers import LateAnswer, LateHelm

IMAGE_PERIOD = 0.05
"""s of the simulation between two images."""
PLANNING = 0.04
"""s of the simulation from an image to its grasps."""
WATCHED = 0.02
"""s of the simulation between two calls of a watch."""
HALT = 0.5
"""s of the simulation in which a cancelled motion comes to rest."""


class SimulatedPorts(Closable):
    """Serves every port of a pick. Time stands still but where the robot waits or moves.

    Attributes:
        cell: The simulation.
        planner: What is asked for grasps, which then name it as their source by `name`.
        frame: The latest image that it was shown.
        events: Called with the time after every step.
        planning: Simulated seconds from an image to its grasps.
    """

    def __init__(
        self, description: ArmDescription, workcell: WorkCell, mount: CameraMount, planner: GraspPlanner, name: str
    ) -> None:
        """Build the simulation.

        Args:
            description: Of the arm; its home is where it looks from, if it carries the camera.
            workcell: Table, bin and workspace.
            mount: Of the camera.
            planner: Proposes grasps.
            name: The planner's.
        """
        self.cell = ControlledCell(SimulatedCell(description, workcell, mount), description)
        self.planner, self.name = planner, name
        self.frame: RGBDFrame | None = None
        self.events: list[Callable[[float], None]] = []
        self.planning = PLANNING
        self._gripper, self._workcell = description.gripper, workcell
        self._limits = JointLimits.from_urdf(description.urdf_path, description.arm.joints)
        self._motions = _Motions(EmbeddedMotionPlanner(description, workcell))
        self._servo = functools.cache(lambda: Servo(description, workcell))
        self._posts: list[tuple[float, Callable[[], None]]] = []

    def close(self) -> None:
        """Free the simulation."""
        self.cell.cell.close()

    def ports(self) -> Ports:
        """All of them."""
        return Ports(self, self, self._motions, self, self._servo)

    def reset(self, objects: Sequence[str], seed: int) -> None:
        """The arm at home, and objects on the table.

        Raises:
            UnknownObjectError, MeshError, PlacementError: As `Scene.reset`.
        """
        self._posts = []
        self.frame, self.planning = None, PLANNING
        self.cell.reset(objects, 0, seed, reset_arm=True)

    def post(self, delay: float, action: Callable[[], None]) -> None:
        """Do something later, in simulated seconds."""
        self._posts.append((self.now() + delay, action))

    def advance(self, seconds: float, watch: Watch) -> None:
        """Let time pass."""
        end = self.now() + seconds
        while self.now() < end - 1e-9:
            self.cell.advance()
            for event in self.events:
                event(self.now())
            due = [post for post in self._posts if post[0] <= self.now()]
            self._posts = [post for post in self._posts if post not in due]
            for _, action in due:
                action()
        watch()

    def begin(self, trajectory: Trajectory, stamp: float = 0.0) -> TrajectoryMotion:
        """Have the controller follow a trajectory from a time on; 0 = now."""
        given = (trajectory.positions, trajectory.velocities, trajectory.accelerations)
        rows = [row for row in given if row is not None]
        points = tuple(
            PointFields(float(time), *(tuple(row[i].tolist()) for row in rows))
            for i, time in enumerate(trajectory.times)
        )
        goal = check_goal(TrajectoryGoal(trajectory.joint_names, points, stamp), self._limits, FollowingDefaults())
        return self.cell.trajectories.begin(goal, self.now())

    def halt(self, motion: TrajectoryMotion) -> None:
        """Cancel a motion, and wait until the arm holds."""
        self.cell.trajectories.cancel(motion, self.now())
        self.advance(HALT, lambda: None)

    def look(self, max_grasps: int, near: Grasp | None, radius: float) -> Look:
        """Take an image now, and ask the planner.

        Args:
            max_grasps: At most so many grasps.
            near: Only near this one; None = anywhere.
            radius: How near, m.
        """
        cell = self.cell.cell
        frame, base_from_camera = cell.camera.capture(), cell.camera.base_from_camera
        roi = None
        if near is not None:
            x, y = map(float, near.pose.translation[:2])
            roi = near_mask(frame, base_from_camera, (x, y), radius)
        self.frame = frame = without_hand(frame, base_from_camera.inverse() @ cell.robot.tool(), self._gripper)
        try:
            grasps = plan_in_base(
                self.planner,
                self.name,
                frame,
                base_from_camera,
                self._workcell,
                roi=roi,
                max_grasps=max_grasps,
                tracked=near is not None,
            )
        except OutcomeError as error:
            return Look(frame.stamp, (), error)
        return Look(frame.stamp, grasps)

    # The ports: `Robot`

    def now(self) -> float:
        """See `Robot`."""
        return self.cell.time

    def pause(self, seconds: float, watch: Watch) -> None:
        """See `Robot`."""
        self.advance(seconds, watch)

    def connect(self, watch: Watch) -> None:
        """See `Robot`."""
        watch()

    def positions(self) -> dict[str, float]:
        """See `Robot`."""
        robot = self.cell.cell.robot
        return dict(zip(robot.joint_names, map(float, robot.positions())))

    def gap(self) -> float:
        """See `Robot`."""
        return self.cell.cell.gripper.gap

    def follow(self, trajectory: Trajectory, watch: Watch) -> None:
        """See `Robot`."""
        motion = self.begin(trajectory)
        try:
            while not motion.ended.is_set():
                self.advance(WATCHED, watch)
        except OutcomeError:
            self.halt(motion)
            raise
        if motion.ending is not Ending.SUCCEEDED:
            raise OutcomeError(Outcome.TRAJECTORY_FAILED, f"the arm did not arrive: {motion.result}")

    @contextmanager
    def steer(self, watch: Watch) -> Iterator[LateHelm]:
        """See `Robot`."""
        helm = LateHelm(self, watch)
        try:
            yield helm
        finally:
            helm.close()

    def grip(self, gap: float, force: float, watch: Watch) -> GripperState:
        """See `Robot`."""
        motion = self.cell.gripper.begin(gap, force, self.now())
        while not motion.ended.is_set():
            self.advance(WATCHED, watch)
        state = motion.progress
        return GripperState(state.gap, state.stalled, state.reached)

    # `GraspSource`

    def plan(self, region: ImageRegion | None, max_grasps: int, not_before: float, watch: Watch) -> GraspProposals:
        """See `GraspSource`; the whole image is looked at."""
        look = self.look(max_grasps, None, 0.0)
        self.advance(self.planning, watch)
        if look.failure is not None:
            raise look.failure
        return GraspProposals(look.grasps, 0.0, look.stamp)

    def ask(
        self, region: ImageRegion | None, max_grasps: int, not_before: float, near: Grasp, radius: float
    ) -> LateAnswer:
        """See `GraspSource`."""
        answer = LateAnswer()
        wait = max(0.0, not_before + IMAGE_PERIOD - self.now())
        self.post(wait, lambda: self._answer(answer, self.look(max_grasps, near, radius)))
        return answer

    def _answer(self, answer: LateAnswer, look: Look) -> None:
        self.post(self.planning, lambda: answer.arrive(look))

    # `GroundTruth`

    def objects(self, watch: Watch) -> Sequence[ObjectTruth]:
        """See `GroundTruth`."""
        return [
            ObjectTruth(state.name, tuple(state.pose.translation.tolist()), state.held, state.in_bin)
            for state in self.cell.cell.scene.states()
        ]


class _Motions:
    def __init__(self, planner: EmbeddedMotionPlanner) -> None:
        self._planner = planner

    def plan(self, request: MotionRequest, watch: Watch) -> Trajectory:
        return self._planner.plan(request)
