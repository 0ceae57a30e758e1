"""A trial on a copy of a live scene.

A free-floating copy of the gripper tries the grasp in a physics world of its own: the live scene is
not touched, and the same scene and grasp give the same outcome.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from grasp_perception.transform import Transform
from grasp_planning.grasps import Grasp
from grasp_planning.gripper import Gripper
from grasp_sim.cell.scene import Scene, SceneObject
from grasp_sim.trials.hand import Hand
from grasp_sim.trials.outcome import TrialOutcome
from grasp_sim.trials.scene_trials import check_width
from grasp_sim.trials.script import Stage, perform, trial_world
from grasp_sim.trials.settings import Approach, TrialSettings

DIRECTIONS = 8
"""In which an object may be carried away."""


class HasScene(Protocol):
    """Anything with a scene, like a cell."""

    @property
    def scene(self) -> Scene:
        """The scene."""


def try_grasp(
    where: Scene | HasScene,
    grasp: Grasp,
    gripper: Gripper,
    settings: TrialSettings | None = None,
    *,
    approach: Approach = "simulate",
) -> TrialOutcome:
    """Try a grasp on a copy of a scene.

    Raises:
        ValueError: The grasp is wider than the gripper opens, or its width is no positive number.
    """
    check_width(grasp.width, gripper)
    settings = settings or TrialSettings()
    scene = where if isinstance(where, Scene) else where.scene
    with trial_world(settings) as world:
        copy = scene.copy_to(world)
        hand = Hand(world, gripper, settings)
        stage = Stage(world, hand, [item.body for item in copy.objects], copy.surroundings)
        target = _nearest(copy, grasp.pose)
        away = _away(copy, target, settings.move_distance)
        width = min(grasp.width, gripper.max_opening)
        ending = perform(stage, grasp.pose, width, settings, approach=approach, away=away)
        name = ending.body.name if ending.body is not None else "" if target is None else target.name
        return TrialOutcome.of(ending.phase, name, ending.obstacle)


def _nearest(scene: Scene, tool: Transform) -> SceneObject | None:
    """The object whose bounding box is nearest to the grasp."""

    def distance(item: SceneObject) -> float:
        local = item.pose.inverse().apply(tool.translation)
        return float(np.linalg.norm(np.maximum(np.abs(local) - item.model.extents / 2, 0.0)))

    return min(scene.objects, key=distance, default=None)


def _away(scene: Scene, target: SceneObject | None, distance: float) -> NDArray[np.float64]:
    """(3,) unit direction, level, to where nothing else lies: the one with most room on the table."""
    angles = np.arange(DIRECTIONS) * 2 * np.pi / DIRECTIONS
    ways = [np.array([np.cos(angle), np.sin(angle), 0.0]) for angle in angles]
    if target is None:
        return ways[0]
    table = scene.workcell.table
    here = target.body.center_of_mass
    others = [item.body.center_of_mass for item in scene.objects if item is not target]
    others.append(np.array([*scene.workcell.bin.center, 0.0]))

    def room(way: NDArray[np.float64]) -> float:
        place = (here + distance * way)[:2]
        edge = min((place - table.min[:2]).min(), (np.array(table.max[:2]) - place).min())
        return min(edge, *(float(np.linalg.norm(place - other[:2])) for other in others))

    return max(ways, key=room)
