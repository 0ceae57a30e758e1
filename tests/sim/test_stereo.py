"""Depth from stereo: the cameras' geometry, the pattern's light, the errors, and what stays invalid."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from pydantic import ValidationError

from grasp_perception.camera import CameraIntrinsics
from grasp_perception.transform import Transform
from grasp_sim.dataset.images import SceneImages, SceneRenderer, stereo_rig
from grasp_sim.dataset.pattern import DARK, light, random_dots
from grasp_sim.dataset.scene import SceneRecord
from grasp_sim.dataset.stereo import StereoRig, StereoSettings, stereo_depth
from grasp_sim.objects.model import ObjectModel
from grasp_sim.physics.urdf import Shape

StillLife = Callable[..., tuple[SceneRecord, ObjectModel]]
CAMERA = CameraIntrinsics(1000.0, 1000.0, 159.5, 119.5, 320, 240)
BOX = Shape("box", (0.2, 0.15, 0.08))
ON_GROUND = Transform.from_rpy((0.0, 0.0, 0.5), (0.0, 0.0, 0.04))


def pictures(rig: StereoRig, depth: float) -> tuple[np.ndarray, np.ndarray]:
    """Both views of a wall at a depth, with a pattern painted on it."""
    painted = random_dots(1000, CAMERA.height).astype(np.float32)
    views = []
    for camera, offset in ((rig.left, 0.0), (rig.right, rig.baseline)):
        x = (np.arange(camera.width) - camera.cx) / camera.fx * depth + offset  # m along the wall
        columns = 1000.0 * x / depth + 500.0
        views.append(np.stack([np.interp(columns, np.arange(1000), row) for row in painted]).astype(np.uint8))
    return views[0], views[1]


@pytest.mark.parametrize("depth", [0.9, 0.953, 1.2])
def test_a_wall_is_measured_to_a_millimetre(depth: float) -> None:
    settings = StereoSettings()
    rig = StereoRig.for_range(CAMERA, settings, 0.9, 1.2)
    measured = stereo_depth(*pictures(rig, depth), rig, settings)
    assert measured.shape == (240, 320) and measured.dtype == np.float32
    assert np.isnan(measured).mean() < 0.001  # up to the image's borders
    assert np.nanmedian(np.abs(measured - depth)) < 1e-3


def test_refinement_makes_it_finer() -> None:
    errors = []
    for steps in (0, 1):
        settings = StereoSettings(refinements=steps)
        rig = StereoRig.for_range(CAMERA, settings, 0.9, 1.2)
        errors.append(np.nanmedian(np.abs(stereo_depth(*pictures(rig, 0.953), rig, settings) - 0.953)))
    assert errors[1] < 0.6 * errors[0]


def test_only_the_range_of_the_scene_is_searched() -> None:
    rig = StereoRig.for_range(CAMERA, StereoSettings(baseline=0.08), 0.95, 1.05)
    assert rig.disparities == 16  # 84.2 to 76.2 px, and two at either end
    assert rig.shift == 74 and rig.right.cx - rig.left.cx == 74
    assert rig.left.cx - CAMERA.cx == rig.margin == 16 + 7
    assert (rig.left.width, rig.left.height) == (rig.right.width, rig.right.height) == (320 + 23 + 7, 240)
    np.testing.assert_allclose(rig.right_pose(Transform.identity()).translation, [0.08, 0.0, 0.0])
    assert StereoRig.for_range(CAMERA, StereoSettings(baseline=0.08), 0.5, 1.05).disparities == 96


def test_the_projector_reaches_everything_that_a_camera_sees() -> None:
    for offset in (-0.05, 0.0, 0.04, 0.2):
        rig = StereoRig.for_range(CAMERA, StereoSettings(projector=offset), 0.7, 1.2)
        for camera, place in ((rig.left, 0.0), (rig.right, rig.baseline)):
            for depth in (0.7, 1.2):
                for column in (0, camera.width - 1):
                    x = (column - camera.cx) / camera.fx * depth + place - offset
                    assert -0.5 <= rig.projector.fx * x / depth + rig.projector.cx <= rig.projector.width


def test_what_the_projector_does_not_reach_is_dark() -> None:
    depth, brightness = np.full((4, 6), 1.0, np.float32), np.full((4, 6), 0.8, np.float32)
    pattern = np.full((4, 10), 255, np.uint8)
    columns = np.broadcast_to(np.arange(6, dtype=np.float32) + 2, (4, 6)).copy()
    np.testing.assert_allclose(light(depth, brightness, pattern, columns, None), 0.8)
    blocker = np.full((4, 10), np.inf, np.float32)
    blocker[:, 4] = 0.9
    lit = light(depth, brightness, pattern, columns, blocker)
    np.testing.assert_allclose(lit[:, 2], 0.8 * DARK, rtol=1e-6)
    np.testing.assert_allclose(lit[:, [0, 1, 3, 4, 5]], 0.8)


@pytest.fixture(scope="module")
def scene(still_life: StillLife) -> SceneImages:
    with SceneRenderer("tiny") as renderer:
        return renderer.render(*still_life(BOX, pose=ON_GROUND))


def test_jacquards_ground_and_an_object_are_measured(scene: SceneImages) -> None:
    assert scene.stereo_depth is not None and scene.stereo_depth.dtype == np.float32
    error = np.abs(scene.stereo_depth - scene.depth)
    assert np.nanmedian(error[~scene.mask]) < 7e-4 and np.nanpercentile(error[~scene.mask], 95) < 2.5e-3
    assert np.nanmedian(error[scene.mask]) < 1.5e-3
    assert abs(np.nanmedian(scene.stereo_depth - scene.depth)) < 1e-4  # no bias


def test_about_as_much_is_invalid_as_in_jacquard(scene: SceneImages) -> None:
    assert scene.stereo_depth is not None
    invalid = np.isnan(scene.stereo_depth)
    assert 0.0005 < invalid.mean() < 0.01
    rows, columns = np.nonzero(invalid)
    seen = np.nonzero(scene.mask)
    middle = seen[1].mean()
    assert (columns < middle).mean() > 0.6  # the right camera does not see the ground left of the object
    assert not invalid[~scene.mask & (np.abs(np.arange(1024) - middle) > 300)].any()
    assert len(rows) > 0


def test_another_projector_and_noise(still_life: StillLife) -> None:
    record, model = still_life(BOX, pose=ON_GROUND, size=384)
    errors = []
    for settings in (StereoSettings(projector=0.0, noise=0.0), StereoSettings(noise=0.1)):
        with SceneRenderer("tiny", settings) as renderer:
            images = renderer.render(record, model)
        assert images.stereo_depth is not None
        errors.append(np.nanmedian(np.abs(images.stereo_depth - images.depth)))
    assert errors[0] < 0.7 * errors[1]


def test_the_rig_of_a_scene_covers_ground_and_object(still_life: StillLife) -> None:
    settings = StereoSettings()
    flat = stereo_rig(*still_life(BOX, pose=ON_GROUND), settings)
    tall = stereo_rig(*still_life(Shape("box", (0.05, 0.05, 0.5)), pose=Transform(np.eye(3), [0, 0, 0.25])), settings)
    assert flat.shift == tall.shift == int(1974 * 0.08 / 1.5741) - 2
    assert flat.disparities == 32 and tall.disparities > 48


@pytest.mark.parametrize("values", [{"block": 4}, {"baseline": 0.0}, {"noise": -0.1}, {"uniqueness": 101}, {"size": 3}])
def test_wrong_settings_are_refused(values: dict[str, float]) -> None:
    with pytest.raises(ValidationError, match=next(iter(values))):
        StereoSettings.model_validate(values)


def test_a_wrong_range_is_refused() -> None:
    with pytest.raises(ValueError, match=r"positive and ordered, got 1\.2 to 0\.9 m"):
        StereoRig.for_range(CAMERA, StereoSettings(), 1.2, 0.9)
