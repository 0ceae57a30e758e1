"""Annotations of a scene: candidates that are tried, and what is left of them (Depierre et al. 2018, section IV-C)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from grasp_learning.rectangles import GraspRectangles
from grasp_sim.dataset.scene import SceneRecord
from grasp_sim.dataset.settings import Recipe, Spacing
from grasp_sim.objects.model import ObjectModel
from grasp_sim.trials.aiming import aim
from grasp_sim.trials.outcome import TrialPhase
from grasp_sim.trials.scene_trials import SceneTrials


@dataclass(frozen=True, slots=True, eq=False)
class Annotations:
    """What came of the candidates of a scene."""

    grasps: GraspRectangles
    """A row for each grasp and each size of jaw that it worked with; the sizes of one grasp follow each other,
    from small to large."""
    failures: GraspRectangles
    """Candidates that failed with the first jaw."""
    phases: NDArray[np.int8]
    """(failures,) the `TrialPhase` that failed, or `INVALID`."""
    successes: int
    """Candidates that worked with the first jaw, near duplicates included."""


def annotate(
    record: SceneRecord,
    model: ObjectModel,
    depth: NDArray[np.float32],
    candidates: GraspRectangles,
    recipe: Recipe,
) -> Annotations:
    """Try candidates with the first jaw, and those that work, less their near duplicates, with all others.

    Near duplicates go before the other jaws are tried: those trials would be thrown away.

    Args:
        record: The scene.
        model: Its object.
        depth: (H, W) perfect depth, m.
        candidates: Grasps, px.
        recipe: Gripper, settings of trials and spacing.
    """
    settings, jaws = recipe.settings, recipe.jaws
    scale = record.pixels_per_metre
    candidates = candidates.with_heights(jaws[0] * scale)

    def phases_of(trials: SceneTrials, rectangles: GraspRectangles, jaw: float) -> NDArray[np.int8]:
        pose = record.world_from_camera.transform
        aims = aim(rectangles, depth, record.camera, pose, recipe.gripper.with_jaw(jaw), settings.trials)
        return trials.run(aims, jaw=jaw, approach=settings.approach)

    pose = record.world_from_object.transform
    with SceneTrials(model, pose, recipe.gripper, settings.trials) as trials:
        phases = phases_of(trials, candidates, jaws[0])
        worked = phases == TrialPhase.SUCCESS
        kept = candidates[worked]
        kept = kept[spaced(kept, settings.spacing)]
        rows = [kept.with_heights(jaws[0] * scale)]
        of_grasp: list[NDArray[np.intp]] = [np.arange(len(kept))]
        for jaw in jaws[1:]:
            good = np.flatnonzero(phases_of(trials, kept, jaw) == TrialPhase.SUCCESS)
            rows.append(kept[good].with_heights(jaw * scale))
            of_grasp.append(good)
    together = GraspRectangles.concatenate(rows)
    order = np.lexsort((together.heights, np.concatenate(of_grasp)))
    return Annotations(together[order], candidates[~worked], phases[~worked], int(worked.sum()))


def spaced(rectangles: GraspRectangles, spacing: Spacing) -> NDArray[np.intp]:
    """Indices of rectangles none of which is a near duplicate of another.

    Greedy in the order given, which for candidates is that of drawing: it knows nothing of outcomes, so what
    stays is not biased towards any kind of grasp, and more candidates only add to it.
    """
    values = rectangles.values
    kept: list[int] = []
    for index, (x, y, angle, width, _) in enumerate(values):
        others = values[kept]
        turn = np.abs(others[:, 2] - angle)
        near = np.hypot(others[:, 0] - x, others[:, 1] - y) < spacing.distance
        near &= np.minimum(turn, np.pi - turn) < spacing.angle
        near &= np.abs(others[:, 3] - width) < spacing.opening
        if not near.any():
            kept.append(index)
    return np.array(kept, dtype=np.intp)
