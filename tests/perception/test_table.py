import numpy as np
import pytest

from grasp_perception.frame import RGBDFrame
from grasp_perception.table import NoTableError, TablePlane, fit_table


def rng(seed=0):
    return np.random.default_rng(seed)


@pytest.mark.parametrize("tilt", [0.0, 12.0, 40.0])
def test_table_below_a_leaning_camera(table_depth, intrinsics, tilt):
    depth = table_depth(distance=0.65, tilt=tilt)
    table = fit_table(intrinsics.deproject_image(depth), rng())
    angle = np.radians(tilt)
    np.testing.assert_allclose(table.normal, [0, -np.sin(angle), -np.cos(angle)], atol=2e-3)
    assert np.linalg.norm(table.normal) == pytest.approx(1)
    assert table.offset == pytest.approx(0.65, abs=5e-4)
    assert np.degrees(table.tilt) == pytest.approx(tilt, abs=0.2)
    assert table.residual < 1e-3
    assert table.share == pytest.approx(1 - 600 / 19200, abs=0.02)


def test_heights(table_depth, intrinsics):
    points = intrinsics.deproject_image(table_depth(box_height=0.05, noise=0.0))
    points[0, 0] = np.nan
    height = fit_table(points, rng()).height(points)
    assert height.shape == (120, 160)
    assert np.isnan(height[0, 0])
    assert height[60, 85] == pytest.approx(0.05, abs=1e-4)
    assert height[10, 10] == pytest.approx(0.0, abs=1e-4)


@pytest.mark.parametrize("tilt", [0.0, 40.0])
def test_the_depth_of_an_empty_table(table_depth, intrinsics, tilt):
    depth = table_depth(distance=0.65, tilt=tilt, noise=0.0, box_height=0.05)
    empty = fit_table(intrinsics.deproject_image(depth), rng()).depth_image(intrinsics)
    assert empty.shape == depth.shape and empty.dtype == np.float32
    higher = empty - depth
    assert np.nanmedian(np.abs(higher)) < 1e-4 and 0.04 < np.nanmax(higher) < 0.07
    level = TablePlane(np.array([0.0, -1.0, 0.0]), 0.5, 1.0, 0.0).depth_image(intrinsics)  # seen from its side
    assert np.isinf(level[:50]).all() and np.isfinite(level[70:]).all()


def test_a_frame_does_too(table_depth, intrinsics):
    frame = RGBDFrame(np.zeros((120, 160, 3), np.uint8), table_depth(), intrinsics)
    assert fit_table(frame, rng()).offset == pytest.approx(0.7, abs=5e-4)


def test_invalid_points_and_outliers(table_depth, intrinsics):
    depth = table_depth()
    depth[:50] = np.nan
    depth[50:75] = rng(1).uniform(0.3, 0.6, (25, 160))
    assert fit_table(intrinsics.deproject_image(depth), rng()).offset == pytest.approx(0.7, abs=1e-3)


def test_same_seed_same_plane(table_depth, intrinsics):
    points = intrinsics.deproject_image(table_depth())
    first, second = fit_table(points, rng(3)), fit_table(points, rng(3))
    np.testing.assert_array_equal(first.normal, second.normal)
    assert first.offset == second.offset


def test_no_plane():
    with pytest.raises(NoTableError, match="no plane stands out"):
        fit_table(rng().uniform(-1, 1, (5000, 3)), rng())


def test_too_few_points(intrinsics):
    depth = np.full((120, 160), np.nan, np.float32)
    depth[:7, :7] = 0.5
    with pytest.raises(NoTableError, match="50 valid points, got 49"):
        fit_table(intrinsics.deproject_image(depth), rng())


def test_points_on_a_line():
    with pytest.raises(NoTableError, match="line"):
        fit_table(np.linspace(0, 1, 100)[:, None] * np.ones(3), rng())


def test_wrong_shape():
    with pytest.raises(ValueError, match=r"\(\.\.\., 3\)"):
        fit_table(np.zeros((100, 2)), rng())
