"""Images of a scene: exact depth and mask, plausible looks, the same bytes from the same seed, no leaks."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pybullet_data
import pytest
import trimesh
from numpy.typing import NDArray

from grasp_perception.extrinsics import Intrinsics
from grasp_perception.transform import Transform
from grasp_sim.dataset.ground import SkyError, texture_pyramid
from grasp_sim.dataset.images import SceneRenderer
from grasp_sim.dataset.lighting import Lighting
from grasp_sim.dataset.scene import Pose, SceneRecord
from grasp_sim.objects.mesh_files import MeshError
from grasp_sim.objects.model import ObjectModel, object_from_mesh
from grasp_sim.physics.urdf import Shape
from grasp_sim.rendering.object_views import ObjectViews
from grasp_sim.rendering.renderer import egl_works
from grasp_sim.rendering.surface import surface_of

StillLife = Callable[..., tuple[SceneRecord, ObjectModel]]
RENDERERS = ["tiny", pytest.param("egl", marks=pytest.mark.skipif(not egl_works(), reason="EGL does not work here"))]
TILTED = Transform.from_rpy((0.3, 0.2, 0.5), (0.05, -0.03, 0.08))
BOX = Shape("box", (0.12, 0.08, 0.03))
BALL = Shape("sphere", (0.05,))
AWRY = Intrinsics(fx=400.0, fy=500.0, cx=130.25, cy=90.75, width=300, height=200)


@pytest.fixture(scope="module")
def renderer() -> Iterator[SceneRenderer]:
    with SceneRenderer("tiny") as made:
        yield made


def rays(record: SceneRecord) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Origin (3,) and directions (H, W, 3) in the world of each pixel's ray; a direction's depth is 1."""
    k, pose = record.camera, record.world_from_camera.transform
    columns, rows = np.meshgrid(np.arange(k.width), np.arange(k.height))
    directions = np.stack([(columns - k.cx) / k.fx, (rows - k.cy) / k.fy, np.ones(columns.shape)], axis=-1)
    return pose.translation, directions @ pose.rotation.T


def ground_hit(record: SceneRecord) -> NDArray[np.float64]:
    origin, directions = rays(record)
    return -origin[2] / directions[..., 2]


def box_hit(record: SceneRecord, size: tuple[float, ...]) -> NDArray[np.float64]:
    """(H, W) depth at which rays meet the box; infinite where they miss."""
    origin, directions = rays(record)
    box_from_world = record.world_from_object.transform.inverse()
    start, along = box_from_world.apply(origin), directions @ box_from_world.rotation.T
    with np.errstate(divide="ignore"):
        first, second = (-np.array(size) / 2 - start) / along, (np.array(size) / 2 - start) / along
    enter, leave = np.minimum(first, second).max(axis=-1), np.maximum(first, second).min(axis=-1)
    return np.where(enter <= leave, enter, np.inf)


def ball_hit(record: SceneRecord, radius: float) -> NDArray[np.float64]:
    origin, directions = rays(record)
    start = origin - record.world_from_object.transform.translation
    a, b, c = (directions**2).sum(axis=-1), directions @ start, start @ start - radius**2
    root = b * b - a * c
    return np.where(root >= 0, (-b - np.sqrt(np.maximum(root, 0))) / a, np.inf)


def test_the_ground_is_as_far_as_in_jacquard(renderer: SceneRenderer, still_life: StillLife) -> None:
    record, model = still_life(BOX, pose=Transform(np.eye(3), [0.0, 0.0, 0.015]))
    images = renderer.render(record, model, stereo=False)
    for row, depth in ((5, 1.5735), (512, 1.4999), (1018, 1.4329)):
        assert images.depth[row, 30] == pytest.approx(depth, abs=2e-4)
    np.testing.assert_allclose(images.depth[~images.mask], ground_hit(record)[~images.mask], atol=1e-6)
    assert images.depth.dtype == np.float32 and images.depth.shape == (1024, 1024)
    assert images.color.dtype == np.uint8 and images.color.shape == (1024, 1024, 3)
    assert images.mask.dtype == np.bool_ and images.stereo_depth is None


@pytest.mark.parametrize("name", RENDERERS)
@pytest.mark.parametrize("intrinsics", [None, AWRY], ids=["jacquard", "awry"])
def test_a_box_is_seen_where_and_as_far_as_it_is(
    name: str, intrinsics: Intrinsics | None, still_life: StillLife
) -> None:
    record, model = still_life(BOX, pose=TILTED, intrinsics=intrinsics)
    views = ObjectViews(name)
    views.show(surface_of(model), model.body_pose(TILTED), record.color)
    view = views.view(record.world_from_camera.transform, record.camera)
    views.close()
    expected = box_hit(record, BOX.size)
    seen = np.isfinite(view.depth)
    assert seen.sum() > 1000 and (seen != np.isfinite(expected)).sum() <= 2
    both = seen & np.isfinite(expected)
    np.testing.assert_allclose(view.depth[both], expected[both], atol=2e-5)


def test_a_sphere_is_round(renderer: SceneRenderer, still_life: StillLife) -> None:
    record, model = still_life(BALL, pose=Transform(np.eye(3), [0.02, 0.03, 0.05]))
    images = renderer.render(record, model, stereo=False)
    expected = ball_hit(record, 0.05)
    assert (images.mask != (expected < ground_hit(record))).sum() < 20  # of 14,000; it has 20,480 triangles
    error = np.abs(images.depth - expected)[images.mask]
    assert np.percentile(error, 99) < 1.5e-4 and np.median(error) < 3e-5


@pytest.mark.parametrize("lying", [True, False])
def test_a_plate_of_a_millimetre_is_in_the_mask(renderer: SceneRenderer, still_life: StillLife, lying: bool) -> None:
    size = (0.1, 0.08, 0.001) if lying else (0.1, 0.001, 0.08)
    record, model = still_life(Shape("box", size), pose=Transform(np.eye(3), [0.0, -0.25, size[2] / 2]))
    images = renderer.render(record, model, stereo=False)
    expected = box_hit(record, size) < ground_hit(record)
    assert expected.sum() > 100 and (images.mask != expected).sum() <= 2


def test_what_is_under_the_ground_is_not_seen(renderer: SceneRenderer, still_life: StillLife) -> None:
    record, model = still_life(BOX, pose=Transform(np.eye(3), [0.0, 0.0, -0.016]))
    images = renderer.render(record, model)
    assert not images.mask.any()
    np.testing.assert_allclose(images.depth, ground_hit(record), atol=1e-6)


def test_an_object_at_the_border_and_one_outside(renderer: SceneRenderer, still_life: StillLife) -> None:
    for x, seen in ((0.39, True), (0.8, False)):
        record, model = still_life(BOX, pose=Transform(np.eye(3), [x, 0.0, 0.015]), size=256)
        images = renderer.render(record, model)
        assert images.mask.any() == seen == images.mask[:, -1].any()
        assert np.isnan(images.stereo_depth).mean() < 0.02


def test_a_camera_that_sees_the_sky_is_refused(renderer: SceneRenderer, still_life: StillLife) -> None:
    level = Transform.from_rpy((-np.pi / 2, 0.0, 0.0), (0.0, -1.0, 0.5))
    record, model = still_life(BOX, size=64, camera_pose=level)
    with pytest.raises(SkyError, match="sees past the ground z = 0 in its 64x64 image"):
        renderer.render(record, model)
    buried, _ = still_life(BOX, size=64, camera_pose=Transform(level.rotation, np.array([0.0, 0.0, -0.5])))
    with pytest.raises(SkyError, match=r"height -0\.500 m"):
        renderer.render(buried, model)


def test_the_same_seed_gives_the_same_bytes_whatever_came_before(still_life: StillLife) -> None:
    record, model = still_life(BOX, pose=TILTED, size=256, seed=7)
    with SceneRenderer("tiny") as one:
        first = one.render(record, model)
    with SceneRenderer("tiny") as other:
        other.render(*still_life(BALL, pose=TILTED, size=128, seed=8))
        again = other.render(record, model)
        dry = other.render(record, model, stereo=False)
    for name in ("color", "depth", "mask", "stereo_depth"):
        np.testing.assert_array_equal(getattr(first, name), getattr(again, name))
    for name in ("color", "depth", "mask"):  # the pattern leaves no trace in the photograph
        np.testing.assert_array_equal(getattr(first, name), getattr(dry, name))


@pytest.mark.skipif(not egl_works(), reason="EGL does not work here")
def test_both_renderers_give_the_same_photograph_depth_and_mask(still_life: StillLife) -> None:
    record, model = still_life(BOX, pose=TILTED, size=256, seed=7)
    with SceneRenderer("tiny") as tiny, SceneRenderer("egl") as egl:
        first, second = tiny.render(record, model), egl.render(record, model)
        assert (tiny.name, egl.name) == ("tiny", "egl")
    for name in ("color", "depth", "mask"):
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))
    assert np.nanmedian(np.abs(first.stereo_depth - second.stereo_depth)) < 1e-5


def test_seeds_turn_the_ground_and_move_the_lamp(renderer: SceneRenderer, still_life: StillLife) -> None:
    grounds = []
    for seed in (1, 2):
        record, model = still_life(BOX, pose=TILTED, seed=seed, size=512)
        color = renderer.render(record, model, stereo=False).color
        corner = color[:150, :150].astype(float)
        assert 200 < corner.mean() < 252 and 2 < corner.std() < 15  # white, with a faint texture
        assert (corner[..., 0] == corner[..., 2]).all()
        grounds.append(corner[..., 0] - corner.mean())
    assert np.corrcoef(grounds[0].ravel(), grounds[1].ravel())[0, 1] < 0.3
    assert not np.allclose(Lighting.of(still_life(BOX, seed=1)[0]).direction, Lighting.of(record).direction)


def test_the_object_has_its_color_and_the_shadow_lies_away_from_the_lamp(
    renderer: SceneRenderer, still_life: StillLife
) -> None:
    tall, compared = Shape("box", (0.04, 0.04, 0.15)), 0
    for seed in range(3):
        record, model = still_life(tall, pose=Transform(np.eye(3), [0.0, 0.0, 0.075]), seed=seed, size=512)
        images = renderer.render(record, model, stereo=False)
        red, green, blue = images.color[images.mask].mean(axis=0)
        assert red / green == pytest.approx(8 / 3, rel=0.1) and green / blue == pytest.approx(3, rel=0.15)
        direction = Lighting.of(record).direction
        points = np.outer([-1.0, 1.0], direction * [0.1 / direction[2], 0.1 / direction[2], 0.0])  # m on the ground
        camera_from_world = record.world_from_camera.transform.inverse()
        (x0, y0), (x1, y1) = np.round(record.camera.project(camera_from_world.apply(points))).astype(int)
        if not images.mask[y0, x0] and not images.mask[y1, x1]:
            assert images.color[y0, x0, 0] < 0.75 * images.color[y1, x1, 0]
            compared += 1
    assert compared >= 2


def test_the_texture_has_no_seam_and_no_contrast_from_afar() -> None:
    texture = texture_pyramid()[0].astype(float)
    inside = np.abs(np.diff(texture, axis=1)).mean()
    assert np.abs(texture[:, 0] - texture[:, -1]).mean() < 1.5 * inside
    assert np.abs(texture[0] - texture[-1]).mean() < 1.5 * np.abs(np.diff(texture, axis=0)).mean()
    assert texture_pyramid()[-1].std() < texture.std()


def test_surfaces_are_whole_in_every_format(tmp_path: Path, still_life: StillLife) -> None:
    parts = (BOX, replace(BALL, xyz=(0.2, 0.0, 0.0)), Shape("cylinder", (0.02, 0.1), rpy=(0.4, 0.0, 0.0)))
    surface = surface_of(still_life(*parts)[1])
    np.testing.assert_allclose(np.linalg.norm(surface.normals, axis=1), 1.0, atol=1e-5)
    volume = sum(part.volume for part in parts)
    for suffix, content in (("stl", surface.stl()), ("obj", surface.obj())):
        path = tmp_path / f"surface.{suffix}"
        path.write_bytes(content)
        assert trimesh.load(path, force="mesh").volume == pytest.approx(volume, rel=2e-3)


def test_edges_stay_sharp_and_round_surfaces_smooth(still_life: StillLife) -> None:
    box, ball = (surface_of(still_life(shape)[1]) for shape in (BOX, BALL))
    assert np.allclose(np.abs(box.normals).max(axis=1), 1.0)  # along the axes
    np.testing.assert_allclose(ball.normals, ball.vertices / 0.05, atol=0.02)


def test_a_mesh_that_is_gone_and_an_object_that_is_invisible(still_life: StillLife, tmp_path: Path) -> None:
    gone = Shape("mesh", (1.0, 1.0, 1.0), file=str(tmp_path / "gone.obj"))
    with pytest.raises(MeshError, match=r"gone\.obj"):
        surface_of(replace(still_life(BOX)[1], shapes=(gone,)))
    with pytest.raises(ValueError, match="'thing' has no visible shape"):
        surface_of(still_life(replace(BOX, visible=False))[1])


def test_an_unknown_renderer_is_named() -> None:
    with pytest.raises(ValueError, match="no renderer 'blender'; there are: auto, egl, tiny, cycles"):
        SceneRenderer("blender")  # type: ignore[arg-type]


def test_closing_twice_does_no_harm() -> None:
    made = SceneRenderer("tiny")
    made.close()
    made.close()


@pytest.mark.slow
@pytest.mark.parametrize("name", RENDERERS)
def test_memory_stays_flat_over_hundreds_of_objects(name: str, still_life: StillLife) -> None:
    base = Path(pybullet_data.getDataPath(), "random_urdfs")
    record, _ = still_life(BOX, size=128)
    models = []
    for index in range(60):
        path = base / f"{index:03d}" / f"{index:03d}.obj"
        models.append(object_from_mesh(f"{index}", path, scale=0.015, mass=0.1))
    rng = np.random.default_rng(0)
    sizes = []
    with SceneRenderer(name) as made:
        for index in range(500):
            pose = Transform.from_rpy(rng.uniform(-3, 3, 3), (0.0, 0.0, 0.1))
            images = made.render(record.model_copy(update={"world_from_object": Pose.of(pose)}), models[index % 60])
            assert images.mask.any()
            if index % 100 == 99:
                gc.collect()
                pages = int(Path("/proc/self/statm").read_text().split()[1])
                sizes.append(pages * 4096 / 2**20)
    assert sizes[-1] - sizes[0] < 12, sizes  # MB over 400 scenes
