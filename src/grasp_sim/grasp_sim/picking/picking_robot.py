"""A simulated robot that picks one object after the other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grasp_execution.arm import ArmDescription
from grasp_execution.pick import Interruption, Pick, PickOptions, PickRequest, PickResult
from grasp_perception.configuration import named_file
from grasp_perception.extrinsics import CameraMount
from grasp_planning.overlay import draw_close_up, draw_overlay
from grasp_planning.planner import load_planner
from grasp_planning.workcell import WorkCell
from grasp_sim.closable import Closable
from grasp_sim.picking.ports import SimulatedPorts


class PickingRobot(Closable):
    """A simulated robot that picks, in simulated time."""

    def __init__(
        self, config: Path, models: Path, arm: str, camera: str, planner: str, options: dict[str, Any]
    ) -> None:
        """Build it.

        Args:
            config: Folder of the arms', cameras' and work cells' files.
            models: Folder of the trained weights, networks/<arm>.
            arm: Name of the arm's and the work cell's file.
            camera: Name of the camera's.
            planner: Grasp planner, by its entry-point name.
            options: The planner's.

        Raises:
            ConfigurationError, ValueError: A file or an option cannot be used.
        """
        description = ArmDescription(named_file(arm, config / "arms"))
        mount = CameraMount.load(named_file(camera, config / "cameras"))
        if mount.look_from is not None:
            description = description.with_home(mount.look_from)
        workcell = WorkCell.load(named_file(arm, config / "workcells"))
        chosen = load_planner(planner, description.gripper, options, models=models / "networks" / arm)
        self._ports = SimulatedPorts(description, workcell, mount, chosen, planner)
        pick_options = PickOptions().with_blind_distance(mount.blind_distance)
        self._pick = Pick(description.arm, description.gripper, workcell, self._ports.ports(), pick_options)

    def close(self) -> None:
        """Free the simulation."""
        self._ports.close()

    def pick(self, name: str, seed: int, *, closed_loop: bool) -> PickResult:
        """Pick an object that lies alone on the table."""
        self._ports.reset([name], seed)
        return self._pick.run(PickRequest(closed_loop=closed_loop), Interruption())

    def picture(self, result: PickResult) -> NDArray[np.uint8]:
        """(H, W, 3) RGB: the latest image, what became of it, and the grasp from close up if there is one."""
        frame = self._ports.frame
        assert frame is not None
        caption = f"{result.outcome.name}: {result.message}"
        if result.grasp is None or result.grasp.rectangle is None:
            return draw_overlay(frame, [], caption=caption)
        rectangle = result.grasp.rectangle
        whole = draw_overlay(frame, [rectangle], caption=caption)
        return np.hstack([whole, draw_close_up(frame, rectangle, len(whole))])
