"""A small dataset of the factory, and submissions on it."""

from __future__ import annotations

from pathlib import Path

import pytest

from grasp_learning.datasets.jacquard import JacquardDataset
from grasp_perception.extrinsics import CameraMount
from grasp_planning.grasps import GraspRectangle
from grasp_planning.gripper import Gripper
from grasp_sim.dataset.production import produce
from grasp_sim.dataset.settings import FactorySettings, Recipe
from grasp_sim.judging.exam import Exam

SCENES = 6


@pytest.fixture(scope="session")
def dataset(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three objects in two scenes each, seen by a quarter of Jacquard's pixels."""
    camera = CameraMount.load(repository / "config/cameras/jacquard.yaml")
    intrinsics = camera.intrinsics.model_copy(
        update={"fx": 493.5, "fy": 493.5, "cx": 127.5, "cy": 127.5, "width": 256, "height": 256}
    )
    settings = FactorySettings.model_validate(
        {
            "longest_side": {"low": 0.07, "high": 0.10},
            "scenes_per_object": 2,
            "drop": {"radius": 0.03},
            "candidates": {"number": 60, "uniform_share": 0.0},
            "stereo": False,
            "renderer": "tiny",
            "splits": {"train": 1 / 3, "validation": 1 / 3, "test": 1 / 3},
        }
    )
    recipe = Recipe(
        meshes="procedural:9",
        scenes=SCENES,
        seed=1,
        settings=settings,
        camera=camera.model_copy(update={"intrinsics": intrinsics}),
        gripper=Gripper.load(repository / "config/grippers/jacquard.yaml"),
    )
    root = tmp_path_factory.mktemp("dataset") / "small"
    produce(recipe, root, workers=2)
    return root


@pytest.fixture(scope="session")
def exam(dataset: Path) -> Exam:
    return Exam(dataset)


@pytest.fixture(scope="session")
def annotated(dataset: Path) -> dict[str, GraspRectangle]:
    """A grasp for each scene that the factory found good with jaws of 2 cm."""
    scenes = JacquardDataset(dataset)
    jaw = 0.02 * 493.5 / 1.5
    chosen = {}
    for index, id_ in enumerate(scenes.ids):
        good = [grasp for grasp in scenes.grasps(index) if abs(grasp.height - jaw) < 0.02]
        chosen[id_] = good[0]
    return chosen
