"""Candidates and annotations."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from grasp_learning.datasets.annotation_file import read_grasps, write_grasps
from grasp_learning.rectangles import GraspRectangles
from grasp_perception.camera import CameraIntrinsics
from grasp_planning.gripper import Gripper
from grasp_sim.dataset.annotation import annotate, spaced
from grasp_sim.dataset.candidates import aligned_edges, draw, rounded
from grasp_sim.dataset.failures import read_failures, write_failures
from grasp_sim.dataset.images import SceneRenderer
from grasp_sim.dataset.scenes import make_scene
from grasp_sim.dataset.settings import CandidateSettings, Recipe, Spacing
from grasp_sim.objects.mesh_sources import open_source
from grasp_sim.objects.model import object_from_mesh
from grasp_sim.trials.aiming import aim
from grasp_sim.trials.outcome import TrialPhase
from grasp_sim.trials.scene_trials import SceneTrials

CAMERA = CameraIntrinsics(600.0, 600.0, 149.5, 149.5, 300, 300)


@pytest.fixture(scope="module")
def gripper(repository: Path) -> Gripper:
    return Gripper.load(repository / "config/grippers/jacquard.yaml")


def bar(angle: float = 0.0) -> np.ndarray:
    """Depth of a bar 20 px (5 cm) wide and 160 px long, 5 cm high, before a plane at 1.5 m."""
    depth = np.full((300, 300), 1.5, dtype=np.float32)
    y, x = np.mgrid[:300, :300] - 149.5
    along, across = np.cos(angle) * x + np.sin(angle) * y, -np.sin(angle) * x + np.cos(angle) * y
    depth[(np.abs(along) < 80) & (np.abs(across) < 10)] = 1.45
    return depth


@pytest.mark.parametrize("angle", [0.0, 0.5, -1.2])
def test_candidates_lie_across_a_bar(gripper: Gripper, angle: float) -> None:
    settings = CandidateSettings(number=400, uniform_share=0.0)
    grasps = draw(bar(angle), None, CAMERA, gripper, settings, np.random.default_rng(0))
    assert len(grasps) == 400
    offset = grasps.centers - 149.5
    across = -np.sin(angle) * offset[:, 0] + np.cos(angle) * offset[:, 1]
    along = np.cos(angle) * offset[:, 0] + np.sin(angle) * offset[:, 1]
    assert np.quantile(np.abs(across), 0.8) < 6
    assert along.std() > 30  # all along it
    turn = np.abs((grasps.angles - angle) % np.pi - np.pi / 2)
    assert np.quantile(turn, 0.8) < 0.5
    assert (grasps.widths >= 20).mean() > 0.95


def test_openings_are_what_the_gripper_can_at_each_depth(gripper: Gripper) -> None:
    settings = CandidateSettings(number=500, uniform_share=0.5)
    depth = bar()
    grasps = draw(depth, None, CAMERA, gripper, settings, np.random.default_rng(1))
    columns, rows = np.rint(grasps.centers).astype(int).T
    metres = grasps.widths * depth[rows, columns] / CAMERA.fx
    assert metres.max() <= gripper.max_opening
    assert metres.min() >= settings.opening.low - 1e-4
    narrow = settings.model_copy(update={"opening": settings.opening.model_copy(update={"high": 0.06})})
    grasps = draw(depth, None, CAMERA, gripper, narrow, np.random.default_rng(1))
    assert (grasps.widths * 1.45 / CAMERA.fx).max() <= 0.06


def test_a_share_is_drawn_evenly_and_nothing_to_see_means_all(gripper: Gripper) -> None:
    flat = np.full((300, 300), 1.5, dtype=np.float32)
    settings = CandidateSettings(number=2000, uniform_share=0.3)
    rng = np.random.default_rng(2)
    grasps = draw(flat, np.full((300, 300, 3), 200, np.uint8), CAMERA, gripper, settings, rng)
    counts, *_ = np.histogram2d(*grasps.centers.T, bins=4, range=[[0, 300], [0, 300]])
    assert counts.min() > 90  # of 125
    grasps = draw(bar(), None, CAMERA, gripper, settings, rng)
    far = np.abs(grasps.centers[:, 1] - 149.5) > 30
    assert far.mean() == pytest.approx(0.3 * 0.8, abs=0.04)


def test_a_rim_thinner_than_the_reduced_images_pixels_is_seen(gripper: Gripper) -> None:
    depth = np.full((300, 300), 1.5, dtype=np.float32)
    depth[60:240, 148:151] = 1.40  # 3 px, where the gripper opens 40
    large = CameraIntrinsics(2400.0, 2400.0, 599.5, 599.5, 1200, 1200)
    depth = np.kron(depth, np.ones((4, 4), np.float32))
    depth[:, :592] = 1.5
    depth[:, 598:] = 1.5  # 6 px, where it opens 160
    pairs = aligned_edges(depth, None, large, gripper, np.random.default_rng(0))
    assert len(pairs.lengths) > 50
    assert np.median(pairs.lengths) == pytest.approx(6, abs=1.5)
    assert np.median(pairs.centers[:, 0]) == pytest.approx(594.5, abs=1.0)


def test_colour_alone_shows_a_flat_thing(gripper: Gripper) -> None:
    flat = np.full((300, 300), 1.5, dtype=np.float32)
    color = np.full((300, 300, 3), 220, np.uint8)
    color[140:160, 60:240] = (40, 60, 90)
    pairs = aligned_edges(flat, color, CAMERA, gripper, np.random.default_rng(0))
    assert np.median(pairs.lengths) == pytest.approx(20, abs=2)
    assert np.median(pairs.centers[:, 1]) == pytest.approx(149.5, abs=1.5)
    assert len(aligned_edges(flat, None, CAMERA, gripper, np.random.default_rng(0)).lengths) == 0


def test_unknown_depth_is_no_obstacle(gripper: Gripper) -> None:
    depth = bar()
    depth[:, :40] = np.nan
    settings = CandidateSettings(number=100)
    assert np.isfinite(draw(depth, None, CAMERA, gripper, settings, np.random.default_rng(0)).values).all()
    nothing = np.full((300, 300), np.nan, dtype=np.float32)
    assert np.isfinite(draw(nothing, None, CAMERA, gripper, settings, np.random.default_rng(0)).values).all()


def test_what_is_tried_is_what_is_written(gripper: Gripper, tmp_path: Path) -> None:
    grasps = draw(bar(0.7), None, CAMERA, gripper, CandidateSettings(number=300), np.random.default_rng(3))
    write_grasps(tmp_path / "grasps.txt", grasps)
    assert (read_grasps(tmp_path / "grasps.txt").values[:, :4] == grasps.values[:, :4]).all()
    edges = rounded(np.array([[1.0, 2.0, np.pi / 2, 10.019, 5.0], [1.0, 2.0, -np.pi / 2, 10.0, 5.0]]))
    write_grasps(tmp_path / "edges.txt", edges)
    assert (read_grasps(tmp_path / "edges.txt").values == edges.values).all()
    assert edges.widths.tolist() == [10.01, 10.0]


def test_failures_are_kept_with_their_phases(gripper: Gripper, tmp_path: Path) -> None:
    grasps = draw(bar(), None, CAMERA, gripper, CandidateSettings(number=5), np.random.default_rng(0))
    phases = np.array([1, 2, 3, -1, 5], dtype=np.int8)
    write_failures(tmp_path, "0_a", grasps, phases)
    first = (tmp_path / "0_a_failures.npz").read_bytes()
    read, read_phases = read_failures(tmp_path, "0_a")
    assert (read.values == grasps.values).all() and (read_phases == phases).all()
    write_failures(tmp_path, "0_a", grasps, phases)
    assert (tmp_path / "0_a_failures.npz").read_bytes() == first


def test_near_duplicates_go_and_the_first_stays() -> None:
    spacing = Spacing(distance=5.0, angle=0.2, opening=10.0)
    rows = [
        (50, 50, 0.0, 40, 5),
        (53, 50, 0.1, 45, 5),  # near in all three
        (56, 50, 0.0, 40, 5),  # far enough away
        (50, 50, 0.3, 40, 5),  # turned
        (50, 50, 0.0, 52, 5),  # wider
        (80, 80, np.pi / 2 - 0.05, 40, 5),
        (80, 80, -np.pi / 2 + 0.05, 40, 5),  # the same, across the wrap
    ]
    assert spaced(GraspRectangles(np.array(rows)), spacing).tolist() == [0, 2, 3, 4, 5]
    assert spaced(GraspRectangles.empty(), spacing).tolist() == []


def test_annotations_work_when_they_are_tried_again(small_recipe: Callable[..., Recipe]) -> None:
    settings = {"candidates": {"number": 60}, "approach": "simulate", "longest_side": {"low": 0.08, "high": 0.15}}
    recipe = small_recipe(**settings)
    source = open_source("procedural/bottle:1")
    mesh = source.mesh(source.names[0])
    record = make_scene(recipe, mesh, "0" * 32, 0, name="bottle", family="f")
    model = object_from_mesh("bottle", mesh, scale=record.scale, mass=record.mass)
    with SceneRenderer("tiny") as renderer:
        images = renderer.render(record, model, stereo=False)
    rng = np.random.default_rng(0)
    candidates = draw(images.depth, images.color, record.camera, recipe.gripper, recipe.settings.candidates, rng)
    found = annotate(record, model, images.depth, candidates, recipe)
    assert found.successes + len(found.failures) == 60
    assert found.successes >= 6
    assert (found.phases != TrialPhase.SUCCESS).all()
    ppm = record.pixels_per_metre
    assert set(np.rint(1000 * found.grasps.heights / ppm)) <= {10, 20, 30, 40, 60}
    distinct = np.unique(found.grasps.values[:, :4], axis=0)
    assert np.isclose(found.grasps.heights, 0.02 * ppm).sum() == len(distinct) <= found.successes
    with SceneTrials(model, record.world_from_object.transform, recipe.gripper, recipe.settings.trials) as trials:
        for jaw in (0.02, 0.04):
            rows = found.grasps[np.isclose(found.grasps.heights, jaw * ppm)]
            pose = record.world_from_camera.transform
            gripper = recipe.gripper.with_jaw(jaw)
            aims = aim(rows, images.depth, record.camera, pose, gripper, recipe.settings.trials)
            assert (trials.run(aims, jaw=jaw, approach="simulate") == TrialPhase.SUCCESS).all()

    fewer = annotate(record, model, images.depth, candidates, small_recipe(**settings, jaw_sizes=[0.01])).grasps
    assert set(np.rint(1000 * fewer.heights / ppm)) == {10, 20}
    smallest = found.grasps.with_smallest_jaws().values
    assert fewer.with_smallest_jaws().values == pytest.approx(smallest)  # what is left out was never the smallest
