"""Scenes of a dataset: sizes, drops, cameras, and that a scene follows from its seed alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pybullet_data
import pytest

from grasp_perception.configuration import ConfigurationError
from grasp_perception.transform import Transform
from grasp_sim.dataset.index import as_line
from grasp_sim.dataset.mesh_copies import copy_mesh
from grasp_sim.dataset.scene import SceneRecord
from grasp_sim.dataset.scenes import (
    SceneError,
    draw_scenes,
    make_scene,
    model_of,
    object_mesh,
    place_camera,
    scene_seed,
)
from grasp_sim.dataset.settings import FactorySettings, Recipe, write_recipe
from grasp_sim.objects.meshes import content_id, load_mesh_body, mesh_longest_side

Recipes = Callable[..., Recipe]
OBJECT = "0123456789abcdef" * 2


@pytest.fixture(scope="module")
def mesh() -> Path:
    return Path(pybullet_data.getDataPath(), "random_urdfs/003/003.obj")


def scene(recipe: Recipe, mesh: Path, index: int = 0) -> SceneRecord:
    return make_scene(recipe, mesh, OBJECT, index, name="shape", family="pybullet_data")


def test_a_scene_follows_from_seed_object_and_index(small_recipe: Recipes, mesh: Path) -> None:
    first = scene(small_recipe(seed=5), mesh, 1)
    assert scene(small_recipe(seed=5, scenes=7), mesh, 1) == first
    assert SceneRecord.model_validate_json(as_line(first)) == first  # every bit comes back
    assert first.seed == scene_seed(5, OBJECT, 1) < 2**53
    others = [scene(small_recipe(seed=6), mesh, 1), scene(small_recipe(seed=5), mesh, 2)]
    assert len({record.scale for record in (first, *others)}) == 3


def test_sizes_are_within_bounds_and_masses_go_with_them(small_recipe: Recipes, mesh: Path) -> None:
    recipe = small_recipe(longest_side={"low": 0.1, "high": 0.2}, mass_per_metre=2.0)
    sides = []
    for index in range(12):
        record = scene(recipe, mesh, index)
        sides.append(record.scale * mesh_longest_side(mesh))
        assert record.mass == pytest.approx(2.0 * sides[-1])
    assert 0.1 <= min(sides) < 0.13
    assert 0.16 < max(sides) <= 0.2


def test_the_object_lies_on_the_ground_wholly_in_view(small_recipe: Recipes, mesh: Path, tmp_path: Path) -> None:
    recipe = small_recipe()
    copy_mesh(mesh, object_mesh(tmp_path, OBJECT))
    for index in range(6):
        record = scene(recipe, mesh, index)
        model = model_of(record, tmp_path)
        pose = record.world_from_object.transform
        assert model.mass == record.mass
        assert model.bounds(pose)[0, 2] == pytest.approx(0.0, abs=0.001)
        assert np.hypot(*pose.translation[:2]) < 0.4
        seen = record.camera.project(record.world_from_camera.transform.inverse().apply(pose.apply(model.outline)))
        assert (seen >= 0).all() and (seen <= 127).all()


def test_an_object_that_never_fits_into_the_image_is_given_up(small_recipe: Recipes, mesh: Path) -> None:
    recipe = small_recipe(longest_side={"low": 2.0, "high": 3.0}, drop={"tries": 2})
    with pytest.raises(
        SceneError, match=r"no scene 0 of it in 2 draws \(drop.tries\): .*it did not lie wholly in the image"
    ):
        scene(recipe, mesh)
    recipe = small_recipe(drop={"tries": 3, "settle_time": 0.1})
    with pytest.raises(SceneError, match=r"3 times it did not come to rest"):
        scene(recipe, mesh)


def test_scenes_that_were_not_good_enough_are_counted(small_recipe: Recipes, mesh: Path) -> None:
    scenes = draw_scenes(small_recipe(drop={"tries": 3}), mesh, OBJECT, 0, name="shape", family="pybullet_data")
    with pytest.raises(SceneError, match=r"in 3 draws \(drop.tries\): .*\d times it had too few grasps .*least_grasps"):
        list(scenes)


def test_the_camera_looks_at_the_origin(small_recipe: Recipes, repository: Path) -> None:
    recipe = small_recipe()
    pose = place_camera(recipe, np.random.default_rng(0))
    centre = pose.inverse().apply(np.zeros(3))
    assert centre[:2] == pytest.approx([0.0, 0.0], abs=1e-9)
    assert centre[2] == pytest.approx(1.5, abs=1e-4)
    settings = FactorySettings.load(repository / "config/datasets/widowx.yaml")
    widowx = write_recipe(settings, config=repository / "config", meshes="x", scenes=1, seed=0)
    poses = [place_camera(widowx, np.random.default_rng(seed)) for seed in range(200)]
    places = np.array([pose.translation for pose in poses])
    assert places.mean(axis=0) == pytest.approx([0.0, 0.0, 0.62], abs=0.002)
    assert places.std(axis=0) == pytest.approx(np.full(3, 0.005), rel=0.2)
    given = Transform.from_quaternion(widowx.camera.rotation)
    angles = [given.angle_to(Transform(pose.rotation, np.zeros(3))) for pose in poses]
    assert np.sqrt(np.mean(np.square(angles))) == pytest.approx(np.sqrt(3) * 0.01, rel=0.2)


def test_presets_are_what_they_say(repository: Path) -> None:
    for name, side, jaws in (
        ("jacquard", 0.90, (0.02, 0.01, 0.03, 0.04, 0.06)),
        ("gaussian_maps_train", 0.90, (0.02, 0.01)),
        ("widowx", 0.09, (0.018,)),
    ):
        settings = FactorySettings.load(repository / f"config/datasets/{name}.yaml")
        recipe = write_recipe(settings, config=repository / "config", meshes="x", scenes=1, seed=0)
        assert recipe.settings.longest_side.high == side
        assert recipe.jaws == jaws
        assert recipe.settings.renderer in ("egl", "tiny")  # what "auto" means is part of the recipe
        assert recipe.camera.camera_frame and recipe.gripper.name == settings.gripper
    with pytest.raises(ConfigurationError, match="grippers has no 'hand'; there are: jacquard"):
        wrong = settings.model_copy(update={"gripper": "hand"})
        write_recipe(wrong, config=repository / "config", meshes="x", scenes=1, seed=0)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"test_jaw": 0.2}, "they: test_jaw is 0.2 m, and the gripper 'jacquard' opens 0.1 m"),
        ({"candidates": {"opening": {"low": 0.2, "high": 0.3}}}, "they: candidates.opening starts at 0.2 m"),
    ],
)
def test_settings_that_do_not_fit_together(repository: Path, changes: dict[str, object], message: str) -> None:
    settings = FactorySettings.model_validate(changes)
    with pytest.raises(ConfigurationError, match=rf"^these settings do not fit together: {message}[^\n]*$"):
        write_recipe(settings, config=repository / "config", meshes="x", scenes=1, seed=0)


@pytest.mark.parametrize("suffix", [".stl", ".obj"])
def test_a_copied_mesh_needs_no_decomposition(suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import trimesh

    given = tmp_path / f"part{suffix}"
    trimesh.creation.box((3, 1, 2)).export(given)
    before = load_mesh_body(given)
    copied = copy_mesh(given, tmp_path / "copies" / f"{content_id(given)}.obj")
    monkeypatch.setenv("GRASP_CACHE_DIR", str(tmp_path / "another_cache"))
    monkeypatch.setattr("grasp_sim.objects.meshes.decomposition", None)  # would fail if it were called
    after = load_mesh_body(copied)
    assert after.volume == pytest.approx(before.volume)
    assert after.box_extents == pytest.approx(before.box_extents)
    assert mesh_longest_side(copied) == pytest.approx(3.0)
