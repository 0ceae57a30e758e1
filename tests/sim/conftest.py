"""A simulated cell with the WidowX's configuration, and a cache that is thrown away."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from grasp_execution.arm import ArmDescription
from grasp_perception.extrinsics import CameraMount, Intrinsics
from grasp_perception.transform import Transform
from grasp_planning.gripper import Gripper
from grasp_planning.workcell import WorkCell
from grasp_sim.cell.simulated_cell import SimulatedCell
from grasp_sim.dataset.scene import Pose, SceneRecord
from grasp_sim.dataset.settings import FactorySettings, Recipe, library_versions
from grasp_sim.objects.catalogue import ObjectCatalogue
from grasp_sim.objects.model import ObjectModel
from grasp_sim.objects.primitives import outline
from grasp_sim.physics.urdf import Shape


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


@pytest.fixture(scope="session")
def still_life(repository: Path) -> Callable[..., tuple[SceneRecord, ObjectModel]]:
    """Scenes of an object made of shapes, at a pose, in Jacquard's camera resized to `size` px or with `intrinsics`."""
    mount = CameraMount.load(repository / "config/cameras/jacquard.yaml")

    def scene(
        *shapes: Shape,
        pose: Transform | None = None,
        size: int = 1024,
        seed: int = 0,
        intrinsics: Intrinsics | None = None,
        camera_pose: Transform | None = None,
    ) -> tuple[SceneRecord, ObjectModel]:
        k = mount.camera_intrinsics.scale(size, size)
        resized = Intrinsics(fx=k.fx, fy=k.fy, cx=k.cx, cy=k.cy, width=k.width, height=k.height)
        model = ObjectModel("thing", shapes, Transform.identity(), np.ones(3), 0.1, np.eye(3), outline(shapes))
        record = SceneRecord(
            object="0" * 32,
            index=0,
            name="thing",
            family="shapes",
            scale=1.0,
            mass=0.1,
            world_from_object=Pose.of(pose or Transform.identity()),
            world_from_camera=Pose.of(camera_pose or mount.parent_from_camera),
            intrinsics=intrinsics or resized,
            color=(0.8, 0.3, 0.1),
            seed=seed,
        )
        return record, model

    return scene
