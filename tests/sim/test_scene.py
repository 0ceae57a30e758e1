"""Scenes: placed by a seed, settled, counted, refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from grasp_perception.transform import Transform
from grasp_planning.workcell import WorkCell
from grasp_sim.cell.placement import GAP, PlacementError
from grasp_sim.cell.scene import ObjectState, Scene, distinct_colors
from grasp_sim.objects.catalogue import ObjectCatalogue, UnknownObjectError
from grasp_sim.objects.meshes import MeshError
from grasp_sim.physics.world import World


@pytest.fixture
def scene(workcell: WorkCell, catalogue: ObjectCatalogue) -> Iterator[Scene]:
    with World() as world:
        yield Scene(world, workcell, catalogue)


def poses(states: list[ObjectState]) -> list[bytes]:
    return [state.pose.matrix().tobytes() for state in states]


def test_same_seed_same_scene_bit_for_bit(scene: Scene, workcell: WorkCell, catalogue: ObjectCatalogue) -> None:
    first = scene.reset(count=4, seed=7)
    scene._world.step(50)
    scene.reset(["cube_small"], seed=1)
    again = scene.reset(count=4, seed=7)
    assert [state.name for state in again] == [state.name for state in first]
    assert poses(again) == poses(first)
    with World() as world:
        fresh = Scene(world, workcell, ObjectCatalogue(catalogue.gripper)).reset(count=4, seed=7)
    assert poses(fresh) == poses(first)
    assert poses(scene.reset(count=4, seed=8)) != poses(first)


def test_objects_lie_still_apart_and_inside_the_workspace(scene: Scene, workcell: WorkCell) -> None:
    before = scene.reset(["cube_large", "sphere_medium", "random_235", "random_084", "bar_small"], seed=3)
    bounds = [item.model.bounds(item.pose) for item in scene.objects]
    for index, box in enumerate(bounds):
        assert (box[0, :2] >= workcell.workspace.min[:2]).all() and (box[1, :2] <= workcell.workspace.max[:2]).all()
        assert abs(box[0, 2]) < 1e-3  # on the table, not in it nor above it
        for other in bounds[:index]:
            gap = np.maximum(box[0, :2] - other[1, :2], other[0, :2] - box[1, :2]).max()
            assert gap > GAP - 1e-3
    scene._world.step(240)
    for old, new in zip(before, scene.states()):
        assert np.linalg.norm(new.pose.translation - old.pose.translation) < 1e-3
        assert old.pose.angle_to(new.pose) < 0.03
        assert np.linalg.norm(new.linear) < 0.01


def test_states_say_what_the_catalogue_says(scene: Scene, catalogue: ObjectCatalogue) -> None:
    (state,) = scene.reset(["random_010"], seed=0)
    model = catalogue.load("random_010")
    assert (state.name, state.mass) == ("random_010", model.mass)
    np.testing.assert_array_equal(state.size, model.extents)
    assert not (state.held or state.in_bin or state.fallen)


def test_the_same_object_twice_gets_two_names(scene: Scene) -> None:
    assert [state.name for state in scene.reset(["cube_small"] * 3)] == ["cube_small", "cube_small_2", "cube_small_3"]


def test_in_the_bin_and_off_the_table(scene: Scene, workcell: WorkCell, catalogue: ObjectCatalogue) -> None:
    cube = catalogue.load("cube_medium")
    x, y = workcell.bin.center
    scene.add(cube, Transform(np.eye(3), [x, y, 0.10]))  # falls into the bin
    scene.add(cube, Transform(np.eye(3), [0.2, 0.0, 0.02]))
    scene.add(cube, Transform(np.eye(3), [1.0, 0.0, 0.05]))  # beside the table
    assert [state.in_bin for state in scene.states()] == [False] * 3  # still above the rim
    scene._world.step(480)
    states = scene.states()
    assert [state.in_bin for state in states] == [True, False, False]
    assert [state.fallen for state in states] == [False, False, True]
    assert states[2].pose.translation[2] == pytest.approx(-0.7 + 0.009, abs=2e-3)  # on the floor


def test_the_limits_of_the_bin(scene: Scene, workcell: WorkCell) -> None:
    x, y = workcell.bin.center
    assert scene.in_bin(np.array([x + 0.075, y, 0.03]))
    assert not scene.in_bin(np.array([x + 0.077, y, 0.03]))  # in the wall
    assert not scene.in_bin(np.array([x, y, 0.061]))


def test_too_many_objects_do_not_fit_and_the_old_scene_stays(scene: Scene) -> None:
    before = poses(scene.reset(["cube_small"], seed=1))
    with pytest.raises(PlacementError, match=r"30 objects do not fit.*fewer or smaller objects, or try another seed"):
        scene.reset(["box_large"] * 30, seed=0)
    assert poses(scene.states()) == before


def test_too_large_an_object_is_named(workcell: WorkCell, catalogue: ObjectCatalogue) -> None:
    small = workcell.workspace.model_copy(update={"min": (0.2, 0.0, 0.0), "max": (0.25, 0.04, 0.1)})
    with World() as world:
        scene = Scene(world, workcell.model_copy(update={"workspace": small}), catalogue)
        with pytest.raises(PlacementError, match="'bar_large' is 10 x 2 cm"):
            scene.reset(["bar_large"])


@pytest.mark.parametrize(("count", "seed"), [(-1, 0), (1, -1), (2000, 0)])
def test_impossible_requests(scene: Scene, count: int, seed: int) -> None:
    with pytest.raises(PlacementError):
        scene.reset(count=count, seed=seed)


def test_objects_that_cannot_be_had_leave_the_old_scene(scene: Scene, tmp_path: Path) -> None:
    before = poses(scene.reset(["cube_small"], seed=1))
    (tmp_path / "broken.obj").write_text("")
    with pytest.raises(UnknownObjectError, match="sphere_small"):
        scene.reset(["cube_small", "sphere_smal"])
    with pytest.raises(MeshError, match="empty"):
        scene.reset([str(tmp_path / "broken.obj")])
    assert poses(scene.states()) == before


def test_an_empty_scene(scene: Scene) -> None:
    scene.reset(["cube_small"])
    assert scene.reset() == [] == scene.states()


def test_colours_are_distinct() -> None:
    colors = np.array(distinct_colors(8, 0))
    distances = np.linalg.norm(colors[:, None] - colors[None], axis=-1) + 10 * np.eye(8)
    assert distances.min() > 0.15
    assert distinct_colors(3, 5) == distinct_colors(3, 5)
