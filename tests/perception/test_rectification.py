import cv2
import numpy as np
import pytest

from grasp_perception.camera import CameraIntrinsics
from grasp_perception.rectification import Rectification, largest_displacement

CAMERA = CameraIntrinsics(fx=150.0, fy=150.0, cx=79.5, cy=59.5, width=160, height=120)


def test_no_distortion_moves_nothing():
    assert largest_displacement(CAMERA, "plumb_bob", [0.0] * 5) == 0
    assert largest_displacement(CAMERA, "", []) == 0


def test_displacement_of_radial_distortion():
    # At the corner the radius is r = hypot(79.5, 59.5) / 150, and k1 moves it by k1 r^3.
    radius = np.hypot(79.5, 59.5) / 150
    assert largest_displacement(CAMERA, "plumb_bob", [0.1, 0, 0, 0, 0]) == pytest.approx(150 * 0.1 * radius**3)


def test_a_lens_that_looks_farther_is_rectified_to_a_pinhole():
    point = np.array([0.2, 0.1, 0.7])
    distortion = np.array([-0.2, 0.05, 0.001, -0.002, 0.0])
    seen, _ = cv2.projectPoints(point[None], np.zeros(3), np.zeros(3), CAMERA.matrix, distortion)
    column, row = np.rint(seen.ravel()).astype(int)
    depth = np.full((120, 160), 0.9, np.float32)
    depth[row - 1 : row + 2, column - 1 : column + 2] = 0.7
    color = np.zeros((120, 160, 3), np.uint8)
    color[row - 1 : row + 2, column - 1 : column + 2] = (10, 200, 30)
    rectification = Rectification(CAMERA, "plumb_bob", distortion.tolist())
    x, y = np.rint(CAMERA.project(point)).astype(int)
    assert (x, y) != (column, row)
    assert rectification.depth(depth)[y, x] == np.float32(0.7)
    np.testing.assert_allclose(rectification.color(color)[y, x], (10, 200, 30), atol=1)


def test_depth_is_never_averaged_and_nan_outside():
    depth = np.full((120, 160), 0.9, np.float32)
    depth[:, 80:] = 0.5
    rectified = Rectification(CAMERA, "plumb_bob", [0.3, 0.0, 0.0, 0.0, 0.0]).depth(depth)
    assert set(np.unique(rectified[np.isfinite(rectified)])) == {np.float32(0.9), np.float32(0.5)}
    assert np.isnan(rectified[0, 0]), "a pincushion lens does not see the pinhole's corner"


def test_fisheye():
    assert largest_displacement(CAMERA, "equidistant", [0.0] * 4) > 5, "an ideal fisheye is no pinhole"
    assert np.isfinite(Rectification(CAMERA, "equidistant", [0.0] * 4).depth(np.ones((120, 160), np.float32))).all()


@pytest.mark.parametrize(
    ("model", "coefficients", "reason"),
    [
        ("thin_prism", [0.1], "not known"),
        ("plumb_bob", [0.1, 0.2], "coefficients"),
        ("plumb_bob", [np.nan] * 5, "coefficients"),
    ],
)
def test_unknown_models_are_refused(model, coefficients, reason):
    with pytest.raises(ValueError, match=reason):
        largest_displacement(CAMERA, model, coefficients)
    with pytest.raises(ValueError, match=reason):
        Rectification(CAMERA, model, coefficients)
