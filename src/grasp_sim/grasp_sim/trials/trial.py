"""Simulated grasp trials (SGT): whether a grasp holds, found by trying it (Depierre et al. 2018).

A free-floating copy of the gripper tries the grasp on a copy of the scene, in a physics world of its
own: the live scene is not touched, and the same scene and grasp give the same outcome. As in Jacquard
the approach is simulated, so a finger may nudge an object aside; what it may not do is press on
something.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from grasp_planning.grasps import Grasp
from grasp_planning.gripper import Gripper
from grasp_sim.cell.scene import Scene, SceneObject
from grasp_sim.physics.world import World
from grasp_sim.trials.floating_gripper import FloatingGripper

APPROACH_SPEED = 0.10
CARRY_SPEED = 0.15
PRESS = 3.0
"""N. More than any object's weight that is nudged aside, less than landing on one."""
CLOSE_TIME = 3.0
MOVE_DISTANCE = 0.15
"""m, sideways."""
RELEASE_TIME = 1.0
PLACE_TOLERANCE = 0.06
"""m, sideways, from where it was let go."""


class TrialPhase(IntEnum):
    """Which phase failed; the codes of ``grasp_msgs/srv/EvaluateGrasp``."""

    SUCCESS = 0
    APPROACH = 1
    CLOSE = 2
    LIFT = 3
    MOVE = 4
    PLACE = 5


@dataclass(frozen=True, slots=True)
class TrialOutcome:
    """How a trial went."""

    phase: TrialPhase
    """SUCCESS, or the phase that failed."""
    object: str
    """Name of the object that was tried, "" in an empty scene."""
    message: str
    """What happened, in words."""

    @property
    def success(self) -> bool:
        """Whether the object was picked up, carried and put down."""
        return self.phase is TrialPhase.SUCCESS


class HasScene(Protocol):
    """Anything with a scene, like a cell."""

    @property
    def scene(self) -> Scene:
        """The scene."""


def try_grasp(where: Scene | HasScene, grasp: Grasp, gripper: Gripper) -> TrialOutcome:
    """Try a grasp on a copy of a scene.

    Raises:
        ValueError: The grasp is wider than the gripper opens, or its width is no positive number.
    """
    if not 0.0 < grasp.width <= gripper.max_opening + 1e-6:
        raise ValueError(
            f"the grasp's width {1000 * grasp.width:.1f} mm must be positive and at most the gripper's opening "
            f"{1000 * gripper.max_opening:.1f} mm"
        )
    scene = where if isinstance(where, Scene) else where.scene
    with World() as world:
        return _Trial(world, scene.copy_to(world), grasp, gripper).run()


class _Trial:
    def __init__(self, world: World, scene: Scene, grasp: Grasp, gripper: Gripper) -> None:
        self._world = world
        self._scene = scene
        self._tool = grasp.pose
        start = -scene.workcell.approach_distance * self._tool.rotation[:, 2]
        self._gripper = FloatingGripper(world, gripper, grasp.pose, start, min(grasp.width, gripper.max_opening))

    def run(self) -> TrialOutcome:
        target = self._nearest()
        name = "" if target is None else target.name
        if not self._move(np.zeros(3), APPROACH_SPEED, press=PRESS):
            touched = {contact.other.name for contact in self._world.contacts(self._gripper.body)}
            what = ", ".join(sorted(touched)) or "something"
            return TrialOutcome(TrialPhase.APPROACH, name, f"the gripper pressed on {what} on the way to the grasp")

        fingers = self._gripper.fingers
        fingers.command(0.0)
        end = self._world.time + CLOSE_TIME
        while fingers.moving and self._world.time < end:
            self._step()
        caught = fingers.touching() & {item.name for item in self._scene.objects}
        if not caught:
            gap = 1000 * fingers.gap
            return TrialOutcome(
                TrialPhase.CLOSE, name, f"nothing was between the fingers when they stopped at {gap:.1f} mm"
            )
        name = sorted(caught)[0]
        target = next(item for item in self._scene.objects if item.name == name)

        lift = np.array([0.0, 0.0, self._scene.workcell.lift_height])
        if not self._carry(name, lift):
            return TrialOutcome(TrialPhase.LIFT, name, "the object was lost while lifting")
        away = lift + self._away(target)
        if not self._carry(name, away):
            return TrialOutcome(TrialPhase.MOVE, name, "the object was lost while moving away")

        before = target.body.center_of_mass
        fingers.command(fingers.gripper.max_opening)
        end = self._world.time + RELEASE_TIME
        while self._world.time < end:
            self._step()
        distance = float(np.linalg.norm((target.body.center_of_mass - before)[:2]))
        if name in fingers.touching():
            return TrialOutcome(TrialPhase.PLACE, name, "the object is still between the fingers after they opened")
        if distance > PLACE_TOLERANCE:
            message = f"the object lies {100 * distance:.0f} cm from where it was let go"
            return TrialOutcome(TrialPhase.PLACE, name, message)
        return TrialOutcome(TrialPhase.SUCCESS, name, "picked up, carried and put down")

    def _step(self) -> None:
        self._world.step()
        self._gripper.fingers.update()

    def _move(self, offset: NDArray[np.float64], speed: float, *, press: float | None = None) -> bool:
        """Move to a displacement from the grasp; False as soon as the gripper presses harder than `press`."""
        for _ in self._gripper.move(offset, speed):
            self._step()
            if press is not None and self._gripper.press() > press:
                return False
        return True

    def _carry(self, name: str, offset: NDArray[np.float64]) -> bool:
        """Move with the object; whether both fingers still hold it at the end."""
        self._move(offset, CARRY_SPEED)
        return name in self._gripper.fingers.touching()

    def _nearest(self) -> SceneObject | None:
        """The object whose bounding box is nearest to the grasp."""
        return min(self._scene.objects, key=self._distance, default=None)

    def _distance(self, item: SceneObject) -> float:
        local = item.pose.inverse().apply(self._tool.translation)
        return float(np.linalg.norm(np.maximum(np.abs(local) - item.model.extents / 2, 0.0)))

    def _away(self, target: SceneObject) -> NDArray[np.float64]:
        """(3,) sideways to where nothing else lies: of eight directions, the one with most room on the table."""
        table = self._scene.workcell.table
        here = target.body.center_of_mass
        others = [item.body.center_of_mass for item in self._scene.objects if item is not target]
        others.append(np.array([*self._scene.workcell.bin.center, 0.0]))

        def room(way: NDArray[np.float64]) -> float:
            place = (here + way)[:2]
            edge = min((place - table.min[:2]).min(), (np.array(table.max[:2]) - place).min())
            return min(edge, *(float(np.linalg.norm(place - other[:2])) for other in others))

        angles = np.arange(8) * np.pi / 4
        ways = [MOVE_DISTANCE * np.array([np.cos(angle), np.sin(angle), 0.0]) for angle in angles]
        return max(ways, key=room)
