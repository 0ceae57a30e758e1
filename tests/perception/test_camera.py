import numpy as np
import pytest

from grasp_perception.camera import CameraIntrinsics

CAMERA = CameraIntrinsics(fx=600.0, fy=610.0, cx=320.0, cy=240.0, width=640, height=480)


def test_projection_of_known_points():
    pixels = CAMERA.project([[0.0, 0.0, 1.0], [0.1, -0.2, 2.0]])
    np.testing.assert_allclose(pixels, [[320.0, 240.0], [350.0, 179.0]])


def test_points_behind_the_camera_have_no_pixel():
    assert np.isnan(CAMERA.project([[0.0, 0.0, 0.0], [0.1, 0.1, -1.0]])).all()


def test_deprojection_is_the_inverse():
    points = np.random.default_rng(0).uniform([-1, -1, 0.2], [1, 1, 3], (4, 7, 3))
    np.testing.assert_allclose(CAMERA.deproject(CAMERA.project(points), points[..., 2]), points, atol=1e-12)
    assert CAMERA.deproject((320.0, 240.0), 0.5).shape == (3,)


def test_a_whole_image_is_each_of_its_pixels():
    depth = np.random.default_rng(0).uniform(0.3, 1.0, (480, 640)).astype(np.float32)
    depth[7, 9] = np.nan
    points = CAMERA.deproject_image(depth)
    assert points.shape == (480, 640, 3)
    for row, column in ((0, 0), (100, 250), (479, 639)):
        np.testing.assert_allclose(points[row, column], CAMERA.deproject((column, row), depth[row, column]), rtol=1e-6)
    assert np.isnan(points[7, 9]).all()


def test_a_depth_image_of_another_size():
    with pytest.raises(ValueError, match="320x240, the intrinsics are of a 640x480"):
        CAMERA.deproject_image(np.ones((240, 320), np.float32))


def test_crop_and_scale_see_the_same_point():
    point = np.array([0.1, -0.05, 0.8])
    np.testing.assert_allclose(CAMERA.crop(100, 50, 300, 200).project(point), CAMERA.project(point) - [100, 50])
    half = CAMERA.scale(320, 240)
    # Pixel centres are at integers: the left edge of the image is at -0.5 in both.
    np.testing.assert_allclose(half.project(point) + 0.5, (CAMERA.project(point) + 0.5) / 2)
    assert (half.width, half.height) == (320, 240)


def test_matrix():
    np.testing.assert_array_equal(CAMERA.matrix, [[600, 0, 320], [0, 610, 240], [0, 0, 1]])


@pytest.mark.parametrize(
    "change", [{"fx": 0.0}, {"fy": -1.0}, {"cx": float("nan")}, {"fx": float("inf")}, {"width": 0}, {"height": -3}]
)
def test_impossible_cameras(change):
    values = {"fx": 600.0, "fy": 600.0, "cx": 320.0, "cy": 240.0, "width": 640, "height": 480, **change}
    with pytest.raises(ValueError, match="must be positive"):
        CameraIntrinsics(**values)
