"""The simulated camera: intrinsics, depth, and that both renderers see the same."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from grasp_perception.extrinsics import CameraMount
from grasp_perception.transform import Transform
from grasp_sim.physics.sources import Source
from grasp_sim.physics.urdf import Link, Robot, Shape
from grasp_sim.physics.world import World
from grasp_sim.rendering.camera import SimulatedCamera
from grasp_sim.rendering.renderer import TEXTURE_SIZE, egl_works, make_renderer

RENDERERS = ["tiny", pytest.param("egl", marks=pytest.mark.skipif(not egl_works(), reason="EGL does not work here"))]
TOP = 0.04
"""Height of the box, m."""


def box(name: str, size: tuple[float, float, float], color: tuple[float, float, float]) -> Source:
    return Source.from_robot(Robot(name, (Link(name, 1.0, (Shape("box", size, color=color),)),), ()))


def a_world() -> World:
    world = World()
    world.add("table", box("table", (0.3, 0.5, 0.04), (1, 1, 1)), Transform(np.eye(3), [0.23, 0.0, -0.02]), fixed=True)
    world.add("box", box("box", (0.1, 0.06, TOP), (1, 0, 0)), Transform(np.eye(3), [0.25, 0.05, TOP / 2]), fixed=True)
    return world


def off_centre(mount: CameraMount) -> CameraMount:
    intrinsics = mount.intrinsics.model_copy(update={"fx": 610.0, "fy": 600.0, "cx": 300.25, "cy": 260.75})
    return mount.model_copy(update={"intrinsics": intrinsics})


@pytest.mark.parametrize("renderer", RENDERERS)
def test_corners_and_depths_are_where_the_model_says(mount: CameraMount, renderer: str) -> None:
    with a_world() as world:
        world.step(3)
        camera = SimulatedCamera(world, off_centre(mount), renderer=renderer)
        assert camera.renderer == renderer
        frame = camera.capture()
        corners = np.array([[0.25 + x * 0.05, 0.05 + y * 0.03, TOP] for x in (-1, 1) for y in (-1, 1)])
        expected = frame.intrinsics.project(camera.base_from_camera.inverse().apply(corners))
        rows, columns = np.nonzero(frame.depth < 0.62 - TOP + 0.005)
        # Pixel centres lie inside the outline: half a pixel between them and the edge on average.
        np.testing.assert_allclose([columns.min(), rows.min()], expected.min(axis=0), atol=1.0)
        np.testing.assert_allclose([columns.max(), rows.max()], expected.max(axis=0), atol=1.0)
        middle = np.round(expected.mean(axis=0)).astype(int)
        assert frame.depth[middle[1], middle[0]] == pytest.approx(0.62 - TOP, abs=1e-3)
        assert frame.color[middle[1], middle[0], 0] > 2 * frame.color[middle[1], middle[0], 1]
        beside = frame.intrinsics.project(camera.base_from_camera.inverse().apply([0.15, -0.1, 0.0])).astype(int)
        assert frame.depth[beside[1], beside[0]] == pytest.approx(0.62, abs=1e-3)
        assert np.isnan(frame.depth[0, 0])  # past the edge of the table there is nothing
        assert frame.stamp == world.time and frame.frame_id == "camera_color_optical_frame"
        camera.close()


@pytest.mark.skipif(not egl_works(), reason="EGL does not work here")
def test_both_renderers_agree(mount: CameraMount) -> None:
    with a_world() as world:
        depths = []
        for renderer in ("tiny", "egl"):
            camera = SimulatedCamera(world, off_centre(mount), renderer=renderer)
            depths.append(camera.capture().depth)
            camera.close()
    difference = np.abs(depths[0] - depths[1])
    unlike = (difference > 1e-3) | (np.isnan(depths[0]) != np.isnan(depths[1]))
    assert unlike.mean() < 0.01  # pixels on edges


@pytest.mark.skipif(not egl_works(), reason="EGL does not work here")
def test_a_texture_lies_on_the_table_wherever_it_is_seen_from(mount: CameraMount, tmp_path: Path) -> None:
    edge = 0.23  # m: black nearer to the base, white beyond
    picture = np.zeros((64, 512, 3), dtype=np.uint8)
    picture[:, round((edge / TEXTURE_SIZE + 0.5) * 512) :] = 255
    cv2.imwrite(str(tmp_path / "halves.png"), picture)
    table = replace(box("table", (0.3, 0.5, 0.04), (1, 1, 1)), texture=tmp_path / "halves.png")
    with World() as world:
        world.add("table", table, Transform(np.eye(3), [edge, 0.0, -0.02]), fixed=True)
        camera = SimulatedCamera(world, mount, renderer="egl")
        for shift in (0.0, 0.04):
            seen_from = Transform(np.eye(3), [shift, shift, 0.0]) @ camera.base_from_camera
            color, _ = camera.view(seen_from, camera.intrinsics)
            points = seen_from.inverse().apply([[edge - 0.02, 0.0, 0.0], [edge + 0.02, 0.0, 0.0]])
            columns, rows = np.rint(camera.intrinsics.project(points)).astype(int).T
            near, far = color[rows, columns, 0]
            assert near < 5 and far > 150
        camera.close()


@pytest.mark.parametrize("renderer", RENDERERS)
def test_bodies_come_move_and_go_in_the_picture(mount: CameraMount, renderer: str) -> None:
    with a_world() as world:
        camera = SimulatedCamera(world, mount, renderer=renderer)

        def seen() -> int:
            return int(np.nansum(camera.capture().depth < 0.62 - TOP + 0.005))

        full = seen()
        other = world.add("other", box("other", (0.03, 0.03, TOP), (0, 1, 0)), Transform(np.eye(3), [0.15, -0.1, 0.02]))
        assert seen() == pytest.approx(full * (1 + 0.0009 / 0.006), rel=0.05)
        other.pose = Transform(np.eye(3), [2.0, 0.0, 0.02])
        assert seen() == full
        world.remove(other)
        assert seen() == full
        camera.close()
        camera.close()


@pytest.mark.skipif(not egl_works(), reason="EGL does not work here")
def test_two_egl_cameras_and_another_thread(mount: CameraMount) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with a_world() as first, World() as second:
        cameras = [SimulatedCamera(world, mount, renderer="egl") for world in (first, second)]
        before = cameras[0].capture().depth
        assert np.isnan(cameras[1].capture().depth).all()
        with ThreadPoolExecutor(1) as thread:
            again = thread.submit(cameras[0].capture).result().depth
        np.testing.assert_array_equal(before, again)
        for camera in cameras:
            camera.close()


def test_an_unknown_renderer_is_refused() -> None:
    with World() as world, pytest.raises(ValueError, match="auto, egl, tiny"):
        make_renderer(world, "vulkan")  # type: ignore[arg-type]


def test_what_is_too_near_cannot_be_measured(mount: CameraMount) -> None:
    near = mount.model_copy(update={"least_depth": 0.60})
    with a_world() as world:
        camera = SimulatedCamera(world, near, renderer="tiny")
        depth = camera.capture().depth
        camera.close()
    assert np.isnan(depth).any() and np.nanmin(depth) >= 0.60


def test_a_camera_moves_with_what_carries_it(mount: CameraMount) -> None:
    places = [Transform(np.eye(3), np.array([x, 0.0, 0.0])) for x in (0.0, 0.02)]
    with a_world() as world:
        camera = SimulatedCamera(world, mount, base_from_parent=lambda: places[0], renderer="tiny")
        middles = []
        for _ in range(2):
            rows, _ = np.nonzero(camera.capture().depth < 0.62 - TOP + 0.005)
            middles.append(rows.mean())
            np.testing.assert_allclose(
                camera.base_from_camera.translation, places[0].translation + mount.parent_from_camera.translation
            )
            places.pop(0)
        camera.close()
    assert middles[1] - middles[0] == pytest.approx(0.02 * 615 / (0.62 - TOP), abs=0.5)
