"""Many trials on one object that lies on the ground."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from grasp_perception.transform import Transform
from grasp_planning.gripper import Gripper
from grasp_sim.closable import Closable
from grasp_sim.objects.catalogue import ObjectModel
from grasp_sim.physics.surfaces import Surface
from grasp_sim.physics.world import Snapshot
from grasp_sim.trials.aiming import Aims
from grasp_sim.trials.ground import add_ground
from grasp_sim.trials.hand import Hand
from grasp_sim.trials.outcome import INVALID, TrialOutcome
from grasp_sim.trials.script import Ending, Stage, perform, trial_world
from grasp_sim.trials.settings import Approach, TrialSettings

AWAY = np.array([1.0, 0.0, 0.0])
COLOR = (0.7, 0.4, 0.3)
REST_TIME = 0.1
"""s for the contacts with the ground to build up again."""


class SceneTrials(Closable):
    """One object on the ground, and grippers of one kind that try to pick it up.

    Every trial begins at the same state, bit for bit, so its outcome does not depend on what was
    tried before. There is one world for each size of jaw, made when it is first needed.
    """

    def __init__(
        self,
        model: ObjectModel,
        world_from_object: Transform,
        gripper: Gripper,
        settings: TrialSettings | None = None,
    ) -> None:
        """Put the object where it came to rest."""
        self._model = model
        self._pose = world_from_object
        self._gripper = gripper
        self.settings = settings or TrialSettings()
        self._stages: dict[float, tuple[Stage, Snapshot]] = {}

    def run(self, aims: Aims, *, jaw: float, approach: Approach = "simulate") -> NDArray[np.int8]:
        """(N,) the `TrialPhase` of each aim, or `INVALID` where there is a problem with it.

        Args:
            aims: What to try.
            jaw: Width of the fingers, m.
            approach: How the gripper comes.
        """
        phases = np.full(len(aims), INVALID, dtype=np.int8)
        for index, problem in enumerate(aims.problems):
            if not problem:
                pose = Transform.from_matrix(aims.poses[index])
                phases[index] = self._perform(pose, float(aims.widths[index]), jaw, approach).phase
        return phases

    def attempt(
        self, pose: Transform, width: float, *, jaw: float | None = None, approach: Approach = "simulate"
    ) -> TrialOutcome:
        """Try one grasp.

        Args:
            pose: world_from_tool.
            width: Opening of the fingers, m.
            jaw: Width of the fingers, m; the gripper's usual one if None.
            approach: How the gripper comes.

        Raises:
            ValueError: The width is not within what the gripper opens.
        """
        check_width(width, self._gripper)
        ending = self._perform(pose, width, self._gripper.finger_width if jaw is None else jaw, approach)
        return TrialOutcome.of(ending.phase, self._model.name, ending.obstacle)

    def close(self) -> None:
        """Free everything; more than once does no harm."""
        for stage, _ in self._stages.values():
            stage.world.close()
        self._stages.clear()

    def _perform(self, pose: Transform, width: float, jaw: float, approach: Approach) -> Ending:
        if jaw not in self._stages:
            self._stages[jaw] = self._build(jaw)
        stage, snapshot = self._stages[jaw]
        stage.world.restore(snapshot)
        return perform(stage, pose, width, self.settings, approach=approach, away=AWAY)

    def _build(self, jaw: float) -> tuple[Stage, Snapshot]:
        settings = self.settings
        world = trial_world(settings)
        try:
            ground = add_ground(world)
            body = world.add(self._model.name, self._model.source(COLOR), self._model.body_pose(self._pose))
            body.set_surface(Surface(settings.object_friction))
            hand = Hand(world, self._gripper.with_jaw(jaw), settings)
            world.step(round(REST_TIME / settings.time_step))
            body.stop()
            return Stage(world, hand, (body,), (ground,)), world.save()
        except BaseException:
            world.close()
            raise


def check_width(width: float, gripper: Gripper) -> None:
    """Raise ValueError if a gripper cannot open to a width, m."""
    if not 0.0 < width <= gripper.max_opening + 1e-6:
        raise ValueError(
            f"the grasp's width {1000 * width:.1f} mm must be positive and at most the gripper's opening "
            f"{1000 * gripper.max_opening:.1f} mm"
        )
