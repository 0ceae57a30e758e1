"""A simulated cell with the controllers a real arm would come with."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from grasp_execution.arm import ArmDescription
from grasp_sim.cell.scene import ObjectState
from grasp_sim.cell.simulated_cell import SimulatedCell
from grasp_sim.control.gripper_controller import GripperController
from grasp_sim.control.pushes import Pushes
from grasp_sim.control.trajectory_controller import TrajectoryController

Observer = Callable[[SimulatedCell], None]


class ArmMoving(RuntimeError):
    """The scene cannot be changed while the arm moves."""


class ControlledCell:
    """A cell whose arm follows trajectories and whose gripper carries out commands.

    Attributes:
        cell: The cell.
        trajectories: The arm's controller.
        gripper: The gripper's controller.
        pushes: What moves objects as a hand would.
    """

    def __init__(self, cell: SimulatedCell, description: ArmDescription, observers: Sequence[Observer] = ()) -> None:
        """Take over a cell; `observers` are called after every step."""
        self.cell = cell
        self.trajectories = TrajectoryController(cell.robot, len(description.arm.joints), cell.time_step)
        self.gripper = GripperController(cell.gripper)
        self.pushes = Pushes(cell.scene)
        self._description = description
        self._observers = tuple(observers)

    @property
    def time(self) -> float:
        """Simulated seconds."""
        return self.cell.time

    @property
    def summary(self) -> str:
        """What is simulated, in a few words."""
        cell = self.cell
        return f"{self._description.arm.name} with {len(cell.scene.objects)} objects, seen by {cell.camera.renderer}"

    def advance(self) -> None:
        """Do one step."""
        self.trajectories.before_step(self.cell.time)
        self.pushes.before_step(self.cell.time + self.cell.time_step)
        self.cell.step()
        self.trajectories.after_step(self.cell.time)
        self.gripper.after_step(self.cell.time)
        for observe in self._observers:
            observe(self.cell)

    def reset(self, objects: Sequence[str], count: int, seed: int, *, reset_arm: bool) -> list[ObjectState]:
        """Clear the table and put objects on it.

        Args:
            objects: Names from the catalogue; empty = `count` drawn by the seed.
            count: How many to draw.
            seed: Of the drawing and the placing.
            reset_arm: Also end what moves, put the arm to its home and open the gripper.

        Returns:
            The settled objects.

        Raises:
            ArmMoving: Something moves and `reset_arm` is false.
            UnknownObjectError, MeshError, PlacementError: As `Scene.reset`.
            In each case everything stays as it was.
        """
        if not reset_arm and (self.trajectories.active or self.gripper.active):
            raise ArmMoving("the arm or the gripper is moving: cancel its goal first, or set reset_arm")
        states = self.cell.scene.reset(list(objects), count, seed)
        self.pushes.clear()
        if reset_arm:
            self.abort("the arm was reset")
            self.cell.robot.reset(self._description.arm.home_positions)
            self.cell.gripper.reset(self._description.gripper.max_opening)
        return states

    def abort(self, reason: str) -> None:
        """End every motion; the arm holds its position."""
        self.trajectories.abort(reason)
        self.gripper.abort(reason)

    def close(self) -> None:
        """Free the world."""
        self.cell.close()
