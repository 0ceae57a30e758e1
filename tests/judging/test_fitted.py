"""Predicted jaws that are moved to where there is room."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from grasp_learning.datasets.dataset import DatasetScene
from grasp_learning.datasets.jacquard import JacquardDataset
from grasp_learning.datasets.submission import submission_of
from grasp_planning.grasps import GraspCandidate, GraspRectangle
from grasp_planning.jaw_room import JawRoom
from grasp_sim.judging.exam import Exam
from grasp_sim.judging.fitted import STAYS, FittedJaws
from grasp_sim.judging.judge import judge_all


@pytest.fixture(scope="module")
def scenes(dataset: Path) -> list[DatasetScene]:
    return list(JacquardDataset(dataset))


def off(grasp: GraspRectangle) -> GraspRectangle:
    """With a finger on the object: narrower, and to one side along the closing axis."""
    x, y = np.array([grasp.x, grasp.y]) + 0.15 * grasp.width * grasp.axis
    return replace(grasp, x=x, y=y, width=0.7 * grasp.width)


def test_fitted_grasps_succeed_where_those_that_land_on_the_object_fail(
    exam: Exam, annotated: dict[str, GraspRectangle], scenes: list[DatasetScene]
) -> None:
    poor = {scene: off(grasp) for scene, grasp in annotated.items()}
    fit = FittedJaws(exam)
    fitted = {scene.id: fit(scene, [poor[scene.id]]) for scene in scenes}
    successes = [judge_all(exam, submission_of(grasps), workers=2).rate.successes for grasps in (poor, fitted)]
    assert successes == [2, 5]  # of 6


def test_a_fitted_grasp_stays_where_it_is(
    exam: Exam, annotated: dict[str, GraspRectangle], scenes: list[DatasetScene]
) -> None:
    fit = FittedJaws(exam)
    for scene in scenes:
        first = fit(scene, [off(annotated[scene.id])])
        again = fit(scene, [first])
        assert np.hypot(again.x - first.x, again.y - first.y) <= STAYS and abs(again.width - first.width) <= STAYS


def test_jaws_open_no_wider_than_they_can(
    exam: Exam, annotated: dict[str, GraspRectangle], scenes: list[DatasetScene], monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_wide(room: JawRoom, candidate: GraspCandidate) -> GraspCandidate:
        assert candidate.rectangle is not None
        return replace(candidate, rectangle=replace(candidate.rectangle, width=1000.0))

    monkeypatch.setattr(JawRoom, "fit", too_wide)
    scene = scenes[0]
    fitted = FittedJaws(exam)(scene, [annotated[scene.id]])
    distance = float(scene.depth[round(fitted.y), round(fitted.x)])
    assert fitted.width * distance / exam.scenes[scene.id].camera.fx == pytest.approx(exam.gripper.max_opening)


def test_the_first_for_which_there_is_room(
    exam: Exam, annotated: dict[str, GraspRectangle], scenes: list[DatasetScene]
) -> None:
    fit, scene = FittedJaws(exam), scenes[0]
    good = annotated[scene.id]
    empty = replace(good, x=8.0, y=8.0, width=20.0, quality=0.9)  # on the ground, with nothing between the fingers
    assert fit(scene, [empty]) is empty  # the best of all is as good as any
    chosen = fit(scene, [empty, good])
    assert chosen.quality == good.quality
    assert np.hypot(chosen.x - good.x, chosen.y - good.y) < 3.0
    assert chosen.angle == pytest.approx(good.angle, abs=0.05)
