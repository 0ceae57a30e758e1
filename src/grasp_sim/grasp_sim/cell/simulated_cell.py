"""A whole work cell in simulation, ready to be used from Python."""

from __future__ import annotations

from collections.abc import Callable

from grasp_execution.arm import ArmDescription
from grasp_perception.configuration import ConfigurationError
from grasp_perception.extrinsics import CameraMount
from grasp_perception.transform import Transform
from grasp_planning.workcell import WorkCell
from grasp_sim.cell.gripper import SimulatedGripper
from grasp_sim.cell.robot import SimulatedRobot
from grasp_sim.cell.scene import Scene
from grasp_sim.closable import Closable
from grasp_sim.objects.catalogue import ObjectCatalogue
from grasp_sim.physics.world import TIME_STEP, World
from grasp_sim.rendering.camera import SimulatedCamera
from grasp_sim.rendering.renderer import RendererName


class SimulatedCell(Closable):
    """An arm with its gripper and camera at a table with objects. Not thread-safe: lock around it.

    Attributes:
        world: The physics.
        robot: The arm.
        gripper: Its gripper.
        camera: Looking at the table.
        scene: Table, bin and objects.
    """

    def __init__(
        self,
        description: ArmDescription,
        workcell: WorkCell,
        mount: CameraMount,
        *,
        seed: int | None = 0,
        time_step: float = TIME_STEP,
        renderer: RendererName = "auto",
    ) -> None:
        """Build the cell, with nothing on the table.

        Args:
            description: The arm.
            workcell: What stands around it.
            mount: The camera.
            seed: Unused until objects are placed; `Scene.reset` takes its own.
            time_step: Seconds of a physics step.
            renderer: "egl", "tiny", or "auto" for the better one that works.
        """
        self.description = description
        self.workcell = workcell
        self.world = World(time_step=time_step)
        try:
            arm = description.arm
            self.robot = SimulatedRobot(self.world, description)
            self.gripper = SimulatedGripper(
                self.world, self.robot.body, description.gripper, arm.gripper_joints.names, arm.gripper_joints.links
            )
            self.scene = Scene(self.world, workcell, ObjectCatalogue(description.gripper))
            self.scene.touching = self.gripper.touching
            self.camera = SimulatedCamera(
                self.world, mount, base_from_parent=self._frame(mount.parent_frame), renderer=renderer
            )
        except BaseException:
            self.world.close()
            raise

    def _frame(self, name: str) -> Callable[[], Transform]:
        """Tells where a frame of the arm is: base_from_frame.

        Raises:
            ConfigurationError: The arm has no such link.
        """
        links = self.robot.body.links
        if name not in links:
            raise ConfigurationError(f"the camera's parent_frame '{name}' is no link of the arm: {', '.join(links)}")
        if name == self.description.arm.base_frame:
            return Transform.identity
        return lambda: self.robot.link_transforms()[name]

    @property
    def time(self) -> float:
        """Simulated seconds."""
        return self.world.time

    @property
    def time_step(self) -> float:
        """Seconds of a physics step."""
        return self.world.time_step

    def step(self) -> None:
        """Advance by one physics step."""
        self.world.step()
        self.gripper.update()

    def close(self) -> None:
        """Free everything; more than once does no harm."""
        self.camera.close()
        self.world.close()
