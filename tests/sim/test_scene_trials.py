"""Trials on an object on the ground: each phase, the two approaches, and that trials repeat bit for bit."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from grasp_perception.transform import Transform
from grasp_planning.gripper import Gripper
from grasp_sim.objects.catalogue import ObjectCatalogue, ObjectModel
from grasp_sim.objects.mesh_sources import open_source
from grasp_sim.objects.model import object_from_mesh
from grasp_sim.trials.aiming import Aims
from grasp_sim.trials.outcome import INVALID, TrialPhase
from grasp_sim.trials.scene_trials import SceneTrials
from grasp_sim.trials.settings import TrialSettings

JAW = 0.02


@pytest.fixture(scope="module")
def gripper(repository: Path) -> Gripper:
    return Gripper.load(repository / "config/grippers/jacquard.yaml")


@pytest.fixture(scope="module")
def bar(gripper: Gripper) -> ObjectModel:
    return ObjectCatalogue(gripper).load("bar_small")  # 160 x 40 x 40 mm


@pytest.fixture(scope="module")
def bracket() -> ObjectModel:
    source = open_source("procedural/bracket:1")
    return object_from_mesh("bracket", source.mesh(source.names[0]), scale=0.1, mass=0.2)


@pytest.fixture
def trials(bar: ObjectModel, gripper: Gripper) -> Iterator[SceneTrials]:
    with SceneTrials(bar, Transform(np.eye(3), [0, 0, 0.02]), gripper) as trials:
        yield trials


def above(x: float = 0.0, y: float = 0.0, z: float = 0.01) -> Transform:
    """A grasp from above that closes across the bar, displaced along (x) and across it (y)."""
    rotation = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, -1.0]])
    return Transform(rotation, [x, y, z])


def test_a_good_grasp_succeeds_with_every_jaw_and_approach(trials: SceneTrials, gripper: Gripper) -> None:
    for jaw in gripper.jaw_sizes:
        for approach in ("simulate", "check"):
            outcome = trials.attempt(above(), 0.08, jaw=jaw, approach=approach)
            assert outcome.phase is TrialPhase.SUCCESS, (jaw, approach, outcome)
            assert outcome.object == "bar_small"


@pytest.mark.parametrize(
    ("pose", "width", "phase", "words"),
    [
        (above(y=0.022), 0.05, TrialPhase.APPROACH, "hit bar_small"),
        (above(z=-0.01), 0.08, TrialPhase.APPROACH, "hit the ground"),
        (above(y=0.09), 0.08, TrialPhase.CLOSE, "nothing was between"),
        (above(z=0.06), 0.08, TrialPhase.CLOSE, "nothing was between"),
    ],
)
def test_each_way_to_miss(trials: SceneTrials, pose: Transform, width: float, phase: TrialPhase, words: str) -> None:
    outcome = trials.attempt(pose, width, approach="simulate")
    assert outcome.phase is phase
    assert words in outcome.message


def test_a_weak_grip_does_not_lift(bar: ObjectModel, gripper: Gripper) -> None:
    weak = gripper.model_copy(update={"max_force": 0.3})
    with SceneTrials(bar, Transform(np.eye(3), [0, 0, 0.02]), weak) as trials:
        assert trials.attempt(above(), 0.08).phase is TrialPhase.LIFT


def test_an_end_that_stays_on_the_ground_is_not_lifted(bar: ObjectModel, gripper: Gripper) -> None:
    heavy = dataclasses.replace(bar, mass=3.0, inertia=bar.inertia * 3.0 / bar.mass)
    with SceneTrials(heavy, Transform(np.eye(3), [0, 0, 0.02]), gripper) as trials:
        assert trials.attempt(above(x=0.07), 0.08).phase is TrialPhase.LIFT


def test_what_lands_elsewhere_was_not_placed(bar: ObjectModel, gripper: Gripper) -> None:
    with SceneTrials(bar, Transform(np.eye(3), [0, 0, 0.02]), gripper, TrialSettings(place_tolerance=1e-5)) as trials:
        assert trials.attempt(above(x=0.03), 0.08).phase is TrialPhase.PLACE


def test_only_a_simulated_approach_lets_a_finger_nudge_the_object(trials: SceneTrials) -> None:
    grazing = above(y=0.011)  # the bar's side is 1 mm beyond the inner face of a finger 60 mm from the other
    assert trials.attempt(grazing, 0.061, approach="check").phase is TrialPhase.APPROACH
    nudged = trials.attempt(grazing, 0.061, approach="simulate")
    assert nudged.phase in (TrialPhase.SUCCESS, TrialPhase.APPROACH)


def test_trials_repeat_bit_for_bit_whatever_came_before(bracket: ObjectModel, gripper: Gripper) -> None:
    """On an object of many convex pieces, each of which has contacts of its own."""
    rng = np.random.default_rng(3)
    rest = Transform(np.eye(3), [0.0, 0.0, -bracket.bounds(Transform.identity())[0, 2]])
    grasps = [
        (above(*rng.uniform([-0.04, -0.04, 0.01], [0.04, 0.04, 0.068])), float(rng.uniform(0.05, 0.1)))
        for _ in range(16)
    ]

    def endings(trials: SceneTrials, order: Sequence[int]) -> dict[int, bytes]:
        found = {}
        for index in order:
            outcome = trials.attempt(*grasps[index])
            stage = trials._stages[gripper.finger_width][0]
            found[index] = bytes([outcome.phase]) + stage.objects[0].pose.matrix().tobytes()
        return found

    alone: dict[int, bytes] = {}
    for index in range(len(grasps)):
        with SceneTrials(bracket, rest, gripper) as trials:
            alone |= endings(trials, [index])
    assert len({ending[0] for ending in alone.values()}) > 2
    with SceneTrials(bracket, rest, gripper) as trials:
        for order in (range(len(grasps)), rng.permutation(len(grasps)).tolist()):
            assert endings(trials, order) == alone


def test_many_at_once_are_the_same_as_one_by_one(trials: SceneTrials) -> None:
    poses = np.stack([above().matrix(), above(y=0.09).matrix(), np.eye(4)])
    aims = Aims(poses, np.array([0.08, 0.08, 0.0]), ("", "", "no depth at the centre"))
    assert trials.run(aims, jaw=JAW).tolist() == [TrialPhase.SUCCESS, TrialPhase.CLOSE, INVALID]


@pytest.mark.parametrize("width", [0.0, -0.01, 0.11, float("nan")])
def test_impossible_widths_are_refused(trials: SceneTrials, width: float) -> None:
    with pytest.raises(ValueError, match="width"):
        trials.attempt(above(), width)
