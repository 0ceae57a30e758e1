"""Where the camera stood, from what it saw."""

from __future__ import annotations

import numpy as np
import pytest

from grasp_learning.datasets.resection import ResectionError, planar_depth


def seen(kinect):
    rows, columns = np.nonzero(np.isfinite(kinect.depth))
    points = kinect.points[rows, columns]
    return points, np.column_stack([columns, rows]).astype(float), kinect.depth[rows, columns]


def test_depth_of_a_table_with_an_object(kinect) -> None:
    points, pixels, depth = seen(kinect)
    found = planar_depth(points, pixels)
    np.testing.assert_allclose(found, depth, rtol=1e-9)


def test_numbers_of_seven_digits_are_enough(kinect) -> None:
    points, pixels, depth = seen(kinect)
    rounded = np.array([[float(f"{value:.7g}") for value in point] for point in points[::7]])
    assert np.abs(planar_depth(rounded, pixels[::7]) - depth[::7]).max() < 0.1  # mm, of 1.3 m


def test_points_in_the_cameras_own_frame() -> None:
    rng = np.random.default_rng(0)
    points = rng.uniform((-0.3, -0.2, 0.8), (0.3, 0.2, 1.2), (400, 3))
    pixels = points[:, :2] / points[:, 2:] * 525 + (319.5, 239.5)
    np.testing.assert_allclose(planar_depth(points, pixels), points[:, 2], rtol=1e-9)


def test_a_bare_plane_tells_nothing() -> None:
    rng = np.random.default_rng(0)
    points = np.column_stack([rng.uniform(-0.3, 0.3, (400, 2)), np.ones(400)])
    pixels = points[:, :2] * 525 + (319.5, 239.5)
    with pytest.raises(ResectionError, match="lie in a plane"):
        planar_depth(points, pixels)


def test_pixels_that_are_of_no_pinhole_camera() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(ResectionError):
        planar_depth(rng.uniform(0, 1, (400, 3)), rng.uniform(0, 640, (400, 2)))


def test_a_bent_image_is_not_taken_for_a_pinhole_image() -> None:
    rng = np.random.default_rng(0)
    points = rng.uniform((-0.3, -0.2, 0.8), (0.3, 0.2, 1.2), (400, 3))
    rays = points[:, :2] / points[:, 2:]
    pixels = rays * (1 - 0.5 * (rays**2).sum(axis=1, keepdims=True)) * 525 + (319.5, 239.5)
    with pytest.raises(ResectionError, match=r"px away from their pixels|do not fit one camera"):
        planar_depth(points, pixels)


def test_too_few_points() -> None:
    with pytest.raises(ResectionError, match="5 points are too few"):
        planar_depth(np.zeros((5, 3)), np.zeros((5, 2)))
