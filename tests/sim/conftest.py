"""A simulated cell with the WidowX's configuration, and a cache that is thrown away."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from grasp_execution.arm import ArmDescription
from grasp_perception.extrinsics import CameraMount
from grasp_planning.gripper import Gripper
from grasp_planning.workcell import WorkCell
from grasp_sim.cell.simulated_cell import SimulatedCell
from grasp_sim.dataset.settings import FactorySettings, Recipe, library_versions
from grasp_sim.objects.catalogue import ObjectCatalogue


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRASP_CACHE_DIR", str(folder))
        yield folder


@pytest.fixture(scope="session")
def description(repository: Path) -> ArmDescription:
    return ArmDescription(repository / "config/arms/widowx.yaml")


@pytest.fixture(scope="session")
def workcell(repository: Path) -> WorkCell:
    return WorkCell.load(repository / "config/workcells/widowx.yaml")


@pytest.fixture(scope="session")
def mount(repository: Path) -> CameraMount:
    return CameraMount.load(repository / "config/cameras/widowx.yaml")


@pytest.fixture(scope="session")
def catalogue(description: ArmDescription) -> ObjectCatalogue:
    return ObjectCatalogue(description.gripper)


@pytest.fixture
def cell(description: ArmDescription, workcell: WorkCell, mount: CameraMount) -> Iterator[SimulatedCell]:
    with SimulatedCell(description, workcell, mount, renderer="tiny") as simulated:
        yield simulated


@pytest.fixture(scope="session")
def small_recipe(repository: Path) -> Callable[..., Recipe]:
    """Recipes like Jacquard's, of pictures so small that a scene takes a moment; settings by keyword."""
    mount = CameraMount.load(repository / "config/cameras/jacquard.yaml")
    intrinsics = mount.intrinsics.model_copy(
        update={"fx": 246.75, "fy": 246.75, "cx": 63.5, "cy": 63.5, "width": 128, "height": 128}
    )

    def recipe(meshes: str = "pybullet_data", scenes: int = 1, seed: int = 0, **settings: object) -> Recipe:
        defaults = {
            "candidates": {"number": 8},
            "renderer": "tiny",
            "stereo": False,
            "scenes_per_object": 2,
            "least_grasps": 0,
        }
        return Recipe(
            meshes=meshes,
            scenes=scenes,
            seed=seed,
            settings=FactorySettings.model_validate(defaults | settings),
            camera=mount.model_copy(update={"intrinsics": intrinsics}),
            gripper=Gripper.load(repository / "config/grippers/jacquard.yaml"),
            versions=library_versions(),
        )

    return recipe
